package health

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
)

// The framework logs each failed Connect and comes back within a second.
func TestConnectTellsTheReasonOnceAMinute(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		p.set(denied())
		began := time.Now()
		time.AfterFunc(30*time.Minute+time.Second, func() { p.set(nil) })
		logged := 0
		for {
			v := m.Connect(t.Context())
			if v.Err == nil {
				break
			}
			if logged++; logged == 1 {
				assert.Less(t, time.Since(began), time.Second, "the first reason at once")
			}
			assert.Equal(t, store.ClassDenied, v.Class())
			time.Sleep(time.Second)
		}
		assert.InDelta(t, 30, logged, 2)
		assert.Less(t, p.count(), 130, "two probes a minute, and a few more at first")
		assert.InDelta(t, 30*time.Minute, time.Since(began), float64(35*time.Second))

		p.set(denied())
		m.Check(t.Context())
		began = time.Now()
		require.Error(t, m.Connect(t.Context()).Err, "a new outage is news")
		assert.LessOrEqual(t, time.Since(began), 2*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, m.Connect(ctx).Err, context.DeadlineExceeded)
		go m.Close()
		require.ErrorIs(t, m.Connect(t.Context()).Err, ErrClosed)
	})
}

// The framework starts while a right is missing, and somebody grants it at once.
func TestADestinationThatIsDownAtTheStartIsFoundUpSoon(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		p.set(denied())
		require.Error(t, m.Connect(t.Context()).Err)
		time.AfterFunc(5*time.Second, func() { p.set(nil) })
		began := time.Now()
		require.NoError(t, m.Connect(t.Context()).Err)
		assert.Less(t, time.Since(began), 15*time.Second)
	})
}
