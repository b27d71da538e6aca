package health

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
)

// fickle is a store that fails with err, when it is not nil.
type fickle struct {
	err   error
	puts  int
	asked []bool // MayExist of each put
}

func (f *fickle) Put(_ context.Context, o store.Object) (store.Result, error) {
	f.puts++
	f.asked = append(f.asked, o.MayExist)
	if f.err != nil {
		return store.Result{}, f.err
	}
	return store.Result{Attempts: 1}, nil
}

func (f *fickle) ListAfter(context.Context, string, string, func(string) bool) error { return nil }

func TestAnUploadOutlivesAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		failure := &store.Error{Class: store.ClassDenied, OutcomeUnknown: true}
		s := &fickle{err: failure}
		p.set(failure)
		time.AfterFunc(time.Hour, func() { s.err = nil; p.set(nil) })
		_, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{})
		require.NoError(t, err)
		assert.Equal(t, []bool{false, true}, s.asked, "once before, once after")
	})
}

func TestPatienceEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		p.set(denied())
		began := time.Now()
		_, err := NewPatient(&fickle{err: denied()}, m, 10*time.Minute).Put(t.Context(), store.Object{})
		assert.Equal(t, store.ClassDenied, store.ClassOf(err), "the reason, not the time limit")
		assert.Equal(t, 10*time.Minute, time.Since(began))
	})
}

func TestAContradictedUploadIsGivenUpSoon(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, _ *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		s := &fickle{err: denied()}
		_, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{})
		require.Error(t, err)
		assert.Equal(t, contradictions+1, s.puts)
	})
}

func TestOtherErrorsPassThrough(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, _ *fakeProbe, _ *witness) {
		s := &fickle{err: store.ErrExists}
		_, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{})
		require.ErrorIs(t, err, store.ErrExists)
		s.err = denied()
		_, err = NewPatient(s, nil, 0).Put(t.Context(), store.Object{})
		require.Error(t, err)
		assert.Equal(t, 2, s.puts)
	})
}
