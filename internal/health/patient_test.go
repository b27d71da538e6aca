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

// unread is a store that finds a key taken by what may be this object, and cannot
// read it.
func unread() error {
	return &store.Error{
		Op: store.OpHeadObject, Class: store.ClassNetwork, Err: errRefused, OutcomeUnknown: true,
		Found: &store.Error{Op: store.OpPutObject, Class: store.ClassExists, Err: store.ErrExists, OutcomeUnknown: true},
	}
}

// TestATakenKeyIsLookedAtAfterAnOutage: another key would make a copy of each object
// whose answer was lost before. The outage may last longer than an upload is tried,
// and other failures may come first.
func TestATakenKeyIsLookedAtAfterAnOutage(t *testing.T) {
	for _, earlier := range []int{0, 2} {
		inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
			require.NoError(t, m.Check(t.Context()).Err)
			m.Start()
			s := &unreadOnce{fickle: fickle{err: unreachable()}, earlier: earlier}
			_, err := NewPatient(s, m, time.Minute).Put(t.Context(), store.Object{})
			require.NoError(t, err)
			assert.Equal(t, earlier+2, s.puts)
			assert.True(t, s.asked[len(s.asked)-1], "it may exist")
		})
	}
}

// unreadOnce fails some times, then cannot read the object after all the time that
// there is, and reads it the next time.
type unreadOnce struct {
	fickle

	earlier int
}

func (u *unreadOnce) Put(ctx context.Context, o store.Object) (store.Result, error) {
	switch {
	case u.puts == u.earlier:
		time.Sleep(time.Hour)
		u.err = unread()
	case u.puts > u.earlier:
		u.err = nil
	}
	return u.fickle.Put(ctx, o)
}

// TestATakenKeyIsLookedAtAfterTwoOutages: another one begins while the object is
// looked at again.
func TestATakenKeyIsLookedAtAfterTwoOutages(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		s := &twoOutages{fickle: fickle{err: unread()}, second: func() {
			p.set(unreachable())
			time.AfterFunc(time.Hour, func() { p.set(nil) })
		}}
		_, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{})
		require.NoError(t, err)
		assert.Equal(t, 3, s.puts)
	})
}

// twoOutages cannot read the object twice.
type twoOutages struct {
	fickle

	second func()
}

func (u *twoOutages) Put(ctx context.Context, o store.Object) (store.Result, error) {
	switch u.puts {
	case 1:
		u.second()
	case 2:
		u.err = nil
	}
	return u.fickle.Put(ctx, o)
}

// TestAnObjectThatIsNeverReadGetsAnotherKey: the destination is well, and still the
// object cannot be looked at.
func TestAnObjectThatIsNeverReadGetsAnotherKey(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, _ *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		s := &fickle{err: unread()}
		_, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{})
		require.ErrorIs(t, err, store.ErrExists)
		assert.True(t, outcomeUnknown(err), "it may be this one")
		assert.Equal(t, 2, s.puts)
	})
	s := &fickle{err: unread()}
	_, err := NewPatient(s, nil, 0).Put(t.Context(), store.Object{})
	require.ErrorIs(t, err, store.ErrExists, "nobody knows how the destination is")
	assert.Equal(t, 1, s.puts)
}

// TestAnObjectThatCannotBeReadInTimeKeepsItsKey: it is given up, and whoever tries
// again looks at it then.
func TestAnObjectThatCannotBeReadInTimeKeepsItsKey(t *testing.T) {
	inBubble(t, func(t *testing.T, m *Monitor, p *fakeProbe, _ *witness) {
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		p.set(unreachable())
		_, err := NewPatient(&fickle{err: unread()}, m, 10*time.Minute).Put(t.Context(), store.Object{})
		assert.Equal(t, store.ClassNetwork, store.ClassOf(err))
		require.NotErrorIs(t, err, store.ErrExists)
		assert.True(t, outcomeUnknown(err))
	})
}
