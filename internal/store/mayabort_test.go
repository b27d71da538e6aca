package store

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func openConfig(server *s3test.Server) Config {
	return Config{
		Bucket: server.Bucket, Endpoint: server.URL, ForcePathStyle: true,
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
		Encryption: encryption.Config{Mode: encryption.ModeNone}, Retry: fastRetry(),
	}
}

func TestTapSeesEveryAnswer(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	var answers atomic.Int32
	cfg := openConfig(server)
	cfg.HTTP.Tap = func(r *http.Response) {
		assert.NotEmpty(t, r.Header.Get("Date"))
		answers.Add(1)
	}
	s, err := New(t.Context(), cfg)
	require.NoError(t, err)
	defer s.Close()
	server.Faults.Add(s3test.Rule{Times: 1, Do: s3test.SlowDown(0)})
	_, err = put(t.Context(), s, "k", []byte("x"))
	require.NoError(t, err)
	assert.Equal(t, int32(2), answers.Load())
}

func TestMayAbort(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s, err := New(t.Context(), openConfig(server))
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.MayAbort(t.Context(), "k"))
	server.Faults.Deny("AbortMultipartUpload")
	require.Equal(t, ClassDenied, ClassOf(s.MayAbort(t.Context(), "k")))
}

func TestOutOfTime(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s, err := New(t.Context(), openConfig(server))
	require.NoError(t, err)
	defer s.Close()
	s.cfg.Retry = RetryConfig{MaxRetries: -1, InitialInterval: time.Hour, MaxInterval: time.Hour}
	server.Faults.Add(s3test.Rule{Do: s3test.SlowDown(time.Minute)})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = put(ctx, s, "k", nil)
	require.Equal(t, ClassCanceled, ClassOf(err))
	lost := OutOfTime(t.Context(), err)
	assert.Equal(t, ClassThrottled, ClassOf(lost))
	assert.ErrorContains(t, lost, "no success in the time allowed, last: SlowDown (HTTP 503)")
	plain := errors.New("plain")
	assert.Equal(t, plain, OutOfTime(t.Context(), plain))
	assert.NoError(t, OutOfTime(t.Context(), nil))
}

// The time runs out during an attempt: what the one before failed with says
// more than that this one was cut off.
func TestOutOfTimeInTheMiddleOfAnAttempt(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Times: 1, Do: s3test.FailAfterBody(500, "kms:KeyGenerationFailed", "failed to generate data key with KMS key")})
	server.Faults.Add(s3test.Rule{Do: s3test.Hang()})
	s := newStore(t, server, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := put(ctx, s, "k", nil)
	require.Equal(t, ClassCanceled, ClassOf(err))
	lost := OutOfTime(t.Context(), err)
	assert.Equal(t, ClassKMS, ClassOf(lost))
	assert.ErrorContains(t, lost, "no success in the time allowed, last: kms:KeyGenerationFailed (HTTP 500)")
	assert.ErrorContains(t, lost, "the key service itself fails")
}

// Rights are looked at first, so that what is not there shows that they are.
func TestWhatIsNotThereMayBeRemoved(t *testing.T) {
	for code, c := range map[string]struct{ abort, remove Class }{
		"NoSuchUpload":  {"", ClassInvalid},
		"NoSuchKey":     {"", ""},
		"NoSuchBucket":  {ClassNoBucket, ClassNoBucket},
		"AccessDenied":  {ClassDenied, ClassDenied},
		"InternalError": {ClassNetwork, ClassNetwork},
	} {
		s := behind(t, page(404, "<Error><Code>"+code+"</Code></Error>"), nil)
		assert.Equal(t, c.abort, ClassOf(s.MayAbort(t.Context(), "k")), code)
		assert.Equal(t, c.remove, ClassOf(s.Delete(t.Context(), "k")), code)
	}
}
