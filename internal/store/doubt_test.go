package store

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestATakenKeyMayBeOurs: whoever finds a key taken after a lost answer is told
// whether the object there was read. One that was is somebody else's.
func TestATakenKeyMayBeOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lost, mayExist, denied bool
		doubt                  bool
	}{
		"taken by somebody else":                  {},
		"no answer lost, reading denied":          {denied: true},
		"an answer lost, reading denied":          {lost: true, denied: true, doubt: true},
		"an earlier Put in doubt, read":           {mayExist: true},
		"an earlier Put in doubt, reading denied": {mayExist: true, denied: true, doubt: true},
	} {
		for _, size := range []int{1, 2 * littlePart} {
			server := s3test.StartT(t, s3test.Config{})
			s := newStore(t, server, smallParts)
			if c.lost && size > littlePart {
				continue // the upload is gone then, and begun anew
			}
			if c.lost {
				server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.LoseResponse()})
			} else {
				_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("other")), Identity: "other"})
				require.NoError(t, err)
			}
			if c.denied {
				server.Faults.Deny("HeadObject")
			}
			o := Object{Key: "k", Body: BodyOf(make([]byte, size)), Identity: "ours", IfNoneMatch: true, MayExist: c.mayExist}
			_, err := s.Put(t.Context(), o)
			require.ErrorIs(t, err, ErrExists, "%s, %d bytes", name, size)
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.doubt, e.OutcomeUnknown, "%s, %d bytes", name, size)
		}
	}
}

// TestAnObjectOfOursThatIsDamagedIsNoSuccess: it has our identity and another
// length, so that its key is taken for good.
func TestAnObjectOfOursThatIsDamagedIsNoSuccess(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("half")), Identity: "ours"})
	require.NoError(t, err)
	_, err = s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("the whole")), Identity: "ours", IfNoneMatch: true, MayExist: true})
	require.ErrorIs(t, err, ErrExists)
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.False(t, e.OutcomeUnknown)
}
