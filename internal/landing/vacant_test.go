package landing

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// vacant is the error of a key that is called taken after an answer was lost, while
// nothing is under it.
func vacant() error {
	return &store.Error{Op: store.OpPutObject, Class: store.ClassExists, Err: store.ErrExists, OutcomeUnknown: true, Vacant: true}
}

// calling calls the first keys taken, and notes what was tried.
func calling(b *bucket, times int) *[]store.Object {
	var tried []store.Object
	b.before = func(o store.Object) error {
		if tried = append(tried, o); len(tried) <= times {
			return vacant()
		}
		return nil
	}
	return &tried
}

// TestAKeyThatIsCalledTakenAndIsVacantIsNoSuccess: nothing of ours is stored. The same
// key is tried once more, since the first attempt may still be on its way, and then
// another one.
func TestAKeyThatIsCalledTakenAndIsVacantIsNoSuccess(t *testing.T) {
	for times := 1; times <= 2; times++ {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket()
			tried := calling(b, times)
			require.NoError(t, land(t, lander(t, b, "f-{{uuid}}"), "1"))
			require.Len(t, *tried, times+1)
			last := (*tried)[times]
			assert.Equal(t, []string{last.Key}, b.added())
			assert.Equal(t, (*tried)[0].Key, (*tried)[1].Key)
			assert.False(t, (*tried)[0].MayExist)
			assert.True(t, (*tried)[1].MayExist, "an object that has become visible is recognised")
			if times == 2 {
				assert.NotEqual(t, (*tried)[1].Key, last.Key)
				assert.False(t, last.MayExist)
			}
		})
	}
}

// TestAStoreThatCallsEveryVacantKeyTakenIsRefusing: it is told, and nothing is lost.
func TestAStoreThatCallsEveryVacantKeyTakenIsRefusing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		calling(b, 1000)
		err := land(t, lander(t, b, "f-{{uuid}}"), "1")
		require.ErrorContains(t, err, "the store calls every key taken")
		assert.True(t, store.Refused(err))
		assert.LessOrEqual(t, b.puts, maxDenied+1)
		assert.Empty(t, b.added())
	})
}

// TestASealedObjectWhoseKeyIsVacant is carried there once more, under the key that is
// on disk, and only then under another one.
func TestASealedObjectWhoseKeyIsVacant(t *testing.T) {
	for times := 1; times <= 2; times++ {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket()
			tried := calling(b, times)
			l := lander(t, b, "f-{{uuid}}")
			o := object(t, l, "v", "1")
			defer o.Encoded.Release()
			intent, body, err := l.Seal(o)
			require.NoError(t, err)
			var recorded []string
			landed, err := l.Carry(t.Context(), intent, body, true, func(_ context.Context, intent []byte) error {
				recorded = append(recorded, KeyOf(intent))
				return nil
			})
			require.NoError(t, err)
			assert.Equal(t, []string{landed.Key}, b.added())
			require.Len(t, *tried, times+1)
			assert.Equal(t, KeyOf(intent), (*tried)[1].Key)
			assert.True(t, (*tried)[1].MayExist)
			if times == 1 {
				assert.Empty(t, recorded)
				return
			}
			assert.Equal(t, []string{landed.Key}, recorded)
			assert.NotEqual(t, KeyOf(intent), landed.Key)
			assert.False(t, (*tried)[2].MayExist, "nobody has sent anything under it")
		})
	}
}

// TestAnAnnouncedKeyThatIsVacantIsNoSuccess: whoever is told that it is taken looks, as
// far as there is a right to.
func TestAnAnnouncedKeyThatIsVacantIsNoSuccess(t *testing.T) {
	for what, c := range map[string]struct {
		taken, denyHead, denyList bool
		landed                    bool
	}{
		"stored by another process":              {taken: true, landed: true},
		"nothing there":                          {},
		"no right to read":                       {denyHead: true, landed: true},
		"no right to learn of what is not there": {denyList: true, landed: true},
	} {
		b := newBucket()
		l := lander(t, b, "f")
		o := object(t, l, "v", "1")
		o.Announced = &chunk.Announced{UUID: "01890000-0000-7000-8000-000000000000", Number: 1}
		if c.taken {
			_, err := l.Land(t.Context(), o)
			require.NoError(t, err, what)
		}
		b.denyHead, b.denyList = c.denyHead, c.denyList
		b.before = func(store.Object) error { return exists(false) }
		key, err := l.Land(t.Context(), o)
		if c.landed {
			require.NoError(t, err, what)
		} else {
			require.ErrorIs(t, err, store.ErrExists, what)
			assert.True(t, store.Refused(err), what)
			require.ErrorContains(t, err, "nothing is there", what)
			b.before = nil
			key, err = l.Land(t.Context(), o)
			require.NoError(t, err, what)
			assert.Equal(t, []string{key}, b.keys(), what)
		}
		assert.Regexp(t, unique, key, what)
		o.Encoded.Release()
	}
}

// TestAFalseAnswerAfterABrokenOneLosesNothing: the first attempt ends in doubt and has
// stored nothing, and a proxy answers 412 to the second.
func TestAFalseAnswerAfterABrokenOneLosesNothing(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.FailAfterBody(http.StatusInternalServerError, "InternalError", "")})
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.FailAfterBody(http.StatusPreconditionFailed, "PreconditionFailed", "")})
	s := connect(t, server, func(*store.Config) {})
	require.NoError(t, land(t, lander(t, shown{s}, "f-{{uuid}}"), "1"))
	assert.Len(t, server.Keys("in/"), 1)
	assert.Equal(t, 3, server.Count("PutObject"))
	assert.Equal(t, 1, server.Count("HeadObject"))
}
