package chunk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errDenied = errors.New("AccessDenied")

// denying is a Pipeline that refuses the objects of some partitions.
type denying struct {
	memory
	denied   func(o Object) bool
	mu       sync.Mutex
	attempts []time.Time
	records  int // of the refused objects
}

func newDenying(denied func(o Object) bool) *denying {
	p := &denying{denied: denied}
	p.fail = func(o Object) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.denied(o) {
			return nil
		}
		p.attempts = append(p.attempts, time.Now())
		p.records += len(o.Records)
		return fmt.Errorf("storing %s: %w", o.Path, errDenied)
	}
	return p
}

func (p *denying) tried() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Time{}, p.attempts...)
}

// refusedRecords counts those of all attempts.
func (p *denying) refusedRecords() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.records
}

func (p *denying) allow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.denied = func(Object) bool { return false }
}

func refusals403(err error) bool { return errors.Is(err, errDenied) }

// changes is an Observer that counts what happens to refused objects.
type changes struct {
	counter
	refused, parked, recovered, diverted, givenBack, failed int
}

func (c *changes) add(to *int, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*to += n
}

func (c *changes) ObjectRefused(error)                   { c.add(&c.refused, 1) }
func (c *changes) Parked(Kind, string, error)            { c.add(&c.parked, 1) }
func (c *changes) Recovered(Kind, string, time.Duration) { c.add(&c.recovered, 1) }
func (c *changes) Diverted(n int, _ error)               { c.add(&c.diverted, n) }
func (c *changes) GivenBack(n int, _ error)              { c.add(&c.givenBack, n) }
func (c *changes) Failed(n int, _ error)                 { c.add(&c.failed, n) }

// parkedBubble runs a test with a manager whose objects of partitions that begin
// with "no" are refused.
func parkedBubble(t *testing.T, cfg Config, test func(t *testing.T, m *Manager, p *denying, seen *changes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newDenying(func(o Object) bool { return strings.HasPrefix(o.Path, "no") })
		seen := &changes{}
		cfg.Refused, cfg.Observer = refusals403, seen
		test(t, start(t, cfg, p), p, seen)
	})
}

// Half of the clients send records to a partition that is refused, and wait. The
// others must not notice.
func TestRefusedObjectsDoNotStarveOthers(t *testing.T) {
	const clients = 40
	stored := func(t *testing.T, denied bool) (rows int) {
		synctest.Test(t, func(t *testing.T) {
			p := newDenying(func(o Object) bool { return denied && strings.HasPrefix(o.Path, "no") })
			p.latency = 200 * time.Millisecond
			m := start(t, Config{
				MaxAge: time.Second, IdleTimeout: 2 * time.Second, MaxInFlight: clients, MemoryLimit: 1 << 20,
				CallOverhead: 1000, Uploads: 4, Refused: refusals403,
			}, p)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			var callers sync.WaitGroup
			for i := range clients {
				callers.Go(func() {
					for ctx.Err() == nil {
						_, _ = write(ctx, m, []string{"no", "yes"}[i%2], "x")
						time.Sleep(500 * time.Millisecond)
					}
				})
			}
			callers.Wait()
			rows = p.rowsOf("yes")
		})
		return rows
	}
	healthy, troubled := stored(t, false), stored(t, true)
	assert.GreaterOrEqual(t, float64(troubled), 0.8*float64(healthy), "%d rows of %d", troubled, healthy)
}

// A steady input, half of which is denied: in calls of their own, or with the
// other half in every call, where only dead letters let the calls return.
func TestOthersKeepTheirThroughput(t *testing.T) {
	stored := func(t *testing.T, denied, mixed bool) (rows int) {
		synctest.Test(t, func(t *testing.T) {
			p := newDenying(func(o Object) bool { return denied && strings.HasPrefix(o.Path, "no") })
			p.latency = 200 * time.Millisecond
			cfg := Config{MaxAge: time.Second, MaxInFlight: 1000, MemoryLimit: 1 << 20, Uploads: 4, Refused: refusals403}
			if mixed {
				cfg.MaxInFlight = 40
				cfg.OnRefusedObject, cfg.DeadLetters = ObjectToDeadLetters, letters{}
			}
			m := start(t, cfg, p)
			slots := make(chan struct{}, cfg.MaxInFlight)
			for i := range 1200 { // two minutes
				slots <- struct{}{}
				go func() {
					defer func() { <-slots }()
					c := m.Arrive()
					defer c.Release()
					assert.NoError(t, c.Admit(t.Context(), 2, 2))
					if mixed || i%2 == 0 {
						c.Add([]byte("no"), "", raw("x"), 0)
					}
					if mixed || i%2 == 1 {
						c.Add([]byte("yes"), "", raw("x"), 1)
					}
					_, _ = c.Commit(t.Context()) // some end with the test
				}()
				time.Sleep(100 * time.Millisecond)
			}
			assert.Less(t, time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), 130*time.Second, "the input is not held up")
			rows = p.rowsOf("yes")
			m.Drain()
		})
		return rows
	}
	for name, mixed := range map[string]bool{"calls of one partition": false, "calls of both": true} {
		t.Run(name, func(t *testing.T) {
			healthy, troubled := stored(t, false, mixed), stored(t, true, mixed)
			assert.GreaterOrEqual(t, 100*troubled, 95*healthy, "%d rows of %d", troubled, healthy)
		})
	}
}

