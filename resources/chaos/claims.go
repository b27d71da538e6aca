package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"time"
)

// eager tells whether the input gives up all its partitions at a rebalance.
func (w *world) eager() bool { return w.input == "kafka" }

// reader names the input, where it is one that reads Kafka.
func (w *world) reader() string {
	if w.kafka == nil {
		return ""
	}
	return "input " + w.input + ", "
}

// consuming is what the kafka input logs when it begins to read a partition.
var consuming = regexp.MustCompile(`"Consuming messages from topic '` + topic + `' partition '(\d+)'"`)

// claims counts how often each partition was claimed by any process until now,
// as their logs tell. Every claim but the first reads again what the one before
// it had not committed, so that a record may have as many copies as there were
// claims, and no more. Other inputs do not say when they begin to read.
func (w *world) claims() map[int32]int {
	w.mu.Lock()
	all := w.started
	w.mu.Unlock()
	n := map[int32]int{}
	for _, c := range all {
		for _, m := range consuming.FindAllStringSubmatch(c.logged(), -1) {
			partition, _ := strconv.ParseInt(m[1], 10, 32)
			n[int32(partition)]++
		}
	}
	return n
}

// measure begins to count claims for a breach, and returns what ends that. With
// an input that does not log them, the breach is left as it is.
func (w *world) measure(b *breach) (end func()) {
	before := w.claims()
	return func() {
		if !w.eager() {
			return
		}
		b.moved = w.claims()
		for partition, n := range before {
			b.moved[partition] -= n
		}
	}
}

// rest waits until the group has that many members and no partition moves any
// more. A cooperative rebalance takes two rounds; an eager one takes more where
// a member came too late for the first.
func (w *world) rest(ctx context.Context, size int) error {
	const most = 20
	last := w.claims()
	for round := range most {
		if err := w.settled(ctx, size); err != nil {
			return err
		}
		pause(ctx, 700*time.Millisecond)
		now := w.claims()
		if round > 0 && maps.Equal(last, now) {
			return nil
		}
		last = now
	}
	return fmt.Errorf("coming to rest %w: partitions of the group still move", errLate)
}
