package store

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
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

// TestAStoreThatIsAwaySaysNothingOfATakenKey: after a lost answer the object there is
// most likely ours. While it cannot be read for a reason that passes, the error is
// that one, and tells that the key is taken. A later Put under it finds out.
func TestAStoreThatIsAwaySaysNothingOfATakenKey(t *testing.T) {
	for what, c := range map[string]struct {
		status int
		fails  bool // no answer at all
		class  Class
		passes bool
	}{
		"throttled":       {status: 503, class: ClassThrottled, passes: true},
		"broken":          {status: 500, class: ClassNetwork, passes: true},
		"unreachable":     {fails: true, class: ClassNetwork, passes: true},
		"unknown to it":   {status: 401, class: ClassCredentials, passes: true},
		"no right":        {status: 403, class: ClassExists},
		"gone":            {status: 404, class: ClassExists},
		"not implemented": {status: 501, class: ClassExists},
	} {
		for _, size := range []int{1, 2 * littlePart} {
			var back, lost atomic.Bool
			server := s3test.StartT(t, s3test.Config{})
			s := newStore(t, server, func(cfg *Config) { smallParts(cfg); cfg.Retry.MaxRetries = 1 })
			if size > littlePart { // a Complete that is repeated finds the upload gone, and it is begun anew
				server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Skip: 1, Times: 1, Do: s3test.FailAfterBody(http.StatusNotFound, "NoSuchUpload", "gone")})
			}
			for _, op := range []string{"PutObject", "CompleteMultipartUpload"} {
				server.Faults.Add(s3test.Rule{Op: op, Times: 1, Do: func(x *s3test.Exchange) {
					lost.Store(true)
					s3test.LoseResponse()(x)
				}})
			}
			server.Faults.Add(s3test.Rule{Op: "HeadObject", Match: func(s3test.Request) bool { return !back.Load() }, Do: func(x *s3test.Exchange) {
				if c.fails {
					s3test.Reset(0)(x)
					return
				}
				x.W.WriteHeader(c.status)
			}})
			o := Object{Key: "k", Body: BodyOf(make([]byte, size)), Identity: "ours", IfNoneMatch: true}
			_, err := s.Put(t.Context(), o)
			require.True(t, lost.Load(), what)
			assert.Equal(t, c.class, ClassOf(err), "%s, %d bytes: %v", what, size, err)
			assert.True(t, unknown(err), what)
			assert.Equal(t, !c.passes, errors.Is(err, ErrExists), what)
			if taken := Taken(err); c.passes {
				require.ErrorIs(t, taken, ErrExists, what)
				assert.True(t, unknown(taken), what)
			} else {
				require.NoError(t, taken, what)
			}
			back.Store(true)
			o.MayExist = true
			r, err := s.Put(t.Context(), o)
			require.NoError(t, err, what)
			assert.True(t, r.Recovered, what)
			assert.Equal(t, []string{"k"}, server.Keys(""), what)
		}
	}
}

// TestAnExpiredSessionKeepsNobodyFromLookingAtAnObject: an answer to HEAD has no body
// that would say so.
func TestAnExpiredSessionKeepsNobodyFromLookingAtAnObject(t *testing.T) {
	puts, looks := 0, 0
	s := offline(t, func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodHead {
			if looks++; looks == 1 {
				return reply(r, 400, ""), nil
			}
			return reply(r, 200, "", "X-Amz-Meta-S3d-Identity", "id", "Content-Length", "4"), nil
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if puts++; puts == 1 {
			return nil, io.ErrUnexpectedEOF
		}
		return reply(r, 412, "PreconditionFailed"), nil
	}, fastRetry())
	r, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("four")), Identity: "id", IfNoneMatch: true})
	require.NoError(t, err)
	assert.True(t, r.Recovered)
}
