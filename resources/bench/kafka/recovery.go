package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

const recoveryHeading = `
Three processes of one group under a steady load, with max_age: 2s and delivery: exactly_once; one of them is killed. Back is when each Kafka partition is committed further than before, level is when no more waits than before. Both begin at the kill, so that the session, which the group waits for it, is part of them.

| work | broker | records/s | session | back | level |
|---|---|--:|--:|--:|--:|`

const (
	recoverySession = 6 * time.Second
	recoveryRate    = 5_000 // records a second, unless another one is asked for
	// steady is how long the load lasts before the kill.
	steady = 15 * time.Second
	// recoveryLimit bounds the wait for what is measured.
	recoveryLimit = time.Minute
)

// recovery kills one of three processes, and measures until the others have caught
// up. It does so as often as there are runs.
func (b *bench) recovery(ctx context.Context, w works.KafkaWork) error {
	for range b.runs {
		if err := b.recover(ctx, w); err != nil {
			return fmt.Errorf("%s, when a process is killed: %w", w.Name, err)
		}
	}
	return nil
}

func (b *bench) recover(ctx context.Context, w works.KafkaWork) error {
	b.groups++
	topic := fmt.Sprintf("recovery-%s-%d", strings.ReplaceAll(w.ID, "+", "-"), b.groups)
	if err := errors.Join(b.kafka.CreateTopic(ctx, topic, works.KafkaParts), b.server.Reset(false)); err != nil {
		return err
	}
	run := works.KafkaRun{Seed: b.kafka.Seeds[0], Topic: topic, Group: fmt.Sprintf("bench-%d", b.groups)}
	var all []*consumer
	for range 3 {
		c, err := b.start(b.ours, func(r works.KafkaRun) string {
			return works.ExactKafkaConfig(w, r, recoverySession, "max_age: 2s")
		}, run, 1)
		if err != nil {
			return err
		}
		defer c.Kill()
		all = append(all, c)
	}
	if err := b.gathered(ctx, run.Group, len(all)); err != nil {
		return err
	}
	d := &drive{rate: recoveryRate}
	if b.rate > 0 {
		d.rate = b.rate * 1e3
	}
	produced := make(chan error, 1)
	load, stop := context.WithCancel(ctx)
	defer stop()
	go func() { produced <- b.produce(load, all[0], run, d, steady+recoveryLimit) }()
	before, most, err := b.steady(ctx, run)
	if err != nil {
		return err
	}
	all[2].Kill()
	back, level, err := b.caughtUp(ctx, run, before, most)
	if err != nil {
		return err
	}
	stop()
	<-produced
	fmt.Printf("| %s | %s | %.0f | %s | %.1f s | %.1f s |\n", w.Name, b.name, d.rate, recoverySession, back.Seconds(), level.Seconds())
	return nil
}

// gathered waits until a group has so many members, and their partitions.
func (b *bench) gathered(ctx context.Context, group string, members int) error {
	for {
		n, stable, err := b.kafka.Members(ctx, group)
		if err == nil && n == members && stable {
			return nil
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// steady waits until the load is one, and returns what is committed then and the
// most that waited.
func (b *bench) steady(ctx context.Context, run works.KafkaRun) (committed map[int32]int64, most int64, err error) {
	for began := time.Now(); time.Since(began) < steady; {
		_, lag, err := b.kafka.Progress(ctx, run.Group, run.Topic)
		if err == nil && time.Since(began) > steady/2 {
			most = max(most, lag)
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return nil, 0, err
		}
	}
	committed, err = b.kafka.Committed(ctx, run.Group, run.Topic)
	return committed, most, err
}

// caughtUp measures until each partition is committed further, and until no more
// waits than usual.
func (b *bench) caughtUp(ctx context.Context, run works.KafkaRun, before map[int32]int64, most int64) (back, level time.Duration, err error) {
	began := time.Now()
	partitions := make([]int32, works.KafkaParts)
	for p := range partitions {
		partitions[p] = int32(p)
	}
	for time.Since(began) < recoveryLimit {
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return 0, 0, err
		}
		now, err := b.kafka.Committed(ctx, run.Group, run.Topic)
		if err != nil || slices.ContainsFunc(partitions, func(p int32) bool { return now[p] <= before[p] }) {
			continue
		}
		if back == 0 {
			back = time.Since(began)
		}
		if _, lag, err := b.kafka.Progress(ctx, run.Group, run.Topic); err == nil && lag <= most {
			return back, time.Since(began), nil
		}
	}
	return 0, 0, fmt.Errorf("the others have not caught up within %s", recoveryLimit)
}
