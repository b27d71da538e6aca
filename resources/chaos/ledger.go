package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

// origin is where a produced record is in Kafka.
type origin struct {
	partition int32
	offset    int64
	size      int
}

// ledger knows every record that was produced; its id is the index.
type ledger struct {
	mu      sync.Mutex
	records []origin
	// doubtful are those of which nobody was told whether they are kept: they may be
	// missing.
	doubtful map[int]struct{}
}

func (l *ledger) add(o origin) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, o)
}

func (l *ledger) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.records)
}

// doubt notes of n records that they may be missing.
func (l *ledger) doubt(first, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.doubtful == nil {
		l.doubtful = map[int]struct{}{}
	}
	for id := first; id < first+n; id++ {
		l.doubtful[id] = struct{}{}
	}
}

// doubted reports whether a record may be missing.
func (l *ledger) doubted(id int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, is := l.doubtful[id]
	return is
}

// at returns the origin of a record, and false for an id that nobody produced.
func (l *ledger) at(id int) (origin, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id < 0 || id >= len(l.records) {
		return origin{}, false
	}
	return l.records[id], true
}

// load says what is produced.
type load struct {
	topic      string
	partitions int
	rate       int // records a second
	size       int // of most records
	// Every largeEvery-th record is of largeSize bytes; zero means none is.
	largeEvery, largeSize int
}

// sizeOf is the size of a record, which depends on nothing but its id.
func (l load) sizeOf(id int) int {
	if l.largeEvery > 0 && id%l.largeEvery == l.largeEvery-1 {
		return l.largeSize
	}
	return l.size
}

// feed produces at an even rate until it is stopped.
type feed struct {
	cluster    *kafkatest.Cluster
	ledger     *ledger
	mu         sync.Mutex
	load       load
	stop, done chan struct{}
	err        error
}

// tick is the time between two batches of a feed.
const tick = 20 * time.Millisecond

func startFeed(ctx context.Context, c *kafkatest.Cluster, l load, to *ledger) *feed {
	f := &feed{cluster: c, load: l, ledger: to, stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.err = f.run(ctx)
	}()
	return f
}

func (f *feed) run(ctx context.Context) error {
	began, sent := time.Now(), 0
	for {
		select {
		case <-f.stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(tick):
		}
		f.mu.Lock()
		l := f.load
		f.mu.Unlock()
		due := int(time.Since(began).Seconds()*float64(l.rate)) - sent
		// After a pause of the broker the feed goes on; it does not catch up.
		if most := l.rate / 4; due > most {
			sent += due - most
			due = most
		}
		if err := produce(ctx, f.cluster, l, f.ledger, due); err != nil {
			return err
		}
		sent += due
	}
}

// widen makes the feed use more partitions.
func (f *feed) widen(partitions int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.load.partitions = partitions
}

// end stops the feed and waits until what it has sent is stored.
func (f *feed) end() error {
	close(f.stop)
	<-f.done
	return f.err
}

// produce sends the next n records and notes where they are.
func produce(ctx context.Context, c *kafkatest.Cluster, l load, to *ledger, n int) error {
	first := to.len()
	records := kafkatest.Numbered(l.topic, l.partitions, first, n, l.size)
	for i, r := range records {
		if size := l.sizeOf(first + i); size != l.size {
			r.Value = kafkatest.NumberedValue(first+i, size)
		}
	}
	if err := c.Produce(ctx, records...); err != nil {
		return fmt.Errorf("record %d and after: %w", first, err)
	}
	for i, r := range records {
		to.add(origin{partition: r.Partition, offset: r.Offset, size: l.sizeOf(first + i)})
	}
	return nil
}

// dice is a source of decisions that may be used by several goroutines.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newDice(seed uint64) *dice {
	return &dice{r: rand.New(rand.NewPCG(seed, 0x5D))}
}

func (d *dice) upTo(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

// shuffled returns the numbers below n in some order.
func (d *dice) shuffled(n int) []int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Perm(n)
}

// between returns a duration from a up to b.
func (d *dice) between(a, b time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return a + time.Duration(d.r.Int64N(int64(b-a)))
}

// fork returns dice of their own for another goroutine, so that what one does
// never changes what the other decides.
func (d *dice) fork() *dice {
	d.mu.Lock()
	defer d.mu.Unlock()
	return newDice(d.r.Uint64())
}
