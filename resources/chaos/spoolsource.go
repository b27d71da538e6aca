package main

import (
	"context"
	"sync"
	"time"
)

// clients have records sent by HTTP until the function that is returned is called,
// which waits until each post is answered and the process has ended.
func (s *spooling) clients(ctx context.Context) (end func() error, err error) {
	if s.posters, err = s.newPosters(ctx); err != nil {
		return nil, err
	}
	s.posters.renumber, s.posters.rest = true, 100*time.Millisecond
	s.set = settings{address: s.posters.address, input: sidecarInput, processors: sidecarLines, inFlight: "auto"}
	enough := s.posters.begin(ctx)
	return func() error {
		enough()
		s.note("%s", s.posters)
		s.posters.now(s.last.name, "SIGTERM")
		_, err := s.terminated(s.last)
		return err
	}, nil
}

// begin has the clients send until the function that is returned is called, which
// waits for their answers.
func (p *posters) begin(ctx context.Context) (enough func()) {
	sending, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() { p.send(ctx, sending) })
	}
	return func() {
		stop()
		all.Wait()
	}
}

// taken is how many records were answered with 200.
func (p *posters) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waited) * linesEach
}

// consumers have records read from Kafka. The function that is returned waits until
// all that was produced is committed, and ends the process.
func (s *spooling) consumers(ctx context.Context) (end func() error, err error) {
	feed := startFeed(ctx, s.kafka, load{topic: topic, partitions: partitions, rate: s.rate, size: 300}, s.ledger)
	s.set = settings{session: time.Second, instance: "one", inFlight: "auto"}
	return func() error {
		if err := feed.end(); err != nil {
			return err
		}
		if err := s.caughtUp(ctx, 90*time.Second, s.last); err != nil {
			return err
		}
		_, err := s.terminated(s.last)
		return err
	}, nil
}
