package store

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func partNumber(n string) func(s3test.Request) bool {
	return func(r s3test.Request) bool { return r.Query.Get("partNumber") == n }
}

func TestPartsAreRetriedIndividually(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, smallParts)
	server.Faults.Add(s3test.Rule{Op: "UploadPart", Match: partNumber("2"), Times: 2, Do: s3test.Reset(1000)})
	content := randomBytes(3*littlePart + 1)
	r, err := put(t.Context(), s, "k", content)
	require.NoError(t, err)
	assert.Equal(t, 1+6+1, r.Attempts, "only the failing part is sent again")
	requireStored(t, server, "k", content)
}

func TestFailedPartAbortsTheUpload(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	w := &watcher{}
	s := newStore(t, server, func(c *Config) { smallParts(c); c.Observer = w })
	server.Faults.Add(s3test.Rule{Op: "UploadPart", Match: partNumber("2"), Do: s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "Access Denied")})
	_, err := put(t.Context(), s, "k", randomBytes(6*littlePart))
	require.Equal(t, ClassDenied, ClassOf(err), "the first failure counts, not the cancelled siblings")
	require.ErrorContains(t, err, "uploading a part of s3://landing/k")
	assert.Equal(t, 1, server.Count("AbortMultipartUpload"))
	assert.Zero(t, server.Count("CompleteMultipartUpload"))
	assert.Empty(t, server.Keys(""))
	assert.Empty(t, w.left)
}

// ending is an Observer that ends the upload once a part has arrived.
type ending struct {
	watcher
	end context.CancelFunc
}

func (e *ending) Attempt(a Attempt) {
	if e.watcher.Attempt(a); a.Op == OpUploadPart {
		e.end()
	}
}

func TestUploadThatIsCancelledBetweenTwoPartsIsNotCompleted(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := newStore(t, server, func(c *Config) { smallParts(c); c.PartConcurrency, c.Observer = 1, &ending{end: cancel} })
	_, err := put(ctx, s, "k", randomBytes(3*littlePart))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "uploading a part of s3://landing/k", "not: completing it")
	assert.Equal(t, 1, server.Count("UploadPart"))
	assert.Equal(t, 1, server.Count("AbortMultipartUpload"))
}

func TestAbortThatIsRefusedIsReported(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	w := &watcher{}
	s := newStore(t, server, func(c *Config) { smallParts(c); c.Observer = w })
	server.Faults.Deny("UploadPart", "AbortMultipartUpload")
	_, err := put(t.Context(), s, "k", randomBytes(2*littlePart))
	require.Equal(t, ClassDenied, ClassOf(err))
	assert.Equal(t, []string{"k"}, w.left)
}

func TestCancelledUploadIsAbortedOnAFreshContext(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"UploadPart", "CompleteMultipartUpload"} {
		t.Run(op, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			s := newStore(t, server, smallParts)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			hang := s3test.Hang()
			server.Faults.Add(s3test.Rule{Op: op, Do: func(x *s3test.Exchange) { cancel(); hang(x) }})
			_, err := put(ctx, s, "k", randomBytes(3*littlePart))
			require.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, ClassCanceled, ClassOf(err))
			assert.Equal(t, 1, server.Count("AbortMultipartUpload"))
		})
	}
}

func TestErrorInsideASuccessfulComplete(t *testing.T) {
	t.Parallel()
	t.Run("internal error is retried", func(t *testing.T) {
		server := s3test.StartT(t, s3test.Config{})
		s := newStore(t, server, smallParts)
		server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Times: 2, Do: s3test.ErrorInside("InternalError", "Please try again.")})
		content := randomBytes(2 * littlePart)
		_, err := put(t.Context(), s, "k", content)
		require.NoError(t, err)
		assert.Equal(t, 3, server.Count("CompleteMultipartUpload"))
		requireStored(t, server, "k", content)
	})
	t.Run("precondition failed is a 412", func(t *testing.T) {
		server := s3test.StartT(t, s3test.Config{})
		s := newStore(t, server, smallParts)
		server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Do: s3test.ErrorInside("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")})
		_, err := put(t.Context(), s, "k", randomBytes(2*littlePart))
		require.ErrorIs(t, err, ErrExists)
		assert.Equal(t, 1, server.Count("CompleteMultipartUpload"))
		assert.Equal(t, 1, server.Count("AbortMultipartUpload"))
	})
}

