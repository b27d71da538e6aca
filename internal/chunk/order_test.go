package chunk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

func raw(line string) record.Record { return record.Record{Raw: []byte(line)} }

// slow is a Pipeline whose encoder takes its time, whatever the context says.
type slow struct {
	memory
	takes time.Duration
}

func (s *slow) Encode(ctx context.Context, k Kind, records []record.Record, limit int64) (Encoded, encode.Result, error) {
	time.Sleep(s.takes)
	return s.memory.Encode(ctx, k, records, limit)
}

// Objects that are cut at the cap send records back while others arrive. In
// every object they are in the order of arrival all the same.
func TestOrderOfArrivalSurvivesWhatIsPutBack(t *testing.T) {
	p := &memory{latency: 30 * time.Millisecond}
	cfg := Config{MaxAge: 40 * time.Millisecond, MaxFileSize: 40, Uploads: 1, InitialRatio: [kinds]float64{0.1, 1}}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		var all []*writing
		for i := range 120 {
			all = append(all, goWrite(t.Context(), m, "a", fmt.Sprintf("%03d", 2*i), fmt.Sprintf("%03d", 2*i+1)))
			time.Sleep(time.Millisecond)
		}
		for _, w := range all {
			<-w.done
		}
		require.Equal(t, 240, p.rows())
		for _, o := range p.landed() {
			assert.True(t, slices.IsSorted(o.lines), "%v", o.lines)
		}
	})
}

// Calls that are placed later than they arrived are in the order of arrival.
func TestOrderIsThatOfArrivalAndNotOfCommits(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Second}, p, func(t *testing.T, m *Manager) {
		const n = 50
		var calls [n]*Call
		for i := range n {
			calls[i] = m.Arrive()
			require.NoError(t, calls[i].Admit(t.Context(), 4, 2))
		}
		for i := range n {
			i = (11*i + 5) % n
			calls[i].Add([]byte("a"), "", raw(fmt.Sprintf("%02d0", i)), 0)
			calls[i].Add([]byte("a"), "", raw(fmt.Sprintf("%02d1", i)), 1)
			go func() {
				defer calls[i].Release()
				_, err := calls[i].Commit(t.Context())
				assert.NoError(t, err)
			}()
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		require.Len(t, p.landed(), 1)
		assert.Len(t, p.landed()[0].lines, 2*n)
		assert.True(t, slices.IsSorted(p.landed()[0].lines), "%v", p.landed()[0].lines)
	})
}

func TestWhatIsPutBackKeepsItsAge(t *testing.T) {
	p := &memory{latency: time.Second}
	cfg := Config{MaxAge: 10 * time.Second, MaxFileSize: 40, InitialRatio: [kinds]float64{0.1, 1}}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		w := goWrite(t.Context(), m, "a", strings.Repeat("x", 30), strings.Repeat("y", 30))
		<-w.done
		assert.Equal(t, 11*time.Second, w.took, "both are due at once")
		assert.Len(t, p.landed(), 2)
	})
}

// A call that is placed later than one that arrived after it makes the chunk
// older, and the chunk is then the first in line.
func TestChunkIsAsOldAsItsOldestCall(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: 10 * time.Second}, p, func(t *testing.T, m *Manager) {
		old := m.Arrive()
		require.NoError(t, old.Admit(t.Context(), 1, 1))
		time.Sleep(5 * time.Second)
		other := goWrite(t.Context(), m, "other", "x")
		synctest.Wait()
		time.Sleep(time.Millisecond)
		young := goWrite(t.Context(), m, "a", "young")
		synctest.Wait()
		old.Add([]byte("a"), "", raw("old"), 0)
		began := time.Now()
		_, err := old.Commit(t.Context())
		require.NoError(t, err)
		old.Release()
		assert.InDelta(t, 5, time.Since(began).Seconds(), 0.01)
		<-young.done
		assert.Equal(t, []string{"old", "young"}, p.landed()[0].lines)
		<-other.done
		assert.Equal(t, 10*time.Second, other.took)
	})
}

