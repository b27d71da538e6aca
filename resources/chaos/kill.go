package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// kill ends the process with SIGKILL, again and again, at random moments and at
// the worst ones: in the middle of an upload, when the object is stored and the
// process does not know, when it commits. What it had not committed is read
// again by the next process; nothing else may be.
func kill(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	kinds := recoverable()
	if o.forbid {
		kinds = append(kinds, forbidding()...)
	}
	sky := newWeather(w.s3, w.dice.fork(), kinds, 3*time.Second)
	broken, repair := context.WithCancel(ctx)
	var storm sync.WaitGroup
	if !o.calm {
		storm.Go(func() { sky.run(broken) })
	}
	killed, err := w.killings(ctx, began)
	repair()
	storm.Wait()
	if err != nil {
		w.close(true)
		return false, err
	}
	w.note("%d kills: %s", killed.total(), killed)
	return w.finish(ctx, feed, sky, began)
}

// killings starts and kills until time is up, or there were enough.
func (w *world) killings(ctx context.Context, began time.Time) (moments, error) {
	seen := moments{}
	enough := func() bool {
		if w.kills > 0 {
			return seen.total() >= w.kills
		}
		return time.Since(began) >= w.duration
	}
	for n := 0; !enough(); n++ {
		name := fmt.Sprintf("run-%04d", n)
		since := w.secured()
		c, err := w.start(ctx, name, w.killSettings(n))
		if err != nil {
			return nil, err
		}
		seen[w.killAt(ctx, c)]++
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		b, err := w.snapshot(ctx, "a kill", name)
		if err != nil {
			return nil, err
		}
		w.reclaimed(c, since, b.ends)
	}
	return seen, nil
}

// killSettings makes most of the processes one static member of the group,
// which takes its partitions over at once, and some of them new members, which
// wait until the dead one is expelled.
func (w *world) killSettings(n int) settings {
	set := settings{session: time.Second}
	if n%16 < 12 {
		set.instance = "one"
	}
	return set
}

// moments counts kills by the moment.
type moments map[string]int

func (m moments) total() int {
	n := 0
	for _, c := range m {
		n += c
	}
	return n
}

func (m moments) String() string {
	w := weather{struck: m}
	return w.String()
}

// patience is how long a process may take to begin its work, or to come to the
// moment at which it is to be killed.
const patience = 10 * time.Second

// killAt chooses a moment, waits for it, kills the process and says when it
// was.
func (w *world) killAt(ctx context.Context, c *consumer) string {
	var once sync.Once
	die := func() { once.Do(c.kill) }
	defer die()
	skip := w.dice.upTo(8)
	put := func(moment string, do s3test.Action) string {
		fault := w.atPut(c, skip, do)
		defer fault.Remove()
		return reached(ctx, c, moment, patience)
	}
	switch w.dice.upTo(10) {
	case 0:
		pause(ctx, w.dice.between(0, 500*time.Millisecond))
		return "while starting"
	case 1, 2:
		return put("object stored, no answer", func(x *s3test.Exchange) { s3test.LoseResponse()(x); die() })
	case 3:
		n := int64(1 + w.dice.upTo(2000))
		return put("in the body", func(x *s3test.Exchange) { s3test.Reset(n)(x); die() })
	case 4:
		return put("object stored and answered", func(x *s3test.Exchange) { x.Next.ServeHTTP(x.W, x.R); go die() })
	case 5, 6:
		if w.kafka.Fake != nil {
			w.atCommit(skip/4, c, die)
			return reached(ctx, c, "at a commit", patience)
		}
	}
	if !w.awaitUpload(c) {
		return "before its first upload"
	}
	pause(ctx, w.dice.between(0, 2*time.Second))
	return "at work"
}

// reached waits until the process was killed at the moment that was meant.
func reached(ctx context.Context, c *consumer, moment string, limit time.Duration) string {
	select {
	case <-c.done:
		return moment
	case <-time.After(limit):
	case <-ctx.Done():
	}
	return "in vain waiting for: " + moment
}

// atPut acts on one upload of data by a process, after some others.
func (w *world) atPut(c *consumer, skip int, do s3test.Action) *s3test.Fault {
	own := func(r s3test.Request) bool { return r.Header.Get(runHeader) == c.name }
	return w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/date=", Match: own, Skip: skip, Times: 1, Do: do})
}

// atCommit acts when a commit of a process arrives, after some others, before
// it is carried out. In vain when the process is gone by then.
func (w *world) atCommit(skip int, c *consumer, do func()) {
	w.kafka.Fake.ControlKey(kmsg.OffsetCommit.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		if skip > 0 && !c.ended() {
			skip--
			return nil, nil, false // and stay
		}
		w.kafka.Fake.DropControl()
		do()
		return nil, nil, false
	})
}
