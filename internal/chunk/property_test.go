package chunk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// cleanups lets start register with a rapid test, which runs many times.
type cleanups []func()

func (c *cleanups) Cleanup(f func()) { *c = append(*c, f) }

// outcome is what callers were told of each record.
type outcome struct {
	mu      sync.Mutex
	acked   map[string]bool
	failed  map[string]bool
	unknown map[string]bool
}

// moody is a Pipeline that fails, refuses and panics as it is told.
type moody struct {
	memory
	every map[string]int // how often each thing happens; 0 for never
	count map[string]int
	mood  sync.Mutex
}

var errSaidNo = errors.New("S3 said no")

// due reports whether something is to happen now.
func (p *moody) due(what string) bool {
	p.mood.Lock()
	defer p.mood.Unlock()
	p.count[what]++
	return p.every[what] > 0 && p.count[what]%(p.every[what]+1) == 0
}

func (p *moody) Encode(ctx context.Context, k Kind, records []record.Record, limit int64) (Encoded, encode.Result, error) {
	if k == Data {
		for _, r := range records {
			if bytes.Contains(r.Raw, []byte("panic")) {
				panic("at the sight of this record")
			}
		}
	}
	if p.due("encoder error") {
		return nil, encode.Result{}, errors.New("the encoder is out of sorts")
	}
	return p.memory.Encode(ctx, k, records, limit)
}

func draw[T any](rt *rapid.T, name string, from ...T) T {
	return rapid.SampledFrom(from).Draw(rt, name)
}

// TestEveryRecordIsInOneObjectOrReported is the central property, over random
// batches, partitions, sizes, failures, refusals, panics, cancellations, drains,
// an early close and roll settings.
func TestEveryRecordIsInOneObjectOrReported(t *testing.T) {
	property.Check(t, func(rt *rapid.T) {
		p := &moody{count: map[string]int{}, every: map[string]int{
			"failure":       rapid.IntRange(0, 4).Draw(rt, "failing"),
			"refusal":       rapid.IntRange(0, 3).Draw(rt, "refusing"),
			"encoder error": draw(rt, "encoder errors", 0, 0, 3),
		}}
		p.factor = rapid.IntRange(1, 4).Draw(rt, "factor")
		p.latency = draw(rt, "latency", 0, 0, time.Millisecond)
		p.fail = func(Object) error {
			switch {
			case p.due("refusal"):
				return errDenied
			case p.due("failure"):
				return errSaidNo
			}
			return nil
		}
		cfg := Config{
			MaxFileSize:       draw[int64](rt, "max_file_size", 0, 1, 40, 200, 5000),
			MaxRecords:        draw(rt, "max_records", 0, 1, 3, 50),
			MaxAge:            draw(rt, "max_age", time.Millisecond, 20*time.Millisecond),
			IdleTimeout:       draw(rt, "idle", 0, 2*time.Millisecond),
			MaxOpenPartitions: draw(rt, "partitions", 0, 1, 2),
			MemoryLimit:       draw[int64](rt, "memory", 0, 1, 300, 10_000),
			MaxInFlight:       draw(rt, "in_flight", 0, 1, 4),
			OnBadRecord:       draw(rt, "policy", Reject, ToDeadLetter, Drop),
			OnRefusedObject:   draw(rt, "refused objects", RetryObject, ObjectToDeadLetters),
			Refused:           refusals403,
			Uploads:           rapid.IntRange(1, 4).Draw(rt, "uploads"),
			Encoders:          rapid.IntRange(1, 4).Draw(rt, "encoders"),
			DeadLetters:       letters{},
			RecordOverhead:    draw[int64](rt, "overhead", 0, 10),
			PartitionOverhead: draw[int64](rt, "partition overhead", 0, 10),
		}
		var ends cleanups
		m := start(&ends, cfg, p)
		stop := meddle(rt, m)
		out := &outcome{acked: map[string]bool{}, failed: map[string]bool{}, unknown: map[string]bool{}}
		sent := feed(rt, m, out, max(cfg.MaxInFlight, 3))
		stop()
		for _, end := range ends {
			end()
		}
		check(rt, cfg, &p.memory, out, sent)
		atRest(rt, m)
	})
}

