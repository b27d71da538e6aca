package httpinput

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

const (
	// keepAlive is how long a connection may be idle: longer than the minute after
	// which load balancers close theirs, so that none of them sends into one that ends.
	keepAlive = 5 * time.Minute
	// headerBytes is the largest header of a request.
	headerBytes = 16 << 10
	// connectionsOfRequest is how many connections there may be for each request that
	// may wait: most clients keep theirs between requests.
	connectionsOfRequest = 2
	// farewell is how long answers may take that are under way when the input ends.
	farewell = 5 * time.Second
)

var errStopping = errors.New("the input stops")

// Input takes records by HTTP. It implements service.BatchInput.
type Input struct {
	conf    *config
	log     *service.Logger
	res     *service.Resources
	metrics *metrics
	limits  limits
	uploads uploads

	queue    chan *post
	underway atomic.Int64 // batches
	paused   atomic.Bool  // no request is taken
	closing  chan struct{}
	end      func() // closes it

	watched func() bool // ends what the last ReadBatch has begun

	mu     sync.Mutex
	server *server // nil when not connected
}

var _ service.BatchInput = (*Input)(nil)

// server is one that listens.
type server struct {
	http    *http.Server
	address net.Addr
	clients connections
	leave   func()     // the readers that share the memory
	failed  chan error // has room for one
}

// newInput makes an input. It does not listen before Connect.
func newInput(conf *config, res *service.Resources) *Input {
	in := &Input{
		conf: conf, log: res.Logger(), res: res, metrics: newMetrics(res.Metrics()),
		limits: limits{stream: res.StreamID(), requests: conf.requests, buffered: conf.buffered},
		queue:  make(chan *post, conf.requests), closing: make(chan struct{}),
	}
	in.end = sync.OnceFunc(func() { close(in.closing) })
	return in
}

// Connect begins to listen.
func (in *Input) Connect(ctx context.Context) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.server != nil {
		return nil
	}
	if in.conf.rateLimit != "" && !in.res.HasRateLimit(in.conf.rateLimit) {
		return fmt.Errorf("%s: there is no rate limit %q: write it below rate_limit_resources", fieldRateLimit, in.conf.rateLimit)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", in.conf.address)
	if err != nil {
		return in.notListening(err)
	}
	s := &server{address: listener.Addr(), leave: inflight.Read(in.limits.stream), failed: make(chan error, 1)}
	s.clients.most = connectionsOfRequest * in.conf.requests
	s.http = &http.Server{
		Handler: in, ReadTimeout: in.conf.read, IdleTimeout: keepAlive, MaxHeaderBytes: headerBytes, TLSConfig: in.conf.tls,
		ErrorLog: log.New(quietly{in.log}, "", 0), ConnState: s.clients.changed,
	}
	if in.conf.open() {
		in.log.Warnf("Everybody who reaches %s may send records: set %s, or listen at 127.0.0.1", in.conf.address, fieldAuth)
	}
	in.limits.learn()
	in.server = s
	go func() {
		if in.conf.tls != nil {
			s.failed <- s.http.ServeTLS(listener, "", "")
			return
		}
		s.failed <- s.http.Serve(listener)
	}()
	return nil
}

// notListening says why the input does not listen, and who may listen there already.
func (in *Input) notListening(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listening at %s, where another input of this process, the server of Benthos (http.address) or another process listens: "+
			"write another port as %s, or end the process that ss -ltnp shows: %w", in.conf.address, fieldAddress, err)
	}
	return fmt.Errorf("listening at %s: %w", in.conf.address, err)
}

// quietly is a log of what clients do wrong.
type quietly struct{ log *service.Logger }

func (q quietly) Write(line []byte) (int, error) {
	q.log.Debugf("%s", line)
	return len(line), nil
}

// ReadBatch returns the records of requests that wait. Their acknowledgement answers
// them.
func (in *Input) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	in.mu.Lock()
	s := in.server
	in.mu.Unlock()
	if s == nil {
		return nil, nil, service.ErrNotConnected
	}
	in.watch(ctx)
	in.limits.learn()
	g := &gathering{}
	err := in.gather(ctx, s, g)
	if err == nil {
		err = ctx.Err() // who asks no more would lose the batch
	}
	if err != nil {
		in.settle(g, errStopping)
		return nil, nil, err
	}
	in.underway.Add(1)
	return g.batch(), func(_ context.Context, err error) error {
		in.underway.Add(-1)
		in.settle(g, err)
		return nil
	}, nil
}

// watch takes requests until ctx ends: the input is asked for no more then, and is not
// closed before everything is acknowledged.
func (in *Input) watch(ctx context.Context) {
	if in.watched != nil {
		in.watched()
	}
	if ctx.Err() == nil {
		in.paused.Store(false)
	}
	in.watched = context.AfterFunc(ctx, in.pause)
}

// pause answers what is not taken, what is still being sent, and what comes.
func (in *Input) pause() {
	in.paused.Store(true)
	in.uploads.cut()
	for {
		select {
		case p := <-in.queue:
			if p.leave() {
				in.limits.free(p.bytes)
				p.fate <- errStopping
			}
		default:
			return
		}
	}
}

// gather waits for a post, and adds those that wait, too. While there are many batches
// under way it waits for more of them.
func (in *Input) gather(ctx context.Context, s *server, g *gathering) error {
	for len(g.posts) == 0 {
		select {
		case p := <-in.queue:
			g.add(p)
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.failed:
			return in.lost(ctx, err)
		}
	}
	var enough <-chan time.Time
	if wait := linger(in.underway.Load(), in.limits.slots.Load()); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		enough = timer.C
	}
	for !g.full() {
		select {
		case p := <-in.queue:
			g.add(p)
			continue
		default:
		}
		if enough == nil {
			return nil
		}
		select {
		case p := <-in.queue:
			g.add(p)
		case <-enough:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

const (
	// longest is how long a batch waits for more when all slots are taken.
	longest = 200 * time.Millisecond
	// shortest is what is not worth a wait.
	shortest = time.Millisecond
)

// linger is how long a batch waits for more records. It is nothing while few batches
// are under way, and more the fewer slots are left, so that they do not run out.
func linger(underway, slots int64) time.Duration {
	part := float64(underway) / float64(max(slots, 1))
	wait := time.Duration(min(part*part, 1) * float64(longest))
	if wait < shortest {
		return 0
	}
	return wait
}

// settle answers the posts of a batch.
func (in *Input) settle(g *gathering, err error) {
	for _, p := range g.posts {
		in.limits.free(p.bytes)
	}
	g.settle(err)
}

// lost lets go of a server that does not listen any more.
func (in *Input) lost(ctx context.Context, err error) error {
	in.log.Errorf("Listening at %s, which begins anew: %v", in.conf.address, err)
	in.mu.Lock()
	defer in.mu.Unlock()
	if s := in.server; s != nil {
		in.server = nil
		s.close(ctx)
	}
	return service.ErrNotConnected
}

// Close answers all requests and stops listening.
func (in *Input) Close(ctx context.Context) error {
	in.mu.Lock()
	s := in.server
	in.server = nil
	in.mu.Unlock()
	in.pause() // whoever never asked for records has not ended a context either
	in.end()
	if s != nil {
		s.close(ctx)
	}
	return nil
}

// close waits for the answers that are under way, not for long.
func (s *server) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	s.clients.stop()
	_ = s.http.Shutdown(ctx)
	_ = s.http.Close() // of what does not end
	s.leave()
}
