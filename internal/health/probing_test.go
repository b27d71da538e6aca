package health

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// Operators who start a process look at its log and at its readiness at once.
func TestTheFirstWordDoesNotWaitForTheProbe(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		p.takes, p.waiting = time.Hour, &store.Error{Class: store.ClassThrottled, Err: errRefused}
		began := time.Now()
		v := m.Connect(t.Context())
		assert.Less(t, time.Since(began), 2*time.Second)
		assert.Equal(t, store.ClassThrottled, v.Class())
		assert.Equal(t, []State{Unhealthy}, w.states())
		require.ErrorIs(t, m.Status().Err, errRefused)

		next := m.Connect(t.Context())
		assert.Equal(t, firstWord+time.Minute, time.Since(began), "one line a minute")
		assert.Equal(t, store.ClassNetwork, next.Class(), "what the probe has found out since")
		assert.Equal(t, []State{Unhealthy}, w.states(), "one line in all")
	})
}

func TestASlowStartIsOneAfterAll(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		p.takes = 5 * time.Second
		began := time.Now()
		v := m.Connect(t.Context())
		require.ErrorIs(t, v.Err, errLong)
		assert.Equal(t, store.ClassNetwork, v.Class())
		require.NoError(t, m.Connect(t.Context()).Err)
		assert.Less(t, time.Since(began), 15*time.Second)
		assert.Equal(t, []State{Unhealthy, Healthy}, w.states())
		assert.False(t, p.twice)
	})
}

// Whoever is well must not be called ill because one probe takes longer.
func TestASlowProbeOfAHealthyDestinationTellsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		require.NoError(t, m.Connect(t.Context()).Err)
		p.takes = 10 * time.Second
		began := time.Now()
		require.NoError(t, m.Connect(t.Context()).Err)
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.Equal(t, []State{Healthy}, w.states())
	})
}

// An outage that uploads have noticed is told at once, and once: the probe that
// is to confirm it takes long.
func TestAKnownOutageIsToldAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Connect(t.Context()).Err)
		p.takes = 10 * time.Second
		m.Failed(unreachable())
		began := time.Now()
		v := m.Connect(t.Context())
		assert.Zero(t, time.Since(began))
		require.ErrorContains(t, v.Err, "uploads fail")
		require.NoError(t, m.Connect(t.Context()).Err, "the probe finds that all is well")
		assert.GreaterOrEqual(t, time.Since(began), p.takes)
	})
}

// A process that stops must not wait for a probe.
func TestCloseEndsAProbe(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		p.takes = time.Hour
		waiting := make(chan error, 1)
		go func() { waiting <- m.Check(t.Context()).Err }()
		synctest.Wait()
		began := time.Now()
		m.Close()
		assert.Zero(t, time.Since(began))
		require.ErrorIs(t, <-waiting, ErrClosed)
		assert.Empty(t, w.states(), "which is no evidence")
		require.ErrorIs(t, m.Check(t.Context()).Err, ErrClosed)
		assert.Equal(t, 1, p.count())
	})
}

// The first word may be about to be said when the probe ends.
func TestAWordThatComesTooLateIsNotSaid(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, w *witness) {
		p.takes = time.Hour
		f, _ := m.fly()
		m.Close()
		m.tell(f)
		assert.Empty(t, w.states())
		assert.Equal(t, Unchecked, m.Status().State)
	})
}

// A request that is silent for long says more than that it will be repeated.
func TestALongSilenceHastensTheProbe(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		time.Sleep(time.Minute)
		m.Attempt(store.Attempt{Op: store.OpPutObject, Class: store.ClassNetwork, Retrying: true, Latency: time.Second})
		synctest.Wait()
		assert.Equal(t, 1, p.count(), "a reset connection passes")
		p.set(unreachable())
		m.Attempt(store.Attempt{Op: store.OpPutObject, Class: store.ClassNetwork, Retrying: true, Latency: longSilence})
		time.Sleep(time.Second)
		assert.Equal(t, Unhealthy, m.Status().State)
	})
}

// at is a store on an address.
func at(t *testing.T, address string, edit func(*store.Config)) *store.Store {
	t.Helper()
	cfg := store.Config{
		Bucket: "b", Endpoint: address, ForcePathStyle: true, Retry: store.DefaultRetry(),
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "a", SecretAccessKey: "b"},
		Encryption: encryption.Config{Mode: encryption.ModeNone},
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := store.New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// dropping is a network that drops what is sent to connect, as firewalls do.
func dropping(c *store.Config) {
	c.HTTP.Client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}}
}

func TestTheFirstWordNamesEndpointClassAndCause(t *testing.T) {
	hanging := s3test.StartT(t, s3test.Config{})
	hanging.Faults.Add(s3test.Rule{Do: s3test.Hang()})
	busy := s3test.StartT(t, s3test.Config{})
	busy.Faults.Add(s3test.Rule{Do: s3test.SlowDown(0)})
	silent := httptest.NewUnstartedServer(nil) // a port that is listened on, and nobody reads
	t.Cleanup(func() { _ = silent.Listener.Close() })
	away := func(c *store.Config) {
		c.Auth.Mode, c.Auth.RoleARN = auth.ModeAssumeRole, "arn:aws:iam::111122223333:role/writer"
		c.Auth.STSEndpoint = hanging.URL
	}
	for name, c := range map[string]struct {
		address string
		edit    func(*store.Config)
		class   store.Class
		cause   string
	}{
		"accepts and is silent":     {hanging.URL, nil, store.ClassNetwork, "connected, and still waiting for an answer"},
		"is not even accepted":      {"http://" + silent.Listener.Addr().String(), nil, store.ClassNetwork, "connected, and still waiting for an answer"},
		"no answer to a connection": {"http://192.0.2.1:9000", dropping, store.ClassNetwork, "still waiting for a connection"},
		"asks to slow down":         {busy.URL, nil, store.ClassThrottled, "SlowDown"},
		"STS is silent":             {hanging.URL, away, store.ClassCredentials, "still waiting for credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &witness{}
			m := NewMonitor(Config{Probe: NewProber(at(t, c.address, c.edit), ProbeConfig{Prove: true}), Observer: w})
			defer m.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // for a busy machine
			defer cancel()
			v := m.Connect(ctx)
			require.Error(t, v.Err)
			assert.Equal(t, c.class, v.Class(), "%v", v.Err)
			require.ErrorContains(t, v.Err, c.cause)
			require.ErrorContains(t, v.Err, "checking the destination: uploading s3://b/_s3_destination_probe")
			if c.class == store.ClassNetwork {
				require.ErrorContains(t, v.Err, "at "+c.address)
			}
			assert.Equal(t, []State{Unhealthy}, w.states())
		})
	}
}

// Whoever waits for a connection is let go soon after something has happened.
func TestConnectUnlessEndsSoonAfterwards(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Connect(t.Context()).Err)
		p.takes = 10 * time.Second
		happened := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(happened) })
		began := time.Now()
		require.Error(t, m.ConnectUnless(t.Context(), happened).Err)
		assert.Equal(t, time.Second+lastCheck, time.Since(began))
		require.NoError(t, m.ConnectUnless(t.Context(), make(chan struct{})).Err)
	})
}
