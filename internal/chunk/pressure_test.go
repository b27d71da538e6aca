package chunk

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Under pressure the largest chunks are rolled, and no more than needed.
func TestPressureRollsTheLargestChunks(t *testing.T) {
	for name, tc := range map[string]struct {
		sizes  map[string]int
		rolled []string
	}{
		"one is enough": {map[string]int{"a": 500, "b": 2500, "c": 700, "d": 500}, []string{"b"}},
		"two are":       {map[string]int{"a": 500, "b": 1400, "c": 700, "d": 1500}, []string{"b", "d"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &memory{}
			bubble(t, Config{MaxAge: time.Hour, MemoryLimit: 10_000, Uploads: 4}, p, func(t *testing.T, m *Manager) {
				for _, path := range []string{"a", "b", "c", "d"} {
					goWrite(t.Context(), m, path, strings.Repeat("x", tc.sizes[path]))
					synctest.Wait()
				}
				var rolled []string
				for _, o := range p.landed() {
					assert.Equal(t, Memory, o.Reason)
					rolled = append(rolled, o.Path)
				}
				slices.Sort(rolled)
				assert.Equal(t, tc.rolled, rolled)
				m.Drain()
			})
		})
	}
}

// greedy is a Pipeline that notes how many records it was given.
type greedy struct {
	memory
	given []int
}

func (g *greedy) Encode(ctx context.Context, k Kind, records []record.Record, limit int64) (Encoded, encode.Result, error) {
	g.mu.Lock()
	g.given = append(g.given, len(records))
	g.mu.Unlock()
	return g.memory.Encode(ctx, k, records, limit)
}

// A chunk is filled a little beyond the cap, by one call or by many, and the
// encoder gets no more than that.
func TestChunkIsFilledJustBeyondTheCap(t *testing.T) {
	const size = 99 // 100 when encoded
	for name, calls := range map[string][]int{"one call": {25}, "two calls": {4, 21}} {
		t.Run(name, func(t *testing.T) {
			p := &greedy{}
			synctest.Test(t, func(t *testing.T) {
				m := start(t, Config{MaxAge: time.Minute, MaxFileSize: 1000, Uploads: 1}, p)
				for _, n := range calls {
					goWrite(t.Context(), m, "a", slices.Repeat([]string{strings.Repeat("x", size)}, n)...)
					synctest.Wait()
				}
				time.Sleep(2 * time.Minute)
				p.mu.Lock()
				first := p.given[0]
				p.mu.Unlock()
				assert.Equal(t, 11, first, "1,050 bytes are reached with the eleventh")
				assert.Equal(t, 25, p.rows())
			})
		})
	}
}
