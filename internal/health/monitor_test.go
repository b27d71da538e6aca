package health

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
)

// inBubble runs a test of a monitor under a fake clock.
func inBubble(t *testing.T, fn func(t *testing.T, m *Monitor, p *fakeProbe, w *witness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p, w := &fakeProbe{takes: 10 * time.Millisecond}, &witness{}
		m := NewMonitor(Config{Probe: p, Observer: w})
		defer m.Close()
		fn(t, m, p, w)
	})
}

func TestProbesAreSpread(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		m.Start()
		time.Sleep(time.Hour)
		assert.InDelta(t, 13, p.count(), 2)
		for i, at := range p.at[1:] {
			assert.InDelta(t, 5*time.Minute, at.Sub(p.at[i]), float64(time.Minute+time.Second))
		}
		assert.Equal(t, []State{Healthy}, w.states(), "one line for an hour")
		s := m.Status()
		assert.Equal(t, Healthy, s.State)
		assert.WithinDuration(t, time.Now(), s.LastSuccess, 6*time.Minute)
	})
}

func TestProbesAreSharedNotDoubled(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { assert.NoError(t, m.Check(t.Context()).Err) })
		}
		wg.Wait()
		assert.Equal(t, 1, p.count())
		assert.False(t, p.twice)
	})
}

func TestAnImpatientCallerIsNoEvidence(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		p.takes = 5 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		patient := make(chan error)
		go func() { patient <- m.Check(t.Context()).Err }()
		require.ErrorIs(t, m.Check(ctx).Err, context.DeadlineExceeded)
		require.NoError(t, <-patient, "the probe goes on for the others")
		assert.Equal(t, 2, p.count())
		assert.Equal(t, []State{Healthy}, w.states())
	})
}

func TestItsOwnTimeLimitIsEvidence(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		p.takes = time.Hour
		began := time.Now()
		v := m.Check(t.Context())
		assert.Equal(t, DefaultTimeout, time.Since(began))
		assert.Equal(t, store.ClassNetwork, v.Class(), "not canceled")
		assert.Equal(t, Unhealthy, m.Status().State)
	})
}

func TestConnectInATightLoopIsNone(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		p.set(denied())
		for range 10 {
			require.Error(t, m.Check(t.Context()).Err)
		}
		assert.Equal(t, 10, p.count())
		assert.GreaterOrEqual(t, p.at[9].Sub(p.at[0]), 9*time.Second)
	})
}

func TestOneCallDisconnectsAndTheRestWait(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		p.set(unreachable())
		m.Failed(unreachable())
		assert.Equal(t, Unhealthy, m.Status().State, "at once")

		var told, passed atomic.Int32
		for range 100 {
			go func() {
				outcome, err := m.Enter(t.Context())
				assert.NoError(t, err)
				if outcome == Disconnect {
					told.Add(1)
				} else {
					passed.Add(1)
				}
			}()
		}
		time.Sleep(10 * time.Minute)
		assert.Equal(t, int32(1), told.Load())
		assert.Equal(t, int32(0), passed.Load())
		assert.Less(t, p.count(), 60, "slower and slower, down to two a minute")

		// The framework connects, again and again, and then repeats the call.
		p.set(nil)
		require.NoError(t, m.Check(t.Context()).Err)
		synctest.Wait()
		assert.Equal(t, int32(99), passed.Load())
		outcome, err := m.Enter(t.Context())
		require.NoError(t, err)
		assert.Equal(t, Resume, outcome, "the one that is repeated, not one of those who waited")
		assert.Equal(t, []State{Healthy, Unhealthy, Healthy}, w.states(), "two lines for an outage")
		assert.GreaterOrEqual(t, w.changes[2].Lasted, 10*time.Minute)
		assert.Equal(t, store.ClassNetwork, w.changes[1].Class)
	})
}

func TestTheRepeatedCallResumes(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		enter := func() Outcome {
			o, err := m.Enter(t.Context())
			require.NoError(t, err)
			return o
		}
		require.NoError(t, m.Check(t.Context()).Err)
		assert.Equal(t, Proceed, enter())
		p.set(denied())
		m.Failed(denied())
		assert.Equal(t, Disconnect, enter())
		p.set(nil)
		require.NoError(t, m.Check(t.Context()).Err)
		assert.Equal(t, Resume, enter())
		assert.Equal(t, Proceed, enter())

		// Down again while the framework still repeats the first call: nobody
		// else may queue up behind its lock.
		p.set(denied())
		require.Error(t, m.Check(t.Context()).Err)
		second := make(chan Outcome)
		go func() { second <- enter() }()
		time.Sleep(time.Minute)
		m.Resumed()
		assert.Equal(t, Disconnect, <-second, "now somebody has to")
	})
}

func TestTheRepeatedCallNeverWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		p.set(denied())
		m.Check(t.Context())
		outcome, err := m.Enter(t.Context())
		require.NoError(t, err)
		require.Equal(t, Disconnect, outcome)
		p.set(nil)
		require.NoError(t, m.Check(t.Context()).Err)
		p.set(denied())
		require.Error(t, m.Check(t.Context()).Err, "down again between Connect and the call")
		outcome, err = m.Enter(t.Context())
		require.NoError(t, err)
		assert.Equal(t, Disconnect, outcome, "it holds the framework's lock")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = m.Enter(ctx)
		require.Error(t, err, "everybody else waits")
	})
}