// rowsOf counts the rows that were stored of a partition.
func (m *memory) rowsOf(path string) (rows int) {
	for _, o := range m.landed() {
		if o.Path == path {
			rows += len(o.lines)
		}
	}
	return rows
}

func TestRefusedPartitionIsTriedInGrowingIntervals(t *testing.T) {
	cfg := Config{MaxAge: time.Second, MaxInFlight: 1000}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, seen *changes) {
		waits := goWrite(t.Context(), m, "no", "x", "y")
		time.Sleep(10 * time.Minute)
		tries := p.tried()
		assert.Less(t, len(tries), 20, "ten minutes: it doubles up to a minute")
		assert.Greater(t, len(tries), 10)
		for i := 1; i < len(tries); i++ {
			gap := tries[i].Sub(tries[i-1])
			want := min(time.Second<<(i-1), time.Minute)
			assert.InDelta(t, want.Seconds(), gap.Seconds(), want.Seconds()/4+0.1)
		}
		synctest.Wait()
		assert.Equal(t, len(tries), seen.refused)
		assert.Equal(t, 1, seen.parked)
		select {
		case <-waits.done:
			require.Fail(t, "the call must wait")
		default:
		}
		m.lock()
		stats := m.stats()
		m.unlock()
		assert.Equal(t, 1, stats.Parked)

		later := goWrite(t.Context(), m, "no", "z") // joins
		p.allow()
		<-waits.done
		<-later.done
		require.NoError(t, waits.err)
		assert.Empty(t, waits.failures)
		synctest.Wait()
		assert.Equal(t, 1, seen.recovered)
		assert.Zero(t, seen.failed, "it is no failure of the destination")
		assert.Equal(t, []string{"x", "y", "z"}, p.landed()[0].lines)
		assert.Equal(t, Recovery, p.landed()[0].Reason)
		_, err := write(t.Context(), m, "no", "as ever")
		require.NoError(t, err)
		assert.Equal(t, Age, p.landed()[1].Reason)
	})
}

// Everything of the partition waits, wherever it was when the first object was
// refused, and is stored when that is over.
func TestAllChunksOfARefusedPartitionWait(t *testing.T) {
	cfg := Config{MaxAge: time.Hour, MaxRecords: 10, Uploads: 1, MaxInFlight: 1000}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, seen *changes) {
		p.latency = time.Second
		var all []*writing
		for i := range 45 { // one being uploaded, three sealed, and one open
			all = append(all, goWrite(t.Context(), m, "no", fmt.Sprintf("%02d", i)))
			synctest.Wait()
		}
		m.lock()
		assert.Len(t, m.ledger.sealed, 3)
		m.unlock()
		other := goWrite(t.Context(), m, "yes", make([]string, 10)...)
		<-other.done
		assert.Equal(t, 2*time.Second, other.took, "right after the refused one")
		m.lock()
		assert.Equal(t, 45, m.ledger.detained.calls)
		m.unlock()
		assert.Len(t, p.tried(), 1)
		time.Sleep(500 * time.Millisecond)
		p.allow()
		time.Sleep(20 * time.Second)
		m.Drain()
		for _, w := range all {
			<-w.done
			require.NoError(t, w.err)
			assert.Empty(t, w.failures)
		}
		assert.Equal(t, 55, p.rows())
		synctest.Wait()
		assert.Equal(t, 1, seen.parked)
	})
}

// What waits for refused partitions is bounded by calls and by memory: more is
// given back at once.
func TestWhatWaitsForRefusedPartitionsIsBounded(t *testing.T) {
	for name, cfg := range map[string]Config{
		"calls":  {MaxAge: time.Second, MaxInFlight: 20},
		"memory": {MaxAge: time.Second, MemoryLimit: 40_000, CallOverhead: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, seen *changes) {
				var all []*writing
				for range 30 {
					all = append(all, goWrite(t.Context(), m, "no", "x"))
					time.Sleep(2 * time.Second)
				}
				waiting, back := 0, 0
				for _, w := range all {
					select {
					case <-w.done:
						back++
						require.Len(t, w.failures, 1)
						require.ErrorIs(t, w.failures[0].Err, errDenied)
						assert.Contains(t, w.failures[0].Err.Error(), "objects of this partition are refused")
						assert.Zero(t, w.took)
					default:
						waiting++
					}
				}
				assert.Contains(t, []int{9, 10}, waiting, "half of 20 slots, or a quarter of 40,000 bytes with their calls of 1,001")
				synctest.Wait()
				assert.Equal(t, back, seen.givenBack)
				ok, err := write(t.Context(), m, "yes", "x")
				require.NoError(t, err)
				assert.Empty(t, ok)
				p.allow()
				for _, w := range all {
					<-w.done
				}
				assert.Equal(t, waiting+1, p.rows())
			})
		})
	}
}

