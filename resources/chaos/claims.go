package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"time"

	"github.com/s3-destination/s3-destination/internal/sizing"
)

// eager tells whether the input gives up all its partitions at a rebalance.
func (w *world) eager() bool { return w.input == "kafka" }

// clean tells whether the input lets partitions go without a copy, as long as S3
// and the brokers can be reached.
func (w *world) clean() bool { return w.input == sizing.OwnKafka && !w.storm && !w.cables }

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
		c.claims(n)
	}
	return n
}

// claims adds those of one process.
func (c *consumer) claims(to map[int32]int) {
	for _, m := range consuming.FindAllStringSubmatch(c.logged(), -1) {
		partition, _ := strconv.ParseInt(m[1], 10, 32)
		to[int32(partition)]++
	}
}

// secured is the most that was seen to be committed at any breach.
func (w *world) secured() map[int32]int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	most := map[int32]int64{}
	for _, b := range w.breaches {
		for partition, offset := range b.committed {
			most[partition] = max(most[partition], offset)
		}
	}
	return most
}

// reclaimed adds a breach for a process that claimed partitions more than once
// by itself. It joined while a dead process was still a member: when that one
// is expelled, an eager rebalance takes from the newcomer what it has just begun
// to read. since is what was committed when it started, ends where partitions
// ended when it was gone.
func (w *world) reclaimed(c *consumer, since, ends map[int32]int64) {
	if !w.eager() {
		return
	}
	moved := map[int32]int{}
	c.claims(moved)
	for partition := range moved {
		moved[partition]--
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.breaches = append(w.breaches, &breach{
		what: "a dead member was expelled", committed: since, ends: ends, runs: []string{c.name}, moved: moved,
	})
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