// meddle does at some time what an operator, or the store, may do at any.
func meddle(rt *rapid.T, m *Manager) (stop func()) {
	var timers []*time.Timer
	at := func(name string, f func()) {
		if rapid.Bool().Draw(rt, name) {
			after := time.Duration(rapid.IntRange(0, 30).Draw(rt, name+" after")) * time.Millisecond
			timers = append(timers, time.AfterFunc(after, f))
		}
	}
	at("drain", m.Drain)
	at("throttle", m.Throttled)
	at("close", func() { _ = m.Close(context.Background()) })
	// A partition that is refused waits for a second at least.
	timers = append(timers, time.AfterFunc(200*time.Millisecond, m.Drain))
	return func() {
		for _, t := range timers {
			t.Stop()
		}
	}
}

// feed writes random batches from several goroutines and returns all records.
func feed(rt *rapid.T, m *Manager, out *outcome, writers int) map[string]string {
	line := rapid.Custom(func(t *rapid.T) string {
		return draw(t, "kind", "", "", "", "", "", "", "bad", "panic") + strings.Repeat("x", draw(t, "size", 0, 1, 5, 30, 300))
	})
	batches := rapid.SliceOfN(rapid.SliceOfN(line, 0, 30), 1, 12).Draw(rt, "batches")
	sent := map[string]string{}
	var wg sync.WaitGroup
	slots := make(chan struct{}, writers)
	for b, lines := range batches {
		patience := time.Duration(draw(rt, "patience", 0, 0, 0, 1, 3, 10)) * time.Millisecond
		for i, l := range lines {
			lines[i] = fmt.Sprintf("%s#%03d.%03d", l, b, i)
			sent[lines[i]] = fmt.Sprint(i % 3)
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			ctx := context.Background()
			if patience > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, patience)
				defer cancel()
			}
			out.deliver(ctx, m, lines)
		})
	}
	wg.Wait()
	return sent
}

func (o *outcome) deliver(ctx context.Context, m *Manager, lines []string) {
	c := m.Arrive()
	defer c.Release()
	if err := c.Admit(ctx, int64(len(lines)), len(lines)); err != nil {
		return // none of it was taken
	}
	for i, l := range lines {
		if strings.HasPrefix(l, "bad") && i%2 == 0 {
			c.Refuse(record.Record{Raw: []byte(l)}, i, errBad)
			continue
		}
		c.Add(fmt.Append(nil, i%3), "", record.Record{Raw: []byte(l)}, i)
	}
	failures, err := c.Commit(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range failures {
		if o.failed[lines[f.Index]] {
			panic("a record was reported twice")
		}
		o.failed[lines[f.Index]] = true
	}
	for _, l := range lines {
		switch {
		case err != nil && !errors.Is(err, ErrClosed):
			o.unknown[l] = true
		case err == nil && !o.failed[l]:
			o.acked[l] = true
		}
	}
}

func check(rt *rapid.T, cfg Config, p *memory, out *outcome, sent map[string]string) {
	seen := map[string]bool{}
	for _, o := range p.objects {
		if cfg.MaxFileSize > 0 && len(o.lines) > 1 {
			require.LessOrEqual(rt, o.Bytes, cfg.MaxFileSize)
		}
		if cfg.MaxRecords > 0 {
			require.LessOrEqual(rt, len(o.lines), cfg.MaxRecords)
		}
		require.Len(rt, o.Records, len(o.lines))
		last := map[string]string{}
		for _, l := range o.lines {
			if o.Kind == DeadLetter {
				l = l[strings.LastIndex(l, "|")+1:]
			} else {
				require.Equal(rt, sent[l], o.Path, "record in another partition's object")
			}
			require.False(rt, seen[l], "record %q is in two objects", l)
			require.False(rt, out.failed[l], "record %q is stored and reported as failed", l)
			seen[l] = true
			_, position, _ := strings.Cut(l, "#")
			batch, index, _ := strings.Cut(position, ".")
			if o.Kind == Data {
				require.Less(rt, last[batch], index, "records of a batch changed their order")
			}
			last[batch] = index
		}
	}
	for l := range sent {
		dropped := cfg.OnBadRecord == Drop && (strings.HasPrefix(l, "bad") || strings.HasPrefix(l, "panic"))
		require.True(rt, !out.acked[l] || seen[l] || dropped, "record %q was acknowledged and is nowhere", l)
		require.True(rt, !seen[l] || out.acked[l] || out.unknown[l], "record %q is stored and was not acknowledged", l)
	}
}