// Parked records take a part of the limit for good. The others are not rolled
// early for that.
func TestParkedRecordsAreNoPressure(t *testing.T) {
	cfg := Config{MaxAge: time.Hour, MemoryLimit: 10_000}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		no := goWrite(t.Context(), m, "no", strings.Repeat("x", 2400))
		synctest.Wait()
		m.lock()
		m.seal(m.ledger.byAge[0], Size)
		m.unlock()
		time.Sleep(10 * time.Second)
		var all []*writing
		for range 13 { // 200 and their encoded form: 5,200 of the 7,600 that are left
			all = append(all, goWrite(t.Context(), m, "yes", strings.Repeat("x", 199)))
		}
		time.Sleep(time.Minute)
		assert.Empty(t, p.landed())
		all = append(all, goWrite(t.Context(), m, "yes", strings.Repeat("x", 1000)))
		time.Sleep(time.Minute)
		assert.NotEmpty(t, p.landed(), "four fifths of what is left")
		p.allow()
		m.Drain()
		<-no.done
		for _, w := range all {
			<-w.done
		}
	})
}

func TestRecordsOfRefusedObjectsBecomeDeadLetters(t *testing.T) {
	cfg := Config{MaxAge: time.Second, MaxInFlight: 100, OnRefusedObject: ObjectToDeadLetters, DeadLetters: letters{}}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, seen *changes) {
		first := goWrite(t.Context(), m, "no", "1", "2")
		<-first.done
		require.NoError(t, first.err)
		assert.Empty(t, first.failures)
		assert.GreaterOrEqual(t, first.took, 10*time.Second, "not at the first refusal")
		assert.GreaterOrEqual(t, len(p.tried()), 3)
		synctest.Wait()
		assert.Equal(t, 2, seen.diverted)
		require.Len(t, p.landed(), 1)
		assert.Equal(t, DeadLetter, p.landed()[0].Kind)
		assert.Contains(t, p.landed()[0].lines[0], "no|objects of this partition are refused")
		assert.Contains(t, p.landed()[0].lines[0], "AccessDenied|1")

		second := goWrite(t.Context(), m, "no", "3") // waits for the next attempt
		<-second.done
		assert.Empty(t, second.failures)
		assert.LessOrEqual(t, second.took, 80*time.Second)
		p.allow()
		third := goWrite(t.Context(), m, "no", "4")
		<-third.done
		objects := p.landed()
		assert.Equal(t, []string{"4"}, objects[len(objects)-1].lines, "accepted again")
		synctest.Wait()
		assert.Equal(t, 1, seen.recovered)
	})
}

// Once it is known that nothing is accepted, only what the next attempt needs
// waits for it.
func TestDivertedPartitionKeepsOnlyWhatTheNextAttemptNeeds(t *testing.T) {
	cfg := Config{MaxAge: time.Second, MaxInFlight: 10_000, OnRefusedObject: ObjectToDeadLetters, DeadLetters: letters{}, MaxRecords: 100_000}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, _ *denying, _ *changes) {
		first := goWrite(t.Context(), m, "no", "1")
		<-first.done
		kept := goWrite(t.Context(), m, "no", "2")
		synctest.Wait()
		more := goWrite(t.Context(), m, "no", "x")
		<-more.done
		assert.LessOrEqual(t, more.took, time.Second, "the age of an object of dead letters")
		<-kept.done
		assert.Greater(t, kept.took, time.Second)
	})
}

// An attempt is small, since it is most often in vain.
func TestAttemptIsSmall(t *testing.T) {
	cfg := Config{MaxAge: time.Second}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		w := goWrite(t.Context(), m, "no", make([]string, 10_000)...)
		time.Sleep(1500 * time.Millisecond)
		assert.Equal(t, 10_000, p.refusedRecords(), "it is not known before")
		time.Sleep(5 * time.Second)
		tries := len(p.tried()) - 1
		require.Positive(t, tries)
		assert.Equal(t, 10_000+tries*probeRecords, p.refusedRecords())
		p.allow()
		<-w.done
		assert.Equal(t, 10_000, p.rows())
		assert.Len(t, p.landed()[0].lines, probeRecords)
	})
}

