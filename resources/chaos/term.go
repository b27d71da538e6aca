package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// team is a number of processes in one consumer group that write to one prefix.
type team struct {
	w       *world
	members []*consumer
	started int
	slowest time.Duration
	// session is the session timeout; zero means 6 s.
	session time.Duration
}

// names lists the processes that run.
func (t *team) names() []string {
	var names []string
	for _, m := range t.members {
		names = append(names, m.name)
	}
	return names
}

// change lets do change the group, and notes a breach of the processes that
// stay: until the group is stable again, partitions may be taken from them with
// records that they have not acknowledged. Those that come or go are no part
// of it: they must acknowledge all that they wrote. A partition may be moved
// that many times, or as often as it was claimed where the input tells. Where
// partitions are let go cleanly a change is no reason for a copy.
func (t *team) change(ctx context.Context, what string, stay []string, size, times int, do func() error) error {
	if t.w.clean() {
		if err := do(); err != nil {
			return err
		}
		return t.w.rest(ctx, size)
	}
	if len(stay) == 0 {
		stay = []string{"nobody"}
	}
	b, err := t.w.snapshot(ctx, what, stay...)
	if err != nil {
		return err
	}
	b.most, b.abandoned = times, size == 0
	measured := t.w.measure(b)
	if err := do(); err != nil {
		return err
	}
	if err := t.w.rest(ctx, size); err != nil {
		return err
	}
	measured()
	b.ends, err = t.w.kafka.Ends(ctx, topic)
	return err
}

// join starts n more processes at once.
func (t *team) join(ctx context.Context, n int) error {
	stay := t.names()
	first := t.started
	if n > 1 || t.w.eager() {
		// They take partitions from each other as they arrive; and with eager
		// balancing one that came gives all up when another is late.
		for i := range n {
			stay = append(stay, fmt.Sprintf("member-%03d", first+i))
		}
	}
	return t.change(ctx, "a member joined", stay, len(t.members)+n, n, func() error {
		for range n {
			c, err := t.w.start(ctx, fmt.Sprintf("member-%03d", t.started), settings{session: or(t.session, 6*time.Second)})
			if err != nil {
				return err
			}
			t.started++
			t.members = append(t.members, c)
		}
		return nil
	})
}

// leave stops one process with SIGTERM.
func (t *team) leave(ctx context.Context, i int) error {
	c := t.members[i]
	t.members = slices.Delete(t.members, i, i+1)
	return t.change(ctx, "a member left", t.names(), len(t.members), 1, func() error {
		took, err := c.terminate()
		t.slowest = max(t.slowest, took)
		return err
	})
}

// term restarts three processes of one group one after the other under load,
// and adds partitions to the topic in the middle of it.
func term(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	t := &team{w: w}
	sky := newWeather(w.s3, w.dice.fork(), recoverable(), 3*time.Second)
	broken, repair := context.WithCancel(ctx)
	var storm sync.WaitGroup
	if w.storm {
		storm.Go(func() { sky.run(broken) })
	}
	err = t.roll(ctx, began, feed)
	repair()
	storm.Wait()
	if err != nil {
		w.close(true)
		return false, err
	}
	w.note("%d processes stopped with SIGTERM under load, the slowest in %s", t.started-len(t.members), t.slowest.Round(10*time.Millisecond))
	return w.finish(ctx, feed, sky, began, t.members...)
}

func (t *team) roll(ctx context.Context, began time.Time, f *feed) error {
	if err := t.join(ctx, 3); err != nil {
		return err
	}
	for round := 0; time.Since(began) < t.w.duration; round++ {
		pause(ctx, t.w.dice.between(500*time.Millisecond, 2*time.Second))
		if round == 1 {
			if err := t.grow(ctx, f); err != nil {
				return err
			}
		}
		if err := t.leave(ctx, t.w.dice.upTo(len(t.members))); err != nil {
			return err
		}
		pause(ctx, t.w.dice.between(0, time.Second))
		if err := t.join(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}

// grow adds partitions to the topic, which the members find out by themselves:
// the kafka input at the next rebalance (or after 10 minutes), the others soon.
func (t *team) grow(ctx context.Context, f *feed) error {
	const more = 3
	t.w.note("%d partitions were added under load", more)
	if t.w.eager() {
		if err := t.w.kafka.AddPartitions(ctx, topic, more); err != nil {
			return err
		}
		f.widen(partitions + more)
		return nil
	}
	return t.change(ctx, "partitions were added", t.names(), len(t.members), 1, func() error {
		if err := t.w.kafka.AddPartitions(ctx, topic, more); err != nil {
			return err
		}
		f.widen(partitions + more)
		pause(ctx, 6*time.Second) // metadata_max_age
		return nil
	})
}

// stopAll starts three processes, stops all of them at the same moment under
// load, and starts over. What was read when the signal came is written and
// committed, so that the next three read nothing again.
func stopAll(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	t := &team{w: w}
	stops := 0
	for ; err == nil && time.Since(began) < o.duration; stops++ {
		err = t.join(ctx, 3)
		if err == nil {
			pause(ctx, w.dice.between(500*time.Millisecond, 2*time.Second))
			err = t.stop(ctx)
		}
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	w.note("3 processes stopped at once %d times, the slowest in %s", stops, t.slowest.Round(10*time.Millisecond))
	return w.finish(ctx, feed, &weather{}, began)
}

// stop stops all members at once. With eager balancing the first one to be gone
// takes the partitions from those that are still at it: what they store after
// that they cannot commit any more.
func (t *team) stop(ctx context.Context) error {
	all, names := t.members, t.names()
	t.members = nil
	end := func() error {
		took, err := terminateAll(all)
		t.slowest = max(t.slowest, took)
		return err
	}
	if !t.w.eager() {
		return end()
	}
	return t.change(ctx, "others left as well", names, 0, len(all), end)
}
