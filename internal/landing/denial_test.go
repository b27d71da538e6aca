package landing

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
)

// TestAStoreThatCallsEveryKeyTakenIsNotBelieved: be it the store, a policy or a
// proxy that answers 412 to everything, the object is not uploaded again and
// again, and the error says what is wrong.
func TestAStoreThatCallsEveryKeyTakenIsNotBelieved(t *testing.T) {
	for _, c := range []struct {
		what, file         string
		known              store.Known
		denyList, denyHead bool
		most               int
	}{
		{"a uuid", "f-{{uuid}}", store.Shown, false, false, maxDenied},
		{"nothing known of conditions", "f-{{chunk_id}}", store.Unknown, true, true, maxDenied},
		{"a number, and a listing that shows nothing", "f-{{chunk_id}}", store.Shown, false, true, maxUnseen + maxDenied},
		{"an appended number, and a listing that shows nothing", "f", store.Shown, false, true, maxUnseen + maxDenied},
		{"reading that shows nothing", "f-{{chunk_id}}", store.Shown, true, false, maxTaken + maxDenied},
		{"nothing to look at", "f-{{chunk_id}}", store.Shown, true, true, maxTaken + maxDenied},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket()
			b.caps[store.ConditionalPut] = c.known
			b.denyList, b.denyHead = c.denyList, c.denyHead
			b.before = func(store.Object) error { return exists(false) }
			l := lander(t, b, c.file)
			began := time.Now()
			err := land(t, l, "1")
			require.ErrorIs(t, err, store.ErrExists, c.what)
			assert.True(t, store.Refused(err))
			assert.Equal(t, store.ClassExists, store.ClassOf(err))
			assert.ErrorContains(t, err, "the store calls every key taken")
			assert.ErrorContains(t, err, "in/f-")
			assert.ErrorContains(t, err, "conditional_writes: off")
			assert.LessOrEqual(t, b.puts, c.most, c.what)
			assert.LessOrEqual(t, b.lists+b.heads, 2*maxTaken)
			if b.puts > freeTries {
				assert.Greater(t, time.Since(began), time.Duration(0), "%s: with pauses", c.what)
			}
			assert.Less(t, time.Since(began), 15*time.Second)
		})
	}
}

// TestAListingThatDoesNotShowTakenKeys, as one that is out of date, costs two
// uploads: then the object lands under a unique name.
func TestAListingThatDoesNotShowTakenKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &outdated{newBucket(numbered(100, "in/f-%05d.json")...)}
		l := lander(t, b, "f-{{chunk_id}}")
		began := time.Now()
		require.NoError(t, land(t, l, "1"))
		assert.Positive(t, time.Since(began), "not at once: it may catch up")
		assert.Equal(t, maxUnseen+1, b.puts)
		require.Len(t, b.added(), 1)
		assert.Regexp(t, `^in/f-\d{5}-[0-9a-f-]{36}\.json$`, b.added()[0])
	})
}

// TestAKeyThatIsRemovedMeanwhileIsNoReasonForAUniqueName: one key that was removed in the
// meantime is no reason for a unique name.
func TestAKeyThatIsRemovedMeanwhileIsNoReasonForAUniqueName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		once := true
		b.before = func(store.Object) error {
			if once {
				once = false
				return exists(false)
			}
			return nil
		}
		require.NoError(t, land(t, lander(t, b, "f-{{chunk_id}}"), "1"))
		assert.Regexp(t, `^in/f-\d{5}\.json$`, b.added()[0])
	})
}

// outdated is a bucket whose listing is of yesterday.
type outdated struct{ *bucket }

func (o *outdated) List(_ context.Context, _, _ string, _ int) ([]string, error) {
	o.lists++
	return nil, nil
}

// TestCancelledUploadsTakeNoOtherName: whoever gives up gets his own reason.
func TestCancelledUploadsTakeNoOtherName(t *testing.T) {
	b := newBucket("in/f-00001.json")
	l := lander(t, b, "f-{{chunk_id}}")
	ctx, cancel := context.WithCancel(t.Context())
	b.before = func(store.Object) error { cancel(); return exists(false) }
	o := object(t, l, "", "1")
	defer o.Encoded.Release()
	_, err := l.Land(ctx, o)
	require.ErrorIs(t, err, store.ErrExists)
	assert.Equal(t, 1, b.puts)
	assert.Empty(t, b.added())
}

// TestAUniqueKeyThatIsCalledTakenIsReplacedOnce: that may have been a mistake of
// the store's.
func TestAUniqueKeyThatIsCalledTakenIsReplacedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		var tried []string
		b.before = func(o store.Object) error {
			if tried = append(tried, o.Key); len(tried) == 1 {
				return exists(false)
			}
			return nil
		}
		began := time.Now()
		require.NoError(t, land(t, lander(t, b, "f-{{uuid}}"), "1"))
		assert.Positive(t, time.Since(began))
		require.Len(t, tried, 2)
		assert.NotEqual(t, tried[0], tried[1])
		assert.Equal(t, tried[1:], b.added())
	})
}

// TestWhoeverIsCancelledWhileItPausesIsTold what the store said last.
func TestWhoeverIsCancelledWhileItPausesIsTold(t *testing.T) {
	for file, free := range map[string]int{"f-{{uuid}}": 0, "f-{{chunk_id}}": freeTries} {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket()
			b.denyList, b.denyHead = true, true
			b.before = func(store.Object) error { return exists(false) }
			l := lander(t, b, file)
			o := object(t, l, "", "1")
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				_, err := l.Land(ctx, o)
				ended <- err
			}()
			synctest.Wait() // until the first pause
			puts := b.puts
			cancel()
			require.ErrorIs(t, <-ended, store.ErrExists)
			assert.Equal(t, free+1, puts, file)
			assert.Equal(t, puts, b.puts, "nothing is uploaded after that")
			o.Encoded.Release()
		})
	}
}

// TestPausesDouble up to a bound, and are drawn from the whole of it.
func TestPausesDouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &attempt{}
		longest := func(n int) (most time.Duration) {
			for range 300 {
				began := time.Now()
				require.NoError(t, a.pause(t.Context(), n))
				most = max(most, time.Since(began))
			}
			return most
		}
		assert.Zero(t, longest(-1))
		assert.Zero(t, longest(0))
		for n, bound := range []time.Duration{1: firstPause, 2 * firstPause, 4 * firstPause, 7: lastPause, lastPause} {
			if bound > 0 {
				most := longest(n)
				assert.Less(t, most, bound, n)
				assert.Greater(t, most, bound*9/10, n)
			}
		}
	})
}