// A process that is told to stop does not wait for what is refused.
func TestDrainTriesOnceMoreAndGivesBack(t *testing.T) {
	for name, accepted := range map[string]bool{"refused": false, "accepted": true} {
		t.Run(name, func(t *testing.T) {
			parkedBubble(t, Config{MaxAge: time.Second}, func(t *testing.T, m *Manager, p *denying, _ *changes) {
				w := goWrite(t.Context(), m, "no", make([]string, 3000)...)
				time.Sleep(10 * time.Minute)
				before := len(p.tried())
				if accepted {
					p.allow()
				}
				began := time.Now()
				m.Drain()
				<-w.done
				assert.Less(t, time.Since(began), time.Second)
				if accepted {
					assert.Empty(t, w.failures)
					assert.Equal(t, 3000, p.rows())
					return
				}
				assert.Len(t, p.tried(), before+1)
				assert.Len(t, w.failures, 3000)
				late, err := write(t.Context(), m, "no", "x")
				require.NoError(t, err)
				assert.Len(t, late, 1)
			})
		})
	}
}

// A withdrawn call leaves nothing behind in a parked partition.
func TestWithdrawnCallsLeaveParkedPartitions(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second, MaxInFlight: 4}, func(t *testing.T, m *Manager, p *denying, _ *changes) {
		for range 3 { // more than fit at once
			ctx, cancel := context.WithCancel(t.Context())
			a, b := goWrite(ctx, m, "no", "x"), goWrite(ctx, m, "no", "y")
			time.Sleep(20 * time.Second)
			cancel()
			<-a.done
			<-b.done
			require.ErrorIs(t, a.err, context.Canceled)
			require.ErrorIs(t, b.err, context.Canceled)
			synctest.Wait()
			atRest(t, m)
		}
		p.allow()
		time.Sleep(time.Hour)
		assert.Zero(t, p.rows())
	})
}

// Partitions that are parked and get no records any more are forgotten.
func TestParkedPartitionWithoutRecordsIsForgotten(t *testing.T) {
	cfg := Config{MaxAge: time.Second, OnRefusedObject: ObjectToDeadLetters, DeadLetters: letters{}}
	parkedBubble(t, cfg, func(t *testing.T, m *Manager, _ *denying, seen *changes) {
		<-goWrite(t.Context(), m, "no/1", "x").done
		for range 20 {
			<-goWrite(t.Context(), m, "yes", "x").done
			time.Sleep(time.Minute)
		}
		m.lock()
		assert.Empty(t, m.ledger.wards)
		m.unlock()
		synctest.Wait()
		assert.Equal(t, 1, seen.recovered)
	})
}

// Objects that are refused for what is in them, and not for where they go, are
// refused again as soon as one without that was accepted. That must not become a
// loop.
func TestPartitionThatIsRefusedNowAndThenIsTriedLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newDenying(func(o Object) bool { return len(o.Records) > 1 })
		seen := &changes{}
		m := start(t, Config{MaxAge: time.Second, Refused: refusals403, Observer: seen}, p)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() {
				for ctx.Err() == nil {
					_, _ = write(ctx, m, "a", "x")
				}
			})
		}
		callers.Wait()
		assert.Less(t, len(p.tried()), 60, "in ten minutes")
	})
}

// An upload that is lost for another reason is a failure as before.
func TestOtherErrorsParkNothing(t *testing.T) {
	parkedBubble(t, Config{MaxAge: time.Second}, func(t *testing.T, m *Manager, p *denying, seen *changes) {
		broken := errors.New("no answer")
		p.fail = func(Object) error { return broken }
		failures, err := write(t.Context(), m, "no", "x")
		require.NoError(t, err)
		require.Len(t, failures, 1)
		require.ErrorIs(t, failures[0].Err, broken)
		synctest.Wait()
		assert.Zero(t, seen.parked)
		assert.Equal(t, 1, seen.failed)
	})
}

func TestRefusedObjectsAreGivenUpWhenTheirTimeIsOver(t *testing.T) {
	p := newDenying(func(o Object) bool { return o.Path == "no" })
	cfg := Config{MaxAge: time.Second, GiveUpAfter: 5 * time.Second, Refused: refusals403, Observer: &changes{}}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, cfg, p)
		began := time.Now()
		failures, err := write(t.Context(), m, "no", "x")
		require.NoError(t, err)
		require.Len(t, failures, 1)
		require.ErrorIs(t, failures[0].Err, errDenied)
		assert.GreaterOrEqual(t, time.Since(began), 5*time.Second)
		assert.Less(t, time.Since(began), 20*time.Second)
		p.allow()
		failures, err = write(t.Context(), m, "no", "y")
		require.NoError(t, err)
		assert.Empty(t, failures, "the partition is tried again")
	})
}