func TestLostCompleteIsRecovered(t *testing.T) {
	t.Parallel()
	// A store that answers a repeated Complete with 412, and one that has
	// forgotten the upload by then.
	for name, second := range map[string]s3test.Action{
		"the store repeats its answer": nil,
		"the key is taken":             s3test.FailAfterBody(http.StatusPreconditionFailed, "PreconditionFailed", "taken"),
		"the upload is gone":           s3test.FailAfterBody(http.StatusNotFound, "NoSuchUpload", "gone"),
	} {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			s := newStore(t, server, smallParts)
			server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Times: 1, Do: s3test.LoseResponse()})
			if second != nil {
				server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Do: second})
			}
			content := randomBytes(2 * littlePart)
			r, err := put(t.Context(), s, "k", content)
			require.NoError(t, err)
			assert.True(t, r.Recovered || second == nil)
			assert.Equal(t, 1, server.Count("CreateMultipartUpload"))
			requireStored(t, server, "k", content)
		})
	}
}

func TestDoubtSurvivesARestart(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { smallParts(c); c.Retry.MaxRetries = 1 })
	server.Faults.Deny("HeadObject")
	server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Times: 1, Do: s3test.LoseResponse()})
	server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Do: s3test.FailAfterBody(http.StatusNotFound, "NoSuchUpload", "gone")})
	server.Faults.Add(s3test.Rule{Op: "CreateMultipartUpload", Skip: 1, Do: s3test.FailAfterBody(http.StatusBadGateway, "", "")})
	_, err := put(t.Context(), s, "k", randomBytes(2*littlePart))
	require.Equal(t, ClassNetwork, ClassOf(err))
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.OutcomeUnknown, "the lost Complete did store the object")
	assert.Equal(t, []string{"k"}, server.Keys(""))
}

func TestForgottenUploadIsBegunAnew(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"NoSuchUpload", "ConditionalRequestConflict"} {
		t.Run(code, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			s := newStore(t, server, smallParts)
			server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Times: 1, Do: s3test.FailAfterBody(http.StatusConflict, code, "")})
			content := randomBytes(2 * littlePart)
			_, err := put(t.Context(), s, "k", content)
			require.NoError(t, err)
			assert.Equal(t, 2, server.Count("CreateMultipartUpload"))
			requireStored(t, server, "k", content)
		})
	}
	t.Run("but not for ever", func(t *testing.T) {
		server := s3test.StartT(t, s3test.Config{})
		s := newStore(t, server, smallParts)
		server.Faults.Add(s3test.Rule{Op: "UploadPart", Do: s3test.FailAfterBody(http.StatusNotFound, "NoSuchUpload", "")})
		_, err := put(t.Context(), s, "k", randomBytes(2*littlePart))
		require.Equal(t, ClassInvalid, ClassOf(err))
		assert.Equal(t, 1+maxRestarts, server.Count("CreateMultipartUpload"))
	})
}

func TestPutConflictIsRetried(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.FailAfterBody(http.StatusConflict, "ConditionalRequestConflict", "")})
	r, err := put(t.Context(), s, "k", []byte("content"))
	require.NoError(t, err)
	assert.Equal(t, 2, r.Attempts)
}

func TestPartSizeStaysWithinTheLimitOfParts(t *testing.T) {
	const mib = 1 << 20
	assert.Equal(t, int64(16*mib), partSize(100*mib, 16*mib))
	assert.Equal(t, int64(16*mib), partSize(16*mib*maxParts, 16*mib))
	assert.Equal(t, int64(32*mib), partSize(16*mib*maxParts+1, 16*mib))
}
