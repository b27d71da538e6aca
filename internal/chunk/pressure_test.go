package chunk

import (
	"context"
	"fmt"
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

// Rolling chunks can free what the calls hold that wait for them, and what open
// chunks take beside; not what is on its way out or parked, nor what calls hold
// that come or go.
func TestPressureIsWhatRollingCouldFree(t *testing.T) {
	m := still(Config{MemoryLimit: 10_000, PartitionOverhead: 10})
	m.comes(1000, committed)
	m.comes(70, admitted)
	m.comes(30, done)
	m.opens("a", 400, 40)
	b := m.opens("b", 300, 30)
	assert.Equal(t, int64(1000+2*11+70), m.pressure())
	for _, s := range []state{sealed, encoding, encoded, landing} {
		m.ledger.move(b, s)
		assert.Equal(t, int64(1000-300+11+40), m.pressure(), "while b is %s", s)
	}
	m.ledger.parkedCalls.charge = 100
	assert.Equal(t, int64(900-300+11+40), m.pressure())
}

// Chunks must be rolled when four fifths of the memory could be freed, or when
// nothing else will let in the call that waits.
func TestPressureBeginsWhenNothingElseMakesRoom(t *testing.T) {
	holds := func(m *Manager, charge int64) {
		m.comes(charge, committed)
		m.opens("a", charge, 0)
	}
	gate := func(m *Manager) {
		holds(m, 300)
		m.comes(900, asking)
	}
	for name, tc := range map[string]struct {
		prepare func(m *Manager)
		want    bool
	}{
		"nothing is open":             {func(m *Manager) { m.comes(900, committed); m.comes(900, asking) }, false},
		"four fifths":                 {func(m *Manager) { holds(m, 800) }, false},
		"more":                        {func(m *Manager) { holds(m, 801) }, true},
		"no limit":                    {func(m *Manager) { m.cfg.MemoryLimit = 0; holds(m, 5000) }, false},
		"four fifths beside parked":   {func(m *Manager) { m.ledger.parkedCalls.charge = 400; m.comes(400, committed); holds(m, 480) }, false},
		"more beside parked":          {func(m *Manager) { m.ledger.parkedCalls.charge = 400; m.comes(400, committed); holds(m, 481) }, true},
		"a call waits":                {gate, true},
		"a chunk is under way":        {func(m *Manager) { gate(m); m.seal(m.opens("b", 1, 1), Size) }, false},
		"a call is on its way in":     {func(m *Manager) { gate(m); m.comes(1, admitted) }, false},
		"a call is on its way out":    {func(m *Manager) { gate(m); m.comes(1, done) }, false},
		"one call comes and one goes": {func(m *Manager) { gate(m); m.comes(1, admitted); m.comes(1, done) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{MemoryLimit: 1000})
			tc.prepare(m)
			assert.Equal(t, tc.want, m.underPressure())
		})
	}
}

// Under pressure the largest chunks go until half of the memory is left, and one
// at least, as soon as an encoder is free.
func TestLargestChunksAreRolledUntilThePressureIsLow(t *testing.T) {
	for name, tc := range map[string]struct {
		open        [][2]int64 // charge, and bytes when encoded
		waits, busy bool
		rolled      []int64
	}{
		"no pressure":           {open: [][2]int64{{400, 0}, {350, 0}}},
		"one is enough":         {open: [][2]int64{{150, 0}, {500, 0}, {200, 0}}, rolled: []int64{500}},
		"one is just enough":    {open: [][2]int64{{300, 0}, {350, 0}, {200, 0}}, rolled: []int64{350}},
		"two are":               {open: [][2]int64{{260, 0}, {300, 0}, {290, 0}}, rolled: []int64{300, 290}},
		"encoded ones count":    {open: [][2]int64{{300, 130}, {290, 130}}, rolled: []int64{300}},
		"a call waits":          {open: [][2]int64{{100, 0}, {200, 0}}, waits: true, rolled: []int64{200}},
		"all encoders are busy": {open: [][2]int64{{150, 0}, {500, 0}, {200, 0}}, busy: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{MemoryLimit: 1000, Uploads: 2, Encoders: 1})
			for _, c := range tc.open {
				m.comes(c[0], committed)
				m.opens(fmt.Sprint(c[0]), c[0], c[1])
			}
			if tc.waits {
				m.comes(900, asking)
			}
			if tc.busy {
				m.ledger.move(m.opens("busy", 0, 0), sealed)
				m.ledger.move(m.ledger.sealed[0], encoding)
			}
			m.rollForMemory()
			var rolled []int64
			for _, c := range m.ledger.sealed {
				assert.Equal(t, Memory, c.reason)
				rolled = append(rolled, c.charge)
			}
			assert.Equal(t, tc.rolled, rolled)
		})
	}
}