func TestRecoveryIsNoticedWithoutAnybodyAsking(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		p.set(unreachable())
		require.Error(t, m.Check(t.Context()).Err)
		m.Start()
		time.AfterFunc(20*time.Minute, func() { p.set(nil) })
		began := time.Now()
		require.NoError(t, m.Gate(t.Context()))
		assert.InDelta(t, 20*time.Minute, time.Since(began), float64(35*time.Second))
	})
}

func TestAnUploadThatSucceedsHastensTheProbe(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		p.set(unreachable())
		require.Error(t, m.Check(t.Context()).Err)
		m.Start()
		time.Sleep(10 * time.Minute)
		p.set(nil)
		began := time.Now()
		m.Attempt(store.Attempt{Op: store.OpDeleteObject})
		m.Attempt(store.Attempt{Op: store.OpPutObject})
		require.NoError(t, m.Gate(t.Context()))
		assert.Less(t, time.Since(began), 2*time.Second)
	})
}

func TestRequestsThatGoOnFailingOpen(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		for range 20 { // a burst proves nothing
			m.Attempt(store.Attempt{Op: store.OpPutObject, Class: store.ClassThrottled})
		}
		assert.Equal(t, Healthy, m.Status().State)
		time.Sleep(6 * time.Second)
		m.Attempt(store.Attempt{Op: store.OpHeadObject, Class: store.ClassThrottled})
		m.Attempt(store.Attempt{Op: store.OpUploadPart, Class: store.ClassInvalid})
		assert.Equal(t, Healthy, m.Status().State)
		m.Attempt(store.Attempt{Op: store.OpUploadPart, Class: store.ClassThrottled, Err: errors.New("uploading s3://b/k: throttled: slow down")})
		assert.Equal(t, Unhealthy, m.Status().State)
		assert.ErrorContains(t, m.Status().Err, "21 requests in a row failed, the last: uploading s3://b/k: throttled: slow down")
		assert.Equal(t, store.ClassThrottled, m.Status().Class)
	})
}

// A key service that fails is tried again, as a store that fails is: a probe
// would meet the same, for as long as it may.
func TestAKeyServiceThatGoesOnFailingOpens(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		p.takes = time.Hour
		for range 7 {
			m.Attempt(store.Attempt{Op: store.OpPutObject, Class: store.ClassKMS, Retrying: true})
			time.Sleep(time.Second)
		}
		assert.Equal(t, Unhealthy, m.Status().State)
		assert.Equal(t, store.ClassKMS, m.Status().Class)
	})
}

func TestExpiredCredentialsDoNotOpen(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		for range 16 {
			m.Attempt(store.Attempt{Op: store.OpPutObject, Class: store.ClassCredentials})
		}
		time.Sleep(time.Minute)
		assert.Equal(t, 2, p.count(), "but a probe looks")
		assert.Equal(t, []State{Healthy}, w.states())
	})
}

func TestADeniedSubFolderDoesNotFlap(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		for range 240 { // uploads fail all the time; the probe's prefix is fine
			m.Failed(denied())
			time.Sleep(time.Second)
		}
		assert.Equal(t, []State{Healthy, Unhealthy, Healthy}, w.states())
		assert.Less(t, p.count(), 15)
	})
}

func TestRecordLevelErrorsNeverOpen(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, _ *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Failed(errors.New("a bad record"))
		m.Failed(&store.Error{Class: store.ClassExists})
		m.Failed(&store.Error{Class: store.ClassCanceled})
		m.Failed(nil)
		assert.Equal(t, Healthy, m.Status().State)
	})
}

func TestALeftoverIsOneWarning(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		p.v.Leftover = errLeft
		for range 3 {
			require.NoError(t, m.Check(t.Context()).Err)
		}
		assert.Equal(t, []string{"_probe"}, w.left)
		assert.Equal(t, 3, m.Status().CleanupFailures)
		require.ErrorIs(t, m.Status().Leftover, errLeft)
		p.v.Leftover = nil
		m.Check(t.Context())
		require.NoError(t, m.Status().Leftover)
		assert.Equal(t, []State{Healthy}, w.states())
	})
}

func TestCloseSendsEverybodyHome(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		p.set(denied())
		m.Check(t.Context())
		m.Start()
		outcome, err := m.Enter(t.Context())
		require.NoError(t, err)
		require.Equal(t, Disconnect, outcome)
		ended := make(chan error, 2)
		go func() { _, err := m.Enter(t.Context()); ended <- err }()
		go func() { ended <- m.Gate(t.Context()) }()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = m.Enter(impatient)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		m.Close()
		m.Close()
		require.ErrorIs(t, <-ended, ErrClosed)
		require.ErrorIs(t, <-ended, ErrClosed)
	})
}

func TestANilMonitorIsAHealthCheckSwitchedOff(t *testing.T) {
	var m *Monitor
	m.Start()
	outcome, err := m.Enter(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Proceed, outcome)
	require.NoError(t, m.Gate(t.Context()))
	require.NoError(t, m.Check(t.Context()).Err)
	require.NoError(t, m.Connect(t.Context()).Err)
	m.Attempt(store.Attempt{})
	m.Failed(denied())
	m.Resumed()
	assert.Equal(t, Status{}, m.Status())
	m.Close()
}
