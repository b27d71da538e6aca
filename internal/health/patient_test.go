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
	Uploads

	err   error
	puts  int
	asked []bool // MayExist of each put
}

func (f *fickle) Put(_ context.Context, o store.Object) (store.Result, error) {
	f.puts++
	f.asked = append(f.asked, o.MayExist)
	if f.err != nil {
		return store.Result{Attempts: 1}, f.err
	}
	return store.Result{Attempts: 1}, nil
}

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

// TestARefusedObjectIsReturnedSoon: a policy may take a moment to spread, so that
// the first one is tried again; those that follow hold up nobody.
func TestARefusedObjectIsReturnedSoon(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		began := time.Now()
		s := &fickle{err: denied()}
		r, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{})
		assert.True(t, store.Refused(err))
		assert.Equal(t, store.ClassDenied, store.ClassOf(err), "the reason is kept")
		assert.Equal(t, contradictions+1, s.puts)
		assert.Equal(t, s.puts, r.Attempts, "attempts are those of all tries")
		assert.Less(t, time.Since(began), 4*time.Second)
		for range 5 {
			began, s.puts = time.Now(), 0
			probes := p.count()
			_, err = NewPatient(s, m, 0).Put(t.Context(), store.Object{})
			assert.True(t, store.Refused(err))
			assert.Equal(t, 1, s.puts)
			assert.LessOrEqual(t, time.Since(began), p.takes, "nothing is waited for but a probe")
			assert.Equal(t, probes+1, p.count(), "a probe says that the destination is well now")
		}
	})
}

// TestARefusalIsReportedOnce: whoever reports it again, when probes are trusted
// no more, does not shut everybody out.
func TestARefusalIsReportedOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, _ *fakeProbe, w *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		_, err := NewPatient(&fickle{err: denied()}, m, 0).Put(t.Context(), store.Object{})
		require.True(t, store.Refused(err))
		time.Sleep(24 * time.Hour)
		before := len(w.states())
		m.Failed(err)
		assert.Len(t, w.states(), before)
		m.Failed(denied())
		assert.Len(t, w.states(), before+1, "an error that may concern everybody")
	})
}

// TestAnOutageIsNoRefusal: where uploads were contradicted a moment ago, the
// destination may be down all the same.
func TestAnOutageIsNoRefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		s := &fickle{err: denied()}
		_, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{})
		require.True(t, store.Refused(err))
		p.set(denied())
		time.AfterFunc(time.Hour, func() { s.err = nil; p.set(nil) })
		began := time.Now()
		_, err = NewPatient(s, m, 0).Put(t.Context(), store.Object{})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(began), time.Hour)
	})
}

// TestWhatPassesByItselfIsNoRefusal: a store that throttles some objects, or
// loses their connections, may take them later.
func TestWhatPassesByItselfIsNoRefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, _ *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		s := &fickle{err: unreachable()}
		began := time.Now()
		_, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{})
		require.Error(t, err)
		assert.False(t, store.Refused(err))
		assert.Equal(t, contradictions+2, s.puts)
		assert.Less(t, time.Since(began), 5*time.Second)
	})
}

func TestOtherErrorsPassThrough(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, _ *fakeProbe, _ *witness) {
		s := &fickle{err: store.ErrExists}
		_, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{})
		require.Equal(t, store.ErrExists, err, "as it is")
		s.err = denied()
		_, err = NewPatient(s, nil, 0).Put(t.Context(), store.Object{})
		require.Error(t, err)
		assert.False(t, store.Refused(err), "nobody knows whether the destination is well")
		assert.Equal(t, 2, s.puts)
	})
}

// between calls fn between the beginning and the failure of a put.
type between struct {
	fickle

	fn func()
}

func (b *between) Put(ctx context.Context, o store.Object) (store.Result, error) {
	r, err := b.fickle.Put(ctx, o)
	if fn := b.fn; fn != nil {
		b.fn = nil
		fn()
	}
	return r, err
}

// TestObjectsThatAreStoredVouchForTheDestination: without a health check they
// are all that tells a refusal from a destination that is down.
func TestObjectsThatAreStoredVouchForTheDestination(t *testing.T) {
	for _, failure := range []error{denied(), unreachable()} {
		b := &between{fickle: fickle{err: failure}}
		p := NewPatient(b, nil, 0)
		b.fn = func() {
			b.err = nil
			_, err := p.Put(t.Context(), store.Object{})
			assert.NoError(t, err)
			b.err = failure
		}
		_, err := p.Put(t.Context(), store.Object{})
		require.ErrorIs(t, err, failure)
		assert.Equal(t, store.ClassOf(failure) == store.ClassDenied, store.Refused(err))
	}
}

func TestARecalledObjectIsGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		p.set(denied())
		recalled := make(chan struct{})
		time.AfterFunc(time.Hour, func() { close(recalled) })
		began := time.Now()
		s := &fickle{err: denied()}
		_, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{Recalled: recalled})
		assert.Equal(t, store.ClassDenied, store.ClassOf(err))
		assert.Equal(t, time.Hour, time.Since(began), "while the destination is down")
		puts := s.puts
		_, err = NewPatient(s, m, 0).Put(t.Context(), store.Object{Recalled: recalled})
		assert.Equal(t, store.ClassDenied, store.ClassOf(err))
		assert.Equal(t, puts+1, s.puts)
	})
}
