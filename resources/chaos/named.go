package main

import (
	"context"
	"fmt"
	"time"
)

// named restarts processes that have a name in the group (instance_id): one of
// three, or all at the same moment, each time sooner than its session ends. So
// no partition moves, and since what was read when the signal came is written
// and committed, no record may be doubled at all.
func named(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	t := &slots{w: w, running: make([]*consumer, 3)}
	// The group finds itself before there is anything to read.
	err = t.start(ctx, 0, 1, 2)
	began := time.Now()
	var f *feed
	if err == nil {
		err = w.rest(ctx, len(t.running))
	}
	if err == nil {
		f = startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
		err = t.restart(ctx, began)
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	w.note("%d restarts of one process and %d of all three at once under load, the slowest stop in %s", t.single, t.whole, t.slowest.Round(10*time.Millisecond))
	return w.finish(ctx, f, &weather{}, began, t.running...)
}

// slots are processes that follow each other under the same names.
type slots struct {
	w             *world
	running       []*consumer
	started       int
	single, whole int
	slowest       time.Duration
}

func (t *slots) start(ctx context.Context, which ...int) error {
	for _, i := range which {
		c, err := t.w.start(ctx, fmt.Sprintf("member-%03d", t.started), settings{
			instance: fmt.Sprintf("slot-%d", i), session: 30 * time.Second,
		})
		if err != nil {
			return err
		}
		t.started++
		t.running[i] = c
	}
	return nil
}

func (t *slots) restart(ctx context.Context, began time.Time) error {
	for round := 0; time.Since(began) < t.w.duration; round++ {
		pause(ctx, t.w.dice.between(500*time.Millisecond, 2*time.Second))
		var err error
		if round%3 == 2 {
			err = t.all(ctx)
			t.whole++
		} else {
			err = t.one(ctx, t.w.dice.upTo(len(t.running)))
			t.single++
		}
		if err != nil {
			return err
		}
		if err := t.w.settled(ctx, len(t.running)); err != nil {
			return err
		}
	}
	return nil
}

func (t *slots) one(ctx context.Context, i int) error {
	took, err := t.running[i].terminate()
	t.slowest = max(t.slowest, took)
	if err != nil {
		return err
	}
	pause(ctx, t.w.dice.between(0, time.Second))
	return t.start(ctx, i)
}

func (t *slots) all(ctx context.Context) error {
	took, err := terminateAll(t.running)
	t.slowest = max(t.slowest, took)
	if err != nil {
		return err
	}
	return t.start(ctx, 0, 1, 2)
}
