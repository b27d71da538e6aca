package store

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestSlowDownStormIsRiddenOut(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	w := &watcher{}
	s := newStore(t, server, func(c *Config) { c.Observer = w })
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 4, Do: s3test.SlowDown(0)})
	r, err := put(t.Context(), s, "k", []byte("content"))
	require.NoError(t, err)
	assert.Equal(t, 5, r.Attempts)
	assert.False(t, r.Recovered)
	assert.Equal(t, []Class{ClassThrottled, ClassThrottled, ClassThrottled, ClassThrottled, ""}, w.classes(OpPutObject))
	requireStored(t, server, "k", []byte("content"))
}

func TestSlowDownWithoutEndSpendsTheBudget(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	server.Faults.Add(s3test.Rule{Do: s3test.SlowDown(0)})
	_, err := put(t.Context(), s, "k", []byte("content"))
	require.Equal(t, ClassThrottled, ClassOf(err))
	assert.Equal(t, 6, server.Count("PutObject"))
	require.ErrorContains(t, err, "uploading s3://landing/k: throttled: SlowDown (HTTP 503)")
	assert.ErrorContains(t, err, "after 6 attempts")
}

func TestResetMidBodyIsRetriedWithTheWholeBody(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	content := randomBytes(3 << 20)
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 2, Do: s3test.Reset(1 << 20)})
	r, err := put(t.Context(), s, "k", content)
	require.NoError(t, err)
	assert.Equal(t, 3, r.Attempts)
	requireStored(t, server, "k", content)
}

func TestLostResponse(t *testing.T) {
	cases := map[string]struct {
		deny          []string
		unconditional bool
		other         bool // the object that is found there is somebody else's
		wantErr       error
		recovered     bool
	}{
		"recognised by its identity":          {recovered: true},
		"not readable: take another key":      {deny: []string{"HeadObject"}, wantErr: ErrExists},
		"unconditional: simply written again": {unconditional: true},
		"somebody else's object":              {other: true, wantErr: ErrExists},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			s := newStore(t, server, nil)
			if c.other {
				_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("content")), Identity: "chunk-0"})
				require.NoError(t, err)
			}
			server.Faults.Deny(c.deny...)
			server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.LoseResponse()})
			r, err := s.Put(t.Context(), Object{
				Key: "k", Body: BodyOf([]byte("content")), Identity: "chunk-1", IfNoneMatch: !c.unconditional,
			})
			requireIs(t, err, c.wantErr)
			assert.Equal(t, c.recovered, r.Recovered)
			requireStored(t, server, "k", []byte("content"))
		})
	}
}

func requireIs(t *testing.T, err, want error) {
	t.Helper()
	if want == nil {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, want)
}

func TestTakenKeyIsNotLookedAt(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, smallParts)
	for _, size := range []int{10, littlePart + 1} {
		_, err := put(t.Context(), s, "k", []byte("first"))
		if size == 10 {
			require.NoError(t, err)
		}
		_, err = put(t.Context(), s, "k", make([]byte, size))
		require.ErrorIs(t, err, ErrExists)
		assert.Equal(t, ClassExists, ClassOf(err))
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.False(t, e.OutcomeUnknown)
	}
	assert.Zero(t, server.Count("HeadObject"))
	requireStored(t, server, "k", []byte("first"))
}

func TestUnknownOutcomeIsResolvedByALaterPut(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { c.Retry.MaxRetries = 1 })
	lost := server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.LoseResponse()})
	down := server.Faults.Add(s3test.Rule{Do: s3test.Fail(http.StatusBadGateway, "", "")})
	_, err := put(t.Context(), s, "k", []byte("content"))
	require.Equal(t, ClassNetwork, ClassOf(err))
	var e *Error
	require.ErrorAs(t, err, &e)
	require.True(t, e.OutcomeUnknown)
	lost.Remove()
	down.Remove()

	r, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("content")), Identity: "chunk-1", IfNoneMatch: true, MayExist: true})
	require.NoError(t, err)
	assert.True(t, r.Recovered)
}

func TestServerErrorAfterStoringIsRecovered(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.ThenFail(http.StatusInternalServerError, "InternalError", "We encountered an internal error.")})
	r, err := put(t.Context(), s, "k", []byte("content"))
	require.NoError(t, err)
	assert.True(t, r.Recovered)
}

func TestExpiredTokenIsRefreshedOnceAtOnce(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	// A pause before the second try would exceed the test's time limit.
	s := newStore(t, server, func(c *Config) { c.Retry.InitialInterval, c.Retry.MaxInterval = time.Hour, time.Hour })
	fault := server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.Fail(http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")})
	r, err := put(t.Context(), s, "k", []byte("content"))
	require.NoError(t, err)
	assert.Equal(t, 2, r.Attempts)
	assert.Equal(t, 1, fault.Hits())

	server.ExpireKey(server.AccessKey)
	_, err = put(t.Context(), s, "k2", []byte("content"))
	require.Equal(t, ClassCredentials, ClassOf(err))
	assert.Equal(t, 4, server.Count("PutObject"), "fresh credentials that are refused as well end it")
}

func TestBlackHoleIsGivenUp(t *testing.T) {
	for name, hang := range map[string]s3test.Action{"body read": s3test.Hang(), "body not read": s3test.HangUnread()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := s3test.StartT(t, s3test.Config{})
			// Long enough for a busy machine to store the second try.
			s := newStore(t, server, func(c *Config) { c.RequestTimeout = 2 * time.Second; c.Retry.MaxRetries = 1 })
			server.Faults.Add(s3test.Rule{Times: 1, Do: hang})
			content := randomBytes(12 << 20) // more than the sockets' buffers hold
			_, err := put(t.Context(), s, "k", content)
			require.NoError(t, err, "the second try reaches the store")
			requireStored(t, server, "k", content)

			server.Faults.Add(s3test.Rule{Do: hang})
			_, err = put(t.Context(), s, "k2", content)
			require.Equal(t, ClassNetwork, ClassOf(err))
			require.ErrorContains(t, err, "neither accepted data nor answered")
		})
	}
}

