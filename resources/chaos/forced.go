package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// forced stops a process with SIGTERM while S3 is gone, so that its
// shutdown_timeout runs out. Nothing that was not stored may be committed. What
// was stored and could not be committed, because older records of its partition
// or others of its batch were not stored, is read again, as after a kill.
func forced(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	stops, slowest := 0, time.Duration(0)
	for ; err == nil && (stops == 0 || time.Since(began) < o.duration); stops++ {
		var took time.Duration
		took, err = w.stopInVain(ctx, fmt.Sprintf("run-%04d", stops))
		slowest = max(slowest, took)
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	w.note("%d processes stopped with SIGTERM while S3 was gone, the slowest in %s", stops, slowest.Round(100*time.Millisecond))
	return w.finish(ctx, feed, &weather{}, began)
}

// stopInVain lets a process work, takes S3 away, and asks the process to end.
func (w *world) stopInVain(ctx context.Context, name string) (time.Duration, error) {
	since := w.secured()
	c, err := w.start(ctx, name, settings{})
	if err != nil {
		return 0, err
	}
	defer c.kill()
	if err := w.settled(ctx, 1); err != nil {
		return 0, err
	}
	pause(ctx, w.dice.between(time.Second, 3*time.Second))
	gone := w.s3.Faults.Add(s3test.Rule{Do: s3test.Reset(0)})
	defer gone.Remove()
	pause(ctx, w.dice.between(0, 2*time.Second))
	began := time.Now()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, fmt.Errorf("stopping %s: %w", name, err)
	}
	select {
	case <-c.done: // with whatever exit code: it could not do what was asked
	case <-time.After(stopLimit):
		return 0, fmt.Errorf("%s: ending after SIGTERM without S3 %w", name, errLate)
	}
	took := time.Since(began)
	b, err := w.snapshot(ctx, "a forced stop", name)
	if err == nil {
		w.reclaimed(c, since, b.ends)
	}
	return took, err
}
