package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/nettest"
)

// partition cuts the network between three processes, their broker and S3, for
// longer than a session lasts, in the middle of uploads and of rebalances. A
// process that lost its session goes on to store what it had read, and must not
// commit it when the network is back. One that lost S3 alone doubles nothing.
func partition(ctx context.Context, o options) (bool, error) {
	o.cables = true
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	t := &team{w: w, session: partitionSession}
	cuts := moments{}
	if err = t.join(ctx, 3); err == nil {
		err = t.cutAbout(ctx, began, cuts)
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	w.note("%d cuts: %s", cuts.total(), cuts)
	return w.finish(ctx, feed, &weather{}, began, t.members...)
}

// partitionSession is short, so that a cut that outlasts it is short too.
const partitionSession = 3 * time.Second

// outlast is how long the network is gone where a session is to be lost by it.
func (t *team) outlast() time.Duration {
	return t.w.dice.between(partitionSession+time.Second, 2*partitionSession+time.Second)
}

// cut is one way to lose the network.
type cut struct {
	name string
	make func(context.Context, *consumer) error
}

// cutAbout cuts one thing after the other until time is up. It begins with each
// kind once, in a random order, as far as there is time.
func (t *team) cutAbout(ctx context.Context, began time.Time, cuts moments) error {
	kinds := []cut{
		{"broker lost by one", t.fromBroker(nettest.Lost)},
		{"S3 lost during a rebalance", t.fromS3Rebalancing},
		{"broker refuses one", t.fromBroker(nettest.Refused)},
		{"S3 lost by one", t.fromS3(nettest.Lost)},
		{"answers of the broker lost by one", t.answersOfBroker},
		{"both lost by one", t.fromBoth},
		{"S3 refuses one", t.fromS3(nettest.Refused)},
		{"broker lost by all", t.allFromBroker},
		{"answers of S3 lost by one", t.fromS3(nettest.Mute)},
	}
	first := t.w.dice.upTo(len(kinds))
	if t.w.cut != "" {
		if first = slices.IndexFunc(kinds, func(k cut) bool { return k.name == t.w.cut }); first < 0 {
			return fmt.Errorf("there is no cut %q", t.w.cut)
		}
		kinds = kinds[first : first+1]
		first = 0
	}
	for n := 0; time.Since(began) < t.w.duration; n++ {
		pause(ctx, t.w.dice.between(500*time.Millisecond, 2*time.Second))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		k := kinds[(first+n)%len(kinds)]
		victim := t.members[t.w.dice.upTo(len(t.members))]
		if err := k.make(ctx, victim); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		cuts[k.name]++
	}
	return nil
}

// fromBroker cuts one process from the broker until the others have its
// partitions, and lets it come back.
func (t *team) fromBroker(m nettest.Mode) func(context.Context, *consumer) error {
	return func(ctx context.Context, victim *consumer) error {
		return t.leaveAndReturn(ctx, "cut from the broker",
			func() { t.w.wire.Set(victim.name, m) },
			func() { t.w.wire.Set(victim.name, nettest.Open) })
	}
}

// fromBoth does so while the process cannot store anything either.
func (t *team) fromBoth(ctx context.Context, victim *consumer) error {
	return t.leaveAndReturn(ctx, "cut from everything",
		func() {
			victim.link.SetAll(nettest.Lost)
			t.w.wire.Set(victim.name, nettest.Lost)
		},
		func() {
			t.w.wire.Set(victim.name, nettest.Open)
			victim.link.SetAll(nettest.Open)
		})
}

// leaveAndReturn cuts a member off until it is no member any more, and mends
// what was cut. There are two rebalances, at each of which a record can be
// doubled.
func (t *team) leaveAndReturn(ctx context.Context, what string, cut, mend func()) error {
	err := t.change(ctx, what, t.names(), len(t.members)-1, 1, func() error {
		cut()
		pause(ctx, t.outlast())
		return nil
	})
	if err != nil {
		return err
	}
	return t.change(ctx, "back after that", t.names(), len(t.members), 1, func() error {
		mend()
		return nil
	})
}

// answersOfBroker lets requests through, commits among them, and loses what
// the broker says to them. Whether the session survives is up to the client.
func (t *team) answersOfBroker(ctx context.Context, victim *consumer) error {
	return t.allReturn(ctx, "without answers of the broker", func() {
		t.w.wire.Set(victim.name, nettest.Mute)
	})
}

// allFromBroker leaves the group without members.
func (t *team) allFromBroker(ctx context.Context, _ *consumer) error {
	return t.allReturn(ctx, "all cut from the broker", func() { t.w.wire.SetAll(nettest.Lost) })
}

// allReturn cuts, waits, mends, and waits until everybody is back. They come
// back one by one, and each of them may take partitions from the others.
func (t *team) allReturn(ctx context.Context, what string, cut func()) error {
	return t.change(ctx, what, t.names(), len(t.members), len(t.members), func() error {
		cut()
		pause(ctx, t.outlast())
		t.w.wire.SetAll(nettest.Open)
		pause(ctx, partitionSession) // a group that still looks whole may not be
		return nil
	})
}

// fromS3 cuts one process from S3. It keeps its partitions, so that there is no
// reason for a duplicate.
func (t *team) fromS3(m nettest.Mode) func(context.Context, *consumer) error {
	return func(ctx context.Context, victim *consumer) error {
		victim.link.SetAll(m)
		pause(ctx, t.outlast())
		victim.link.SetAll(nettest.Open)
		pause(ctx, time.Second)
		return nil
	}
}

// fromS3Rebalancing takes partitions from a process in the middle of its
// uploads: they hang while another member joins, and arrive after it.
func (t *team) fromS3Rebalancing(ctx context.Context, victim *consumer) error {
	victim.link.SetAll(nettest.Lost)
	defer victim.link.SetAll(nettest.Open)
	pause(ctx, t.w.dice.between(500*time.Millisecond, 1500*time.Millisecond))
	if err := t.join(ctx, 1); err != nil {
		return err
	}
	victim.link.SetAll(nettest.Open)
	pause(ctx, time.Second)
	return t.leave(ctx, len(t.members)-1)
}