func TestCancelledPutStopsAtOnce(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	server.Faults.Add(s3test.Rule{Do: s3test.Hang()})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := put(ctx, s, "k", []byte("content"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, ClassCanceled, ClassOf(err))
	assert.Equal(t, 1, server.Count("PutObject"))

	_, err = put(ctx, s, "k", []byte("content"))
	require.Equal(t, ClassCanceled, ClassOf(err))
	assert.Equal(t, 1, server.Count("PutObject"), "nothing is sent on a dead context")
}

// Blocks go back to a pool, so a request that is still being written when Put
// returns would upload somebody else's bytes. The race detector watches.
func TestBodyMayBeReusedOncePutHasReturned(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { c.Retry.MaxRetries = 0 })
	server.Faults.Add(s3test.Rule{Key: "early", Do: s3test.Fail(http.StatusForbidden, "AccessDenied", "no")})
	server.Faults.Add(s3test.Rule{Key: "hang", Do: s3test.HangUnread()})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			body := BodyOf(make([]byte, 8<<20))
			_, err := s.Put(ctx, Object{Key: []string{"early", "hang"}[i%2], Body: body})
			if err == nil {
				t.Error("the upload should have failed")
			}
			body.Reset()
			_, _ = body.Write(make([]byte, 8<<20))
		})
	}
	wg.Wait()
}

func TestDamagedBytesAreSentOnceMore(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { c.Checksum = ChecksumCRC32C })
	bad := s3test.FailAfterBody(http.StatusBadRequest, "BadDigest", "The CRC32C you specified did not match the calculated checksum.")
	server.Faults.Add(s3test.Rule{Key: "once", Times: 1, Do: bad})
	_, err := put(t.Context(), s, "once", []byte("content"))
	require.NoError(t, err)

	server.Faults.Add(s3test.Rule{Key: "always", Do: bad})
	_, err = put(t.Context(), s, "always", []byte("content"))
	require.Equal(t, ClassInvalid, ClassOf(err))
	assert.Equal(t, 4, server.Count("PutObject"))
}

func TestWrongSecretAndUnknownBucket(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	const secret = "an-entirely-different-secret"
	s := newStore(t, server, func(c *Config) { c.Auth.SecretAccessKey = secret })
	_, err := put(t.Context(), s, "k", []byte("content"))
	require.Equal(t, ClassCredentials, ClassOf(err))
	assert.NotContains(t, err.Error(), secret)
	assert.NotContains(t, err.Error(), server.SecretKey)

	s = newStore(t, server, func(c *Config) { c.Bucket = "elsewhere" })
	_, err = put(t.Context(), s, "k", []byte("content"))
	require.Equal(t, ClassNoBucket, ClassOf(err))
	require.ErrorContains(t, err, "create the bucket elsewhere")
}

func TestSessionTokenIsSent(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.AddKey("ASIATEMP", "temp-secret", "the-token")
	use := func(token string) error {
		s := newStore(t, server, func(c *Config) {
			c.Auth.AccessKeyID, c.Auth.SecretAccessKey, c.Auth.SessionToken = "ASIATEMP", "temp-secret", token
		})
		_, err := s.Put(t.Context(), Object{Key: "k"})
		return err
	}
	require.NoError(t, use("the-token"))
	require.Equal(t, ClassCredentials, ClassOf(use("another")))
}

// With s3:PutObject alone everything works that has to.
func TestMinimalPermissionsSuffice(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Deny("HeadBucket", "HeadObject", "GetObject", "ListObjectsV2", "DeleteObject",
		"AbortMultipartUpload", "ListMultipartUploads", "ListParts", "GetBucketLocation")
	s := newStore(t, server, smallParts)
	_, err := put(t.Context(), s, "small", []byte("content"))
	require.NoError(t, err)
	_, err = put(t.Context(), s, "large", randomBytes(2*littlePart))
	require.NoError(t, err)
	for _, r := range server.Requests("") {
		assert.Contains(t, []string{"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"}, r.Op)
	}
	require.Equal(t, ClassDenied, ClassOf(s.Delete(t.Context(), "small")))
	_, err = s.List(t.Context(), "", "", 1)
	require.Equal(t, ClassDenied, ClassOf(err))
}

// Stores that keep locked objects without versions refuse to replace them with
// 403, which is neither a missing right nor a destination that is down.
func TestALockedObjectIsATakenKey(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Do: s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "Access Denied because object protected by object lock")})
	s := newStore(t, server, nil)
	_, err := put(t.Context(), s, "k", []byte("x"))
	require.ErrorIs(t, err, ErrExists)
	assert.Equal(t, Unknown, s.Conditional(1), "the lock has refused it, not the condition")
	require.Equal(t, ClassDenied, ClassOf(s.Delete(t.Context(), "k")))
}
