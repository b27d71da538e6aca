package chunk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/record"
)

// cleanups lets start register with a rapid test, which runs many times.
type cleanups []func()

func (c *cleanups) Cleanup(f func()) { *c = append(*c, f) }

type outcome struct {
	failed map[string]bool
	mu     sync.Mutex
}

// TestEveryRecordIsInOneObjectOrReported is the central property, over random
// batches, partitions, sizes, failures, cancellations and roll settings.
func TestEveryRecordIsInOneObjectOrReported(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &memory{factor: rapid.IntRange(1, 4).Draw(rt, "factor")}
		failing := rapid.IntRange(0, 4).Draw(rt, "failing")
		landings := 0
		p.fail = func(Object) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			if landings++; failing > 0 && landings%(failing+1) == 0 {
				return errors.New("S3 said no")
			}
			return nil
		}
		cfg := Config{
			MaxFileSize:       rapid.SampledFrom([]int64{0, 1, 40, 200, 5000}).Draw(rt, "max_file_size"),
			MaxRecords:        rapid.SampledFrom([]int{0, 1, 3, 50}).Draw(rt, "max_records"),
			MaxAge:            rapid.SampledFrom([]time.Duration{time.Millisecond, 20 * time.Millisecond}).Draw(rt, "max_age"),
			IdleTimeout:       rapid.SampledFrom([]time.Duration{0, 2 * time.Millisecond}).Draw(rt, "idle"),
			MaxOpenPartitions: rapid.SampledFrom([]int{0, 1, 2}).Draw(rt, "partitions"),
			MemoryLimit:       rapid.SampledFrom([]int64{0, 1, 300, 10_000}).Draw(rt, "memory"),
			MaxInFlight:       rapid.SampledFrom([]int{0, 1, 4}).Draw(rt, "in_flight"),
			OnBadRecord:       rapid.SampledFrom([]BadRecordPolicy{Reject, ToDeadLetter, Drop}).Draw(rt, "policy"),
			Uploads:           rapid.IntRange(1, 4).Draw(rt, "workers"),
			DeadLetters:       letters{},
			RecordOverhead:    rapid.SampledFrom([]int64{0, 10}).Draw(rt, "overhead"),
		}
		var ends cleanups
		m := start(&ends, cfg, p)
		out := &outcome{failed: map[string]bool{}}
		sent := feed(rt, m, out, max(cfg.MaxInFlight, 3))
		for _, end := range ends {
			end()
		}
		check(rt, cfg, p, out, sent)
		atRest(rt, m)
	})
}

// feed writes random batches from several goroutines and returns all records.
func feed(rt *rapid.T, m *Manager, out *outcome, writers int) map[string]string {
	line := rapid.Custom(func(t *rapid.T) string {
		bad := rapid.SampledFrom([]string{"", "", "", "", "bad"}).Draw(t, "bad")
		return bad + strings.Repeat("x", rapid.SampledFrom([]int{0, 1, 5, 30, 300}).Draw(t, "size"))
	})
	batches := rapid.SliceOfN(rapid.SliceOfN(line, 0, 30), 1, 12).Draw(rt, "batches")
	sent := map[string]string{}
	var wg sync.WaitGroup
	slots := make(chan struct{}, writers)
	for b, lines := range batches {
		for i, l := range lines {
			lines[i] = fmt.Sprintf("%s#%03d.%03d", l, b, i)
			sent[lines[i]] = fmt.Sprint(i % 3)
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out.deliver(m, lines)
		})
	}
	wg.Wait()
	return sent
}

func (o *outcome) deliver(m *Manager, lines []string) {
	ctx := context.Background()
	c := m.Arrive()
	defer c.Release()
	if err := c.Admit(ctx, int64(len(lines)), len(lines)); err != nil {
		panic(err)
	}
	for i, l := range lines {
		c.Add(fmt.Append(nil, i%3), "", record.Record{Raw: []byte(l)}, i)
	}
	failures, err := c.Commit(ctx)
	if err != nil {
		panic(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range failures {
		if o.failed[lines[f.Index]] {
			panic("a record was reported twice")
		}
		o.failed[lines[f.Index]] = true
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
		dropped := cfg.OnBadRecord == Drop && strings.HasPrefix(l, "bad")
		require.True(rt, seen[l] || out.failed[l] || dropped, "record %q is nowhere", l)
	}
}
