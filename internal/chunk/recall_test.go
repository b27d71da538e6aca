package chunk

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An object that could not be stored yet holds records of a call that is
// withdrawn, and others: those alone are stored, in another one.
func TestRecordsThatWereWithdrawnAreNotStoredLater(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	p := &memory{}
	retries := func(o Object) error { // as a store that retries until it is told not to
		for down.Load() {
			select {
			case <-o.Recalled:
				return errors.New("down")
			case <-time.After(time.Second):
			}
		}
		return nil
	}
	p.fail = retries
	bubble(t, Config{MaxAge: time.Second}, p, func(t *testing.T, m *Manager) {
		ctx, cancel := context.WithCancel(t.Context())
		gone := goWrite(ctx, m, "a", "gone")
		stays := goWrite(t.Context(), m, "a", "stays")
		time.Sleep(time.Minute)
		require.Equal(t, 1, m.chunksIn(landing))
		cancel()
		<-gone.done
		time.Sleep(time.Minute)
		down.Store(false)
		<-stays.done
		require.NoError(t, stays.err)
		assert.Empty(t, stays.failures)
		require.Len(t, p.landed(), 1)
		assert.Equal(t, []string{"stays"}, p.landed()[0].lines)
	})
}

// An object that waits for its upload is made anew without what was withdrawn.
func TestWithdrawnRecordsThatWaitForAnUploadAreNotStored(t *testing.T) {
	for name, look := range map[string]func(m *Manager){
		"by the sweep":      (*Manager).sweep,
		"before the upload": (*Manager).startLanding,
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{Uploads: 4})
			m.pace = newPace(4)
			gone, stays := m.comes(1, committed), m.comes(1, committed)
			m.place(partition{path: "a"}, gone.brings(2, 10), false)
			m.place(partition{path: "a"}, stays.brings(3, 10), false)
			c := m.ledger.open[partition{path: "a"}]
			m.seal(c, Size)
			m.ledger.move(c, encoding)
			p := &memory{}
			p.forms.Add(1)
			c.form = &written{forms: &p.forms}
			m.ledger.move(c, encoded)
			_, _ = gone.withdraw(context.Canceled)
			look(m)
			assert.Equal(t, dissolved, c.state)
			assert.Zero(t, p.forms.Load(), "the encoded form is given back")
			require.NotNil(t, m.ledger.open[partition{path: "a"}])
			assert.Equal(t, 3, m.ledger.open[partition{path: "a"}].records)
		})
	}
}

// What is encoded while some of it is withdrawn is encoded again without.
func TestWithdrawnInPartWhileEncodingIsNotUploaded(t *testing.T) {
	p := &slow{takes: 5 * time.Second}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Second}, p)
		ctx, cancel := context.WithCancel(t.Context())
		gone := goWrite(ctx, m, "a", "gone")
		stays := goWrite(t.Context(), m, "a", "stays")
		time.Sleep(3 * time.Second)
		require.Equal(t, 1, m.chunksIn(encoding))
		cancel()
		<-gone.done
		<-stays.done
		require.Len(t, p.landed(), 1)
		assert.Equal(t, []string{"stays"}, p.landed()[0].lines)
	})
}

func TestWhatIsHeldIsRolledAndWhatComesLaterIsNot(t *testing.T) {
	p := &memory{latency: time.Second}
	bubble(t, Config{MaxAge: time.Hour, Encoders: 1, Uploads: 1}, p, func(t *testing.T, m *Manager) {
		var held []*writing
		for _, path := range []string{"a", "b", "c"} {
			held = append(held, goWrite(t.Context(), m, path, "x"))
		}
		time.Sleep(time.Second)
		m.FlushHeld()
		time.Sleep(aMoment)
		later := goWrite(t.Context(), m, "d", "y")
		for _, w := range held {
			<-w.done
		}
		assert.Equal(t, map[Reason]int{Drain: 3}, p.reasons(), "more than there are workers")
		time.Sleep(time.Minute)
		assert.Equal(t, 1, m.chunksIn(open))
		<-later.done
		assert.Equal(t, map[Reason]int{Drain: 3, Age: 1}, p.reasons())
	})
}

// An input that waits for room has the largest chunks rolled, whatever the
// output takes for its own memory; and none while some are under way.
func TestAnInputThatWaitsIsRelieved(t *testing.T) {
	p := &memory{latency: time.Minute}
	bubble(t, Config{MaxAge: time.Hour, MemoryLimit: 1 << 20}, p, func(t *testing.T, m *Manager) {
		large := goWrite(t.Context(), m, "a", strings.Repeat("x", 1000))
		goWrite(t.Context(), m, "b", strings.Repeat("x", 100))
		goWrite(t.Context(), m, "c", strings.Repeat("x", 10))
		time.Sleep(time.Second)
		m.Relieve()
		time.Sleep(aMoment)
		m.Relieve()
		time.Sleep(aMoment)
		assert.Equal(t, 1, m.chunksIn(landing))
		assert.Equal(t, 2, m.chunksIn(open))
		<-large.done
		time.Sleep(time.Minute)
		assert.Equal(t, map[Reason]int{Memory: 1}, p.reasons(), "once for each time")
	})
}