func TestAlternatingSchemasTakeTimeInProportion(t *testing.T) {
	p := &memory{schemas: true}
	bubble(t, Config{MaxAge: time.Second}, p, func(t *testing.T, m *Manager) {
		lines := make([]string, 2000)
		for i := range lines {
			lines[i] = fmt.Sprintf("%c%04d", 'a'+i%2, i)
		}
		_, err := write(t.Context(), m, "a", lines...)
		require.NoError(t, err)
		require.Len(t, p.landed(), len(lines))
	})
}

// Records of one call that go to different partitions, some of them refused.
func TestFailuresNameTheRecordsOfTheBatch(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Second}, p, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		defer c.Release()
		require.NoError(t, c.Admit(t.Context(), 100, 40))
		want := map[int]bool{}
		for i := range 40 {
			line := fmt.Sprint("good", i)
			switch {
			case i%7 == 0:
				c.Refuse(raw(line), i, errBad)
				want[i] = true
				continue
			case i%5 == 0:
				line, want[i] = "bad", true
			}
			c.Add(fmt.Append(nil, i%12), "", raw(line), i)
		}
		failures, err := c.Commit(t.Context())
		require.NoError(t, err)
		got := map[int]bool{}
		for _, f := range failures {
			assert.False(t, got[f.Index])
			got[f.Index] = true
			require.ErrorIs(t, f.Err, errBad)
		}
		assert.Equal(t, want, got)
		assert.Equal(t, 40-len(want), p.rows())
		for _, o := range p.landed() {
			assert.True(t, slices.IsSortedFunc(o.lines, func(a, b string) int { return number(a) - number(b) }), "%v", o.lines)
			for _, l := range o.lines {
				assert.Equal(t, o.Path, fmt.Sprint(number(l)%12))
			}
		}
	})
}

func number(line string) int {
	n := 0
	_, _ = fmt.Sscanf(line, "good%d", &n)
	return n
}

// Does any sequence of arrivals make a record wait for longer than max_age and
// the uploads that are in its way?
func TestNobodyWaitsMuchLongerThanMaxAge(t *testing.T) {
	for seed := range uint64(100) {
		if !long.Takes(int(seed), 3) {
			continue
		}
		r := rand.New(rand.NewPCG(seed, 7))
		p := &memory{latency: time.Duration(r.IntN(3)) * 100 * time.Millisecond}
		cfg := Config{
			MaxAge: time.Duration(1+r.IntN(20)) * time.Second, IdleTimeout: []time.Duration{0, 2 * time.Second}[r.IntN(2)],
			MaxRecords: []int{0, 3}[r.IntN(2)], MaxFileSize: []int64{0, 300}[r.IntN(2)], Uploads: 1 + r.IntN(4),
			MemoryLimit: []int64{0, 5000}[r.IntN(2)], MaxInFlight: []int{0, 40}[r.IntN(2)], MaxOpenPartitions: []int{0, 2}[r.IntN(2)],
			OnBadRecord: BadRecordPolicy(r.IntN(3)), DeadLetters: letters{},
		}
		bubble(t, cfg, p, func(t *testing.T, m *Manager) {
			var all []*writing
			for range 60 {
				line := strings.Repeat("x", 1+r.IntN(60))
				if r.IntN(8) == 0 {
					line = "bad"
				}
				all = append(all, goWrite(t.Context(), m, fmt.Sprint(r.IntN(4)), line))
				time.Sleep([]time.Duration{0, 0, time.Millisecond, 50 * time.Millisecond, time.Second, 3 * time.Second, 40 * time.Second}[r.IntN(7)])
			}
			for i, w := range all {
				<-w.done
				assert.LessOrEqual(t, w.took, cfg.MaxAge+linger+70*p.latency+time.Second, "seed %d, call %d: %+v", seed, i, cfg)
			}
		})
	}
}
