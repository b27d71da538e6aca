package chunk

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
)

func TestForcedStopUploadsNothingAfterwards(t *testing.T) {
	p := &memory{latency: time.Second}
	bubble(t, Config{MaxAge: 10 * time.Second}, p, func(t *testing.T, m *Manager) {
		ctx, cancel := context.WithCancel(t.Context())
		var calls []*writing
		for i := range 5 {
			calls = append(calls, goWrite(ctx, m, fmt.Sprint(i), "x"))
		}
		time.Sleep(10*time.Second + 500*time.Millisecond) // uploads are under way
		calls = append(calls, goWrite(ctx, m, "open", "y"))
		cancel()
		for _, c := range calls {
			<-c.done
			require.ErrorIs(t, c.err, context.Canceled)
		}
		time.Sleep(time.Minute)
		assert.Empty(t, p.landed(), "nothing may land after the calls were cancelled")
	})
}

func TestCancelledCallDoesNotTakeOthersWithIt(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: 10 * time.Second}, p, func(t *testing.T, m *Manager) {
		ctx, cancel := context.WithCancel(t.Context())
		gone := goWrite(ctx, m, "a", "gone")
		stays := goWrite(t.Context(), m, "a", "stays")
		synctest.Wait()
		cancel()
		<-gone.done
		<-stays.done
		require.NoError(t, stays.err)
		require.Len(t, p.landed(), 1)
		assert.Equal(t, []string{"stays"}, p.landed()[0].lines)
	})
}

func TestBadRecordsFollowTheirPolicy(t *testing.T) {
	lines := []string{"one", "bad two", "three"}
	for name, tc := range map[string]struct {
		policy   BadRecordPolicy
		failures []Failure
		dead     []string
	}{
		"reject":      {Reject, []Failure{{Index: 1, Err: &Refusal{errBad}}}, nil},
		"drop":        {Drop, nil, nil},
		"dead letter": {ToDeadLetter, nil, []string{"a|record is bad|bad two"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &memory{}
			cfg := Config{MaxAge: time.Second, OnBadRecord: tc.policy, DeadLetters: letters{}}
			bubble(t, cfg, p, func(t *testing.T, m *Manager) {
				failures, err := write(t.Context(), m, "a", lines...)
				require.NoError(t, err)
				assert.Equal(t, tc.failures, failures)
				var stored [kinds][]string // the two kinds land in any order
				for _, o := range p.landed() {
					stored[o.Kind] = append(stored[o.Kind], o.lines...)
				}
				assert.Equal(t, []string{"one", "three"}, stored[Data])
				assert.Equal(t, tc.dead, stored[DeadLetter])
			})
		})
	}
}

func TestRecordWithoutPartitionIsRefused(t *testing.T) {
	p := &memory{}
	bubble(t, Config{MaxAge: time.Second, DeadLetters: letters{}}, p, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		defer c.Release()
		require.NoError(t, c.Admit(t.Context(), 6, 2))
		reason := errors.New("no date")
		c.Refuse(record.Record{Raw: []byte("x")}, 0, reason)
		c.Add([]byte("a"), "", record.Record{Raw: []byte("fine")}, 1)
		failures, err := c.Commit(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []Failure{{Index: 0, Err: &Refusal{reason}}}, failures)
		assert.Equal(t, []string{"fine"}, p.landed()[0].lines)
	})
}

func TestEmptyCallReturnsAtOnce(t *testing.T) {
	bubble(t, Config{MaxAge: time.Hour}, &memory{}, func(t *testing.T, m *Manager) {
		failures, err := write(t.Context(), m, "a")
		require.NoError(t, err)
		assert.Empty(t, failures)
	})
}

func TestObjectThatCannotLandFailsItsRecordsOnly(t *testing.T) {
	broken := errors.New("no such bucket")
	p := &memory{fail: func(o Object) error {
		if o.Path == "broken" {
			return broken
		}
		return nil
	}}
	bubble(t, Config{MaxAge: time.Second}, p, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		defer c.Release()
		require.NoError(t, c.Admit(t.Context(), 2, 2))
		c.Add([]byte("fine"), "", record.Record{Raw: []byte("x")}, 0)
		c.Add([]byte("broken"), "", record.Record{Raw: []byte("y")}, 1)
		failures, err := c.Commit(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []Failure{{Index: 1, Err: broken}}, failures)
	})
}

func TestCloseEndsWaitingCalls(t *testing.T) {
	p := &memory{latency: time.Hour}
	bubble(t, Config{MaxAge: time.Second, MemoryLimit: 1}, p, func(t *testing.T, m *Manager) {
		uploading := goWrite(t.Context(), m, "a", "x")
		time.Sleep(2 * time.Second)
		gated := goWrite(t.Context(), m, "a", "y")
		synctest.Wait()
		require.NoError(t, m.Close(t.Context()))
		<-uploading.done
		<-gated.done
		require.ErrorIs(t, gated.err, ErrClosed)
		require.Len(t, uploading.failures, 1)
		require.ErrorIs(t, uploading.failures[0].Err, ErrClosed)
		_, err := write(t.Context(), m, "a", "z")
		require.ErrorIs(t, err, ErrClosed)
	})
}

func TestDeadLettersWaitForTheDataThatMayAddToThem(t *testing.T) {
	p := &memory{latency: 100 * time.Millisecond}
	cfg := Config{MaxAge: time.Hour, IdleTimeout: time.Second, OnBadRecord: ToDeadLetter, DeadLetters: letters{}, Uploads: 1}
	bubble(t, cfg, p, func(t *testing.T, m *Manager) {
		for i := range 5 {
			goWrite(t.Context(), m, fmt.Sprint(i), "bad", "good")
		}
		time.Sleep(10 * time.Second)
		objects := p.landed()
		require.Len(t, objects, 6)
		assert.Equal(t, DeadLetter, objects[5].Kind)
		assert.Len(t, objects[5].lines, 5)
	})
}
