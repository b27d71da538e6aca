package store

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// doer is an HTTP client without a network, for tests that own the clock.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// reply is an answer of S3 to a write; a code makes it an error.
func reply(r *http.Request, status int, code string, header ...string) *http.Response {
	body := ""
	if code != "" {
		body = "<Error><Code>" + code + "</Code><Message>m</Message></Error>"
	}
	h := http.Header{"X-Amz-Request-Id": {"TEST"}}
	if code == "" {
		h.Set("ETag", `"stored"`)
	}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h,
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
}

// offline returns a store on client whose jitter always draws the ceiling.
func offline(t *testing.T, client doer, retry RetryConfig) *Store {
	t.Helper()
	s, err := New(t.Context(), Config{
		Bucket: "b", Region: "eu-west-1",
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "AKIA", SecretAccessKey: "secret"},
		Encryption: encryption.Config{Mode: encryption.ModeNone},
		Retry:      retry,
		HTTP:       HTTPConfig{Client: client},
	})
	require.NoError(t, err)
	s.jitter = func(ceiling time.Duration) time.Duration { return ceiling }
	return s
}

func TestWaitsGrowUpToTheMaximum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			at = append(at, time.Since(start))
			return reply(r, 503, "SlowDown"), nil
		}, RetryConfig{MaxRetries: 5, InitialInterval: time.Second, MaxInterval: 5 * time.Second})
		_, err := s.Put(t.Context(), Object{Key: "k"})
		require.Equal(t, ClassThrottled, ClassOf(err))
		var waits []time.Duration
		for i := 1; i < len(at); i++ {
			waits = append(waits, at[i]-at[i-1])
		}
		const sec = time.Second
		assert.Equal(t, []time.Duration{sec, 2 * sec, 4 * sec, 5 * sec, 5 * sec}, waits)
	})
}

func TestNoTryBeginsAfterMaxElapsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			return reply(r, 500, "InternalError"), nil
		}, RetryConfig{MaxRetries: -1, InitialInterval: time.Second, MaxInterval: time.Second, MaxElapsed: 10 * time.Second})
		_, err := s.Put(t.Context(), Object{Key: "k"})
		require.Equal(t, ClassNetwork, ClassOf(err))
		assert.Equal(t, 10*time.Second, time.Since(start))
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 11, e.Attempts)
		assert.True(t, e.OutcomeUnknown)
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for header, want := range map[string]time.Duration{
			"7":     7 * time.Second,
			"86400": time.Minute, // not believed
			"-3":    time.Second,
			"soon":  time.Second,
			time.Now().Add(9 * time.Second).UTC().Format(http.TimeFormat): 9 * time.Second,
		} {
			start, n := time.Now(), 0
			s := offline(t, func(r *http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return reply(r, 503, "SlowDown", "Retry-After", header), nil
				}
				return reply(r, 200, ""), nil
			}, RetryConfig{MaxRetries: 3, InitialInterval: time.Second, MaxInterval: time.Second})
			_, err := s.Put(t.Context(), Object{Key: "k"})
			require.NoError(t, err)
			if at, err := http.ParseTime(header); err == nil {
				want = max(at.Sub(start), time.Second)
			}
			assert.Equal(t, want, time.Since(start), header)
		}
	})
}

func TestCancellationEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			return reply(r, 503, "SlowDown"), nil
		}, RetryConfig{MaxRetries: 5, InitialInterval: time.Hour, MaxInterval: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := s.Put(ctx, Object{Key: "k"})
		require.Equal(t, ClassCanceled, ClassOf(err))
		require.ErrorContains(t, err, "while waiting to retry after: SlowDown")
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestSilenceIsMeasuredFromTheLastByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Each megabyte takes 20 s: slow, but never silent for 30.
		slow := func(r *http.Request) (*http.Response, error) {
			buf := make([]byte, 1<<20)
			for {
				if n, _ := io.ReadFull(r.Body, buf); n == 0 {
					return reply(r, 200, ""), nil
				}
				select {
				case <-time.After(20 * time.Second):
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			}
		}
		none := RetryConfig{MaxRetries: 0, InitialInterval: 1}
		_, err := offline(t, slow, none).Put(t.Context(), Object{Key: "k", Body: BodyOf(make([]byte, 5<<20))})
		require.NoError(t, err)
	})
}

func TestTrickleIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trickle := func(r *http.Request) (*http.Response, error) {
			for buf := make([]byte, 1<<10); ; {
				if n, _ := io.ReadFull(r.Body, buf); n == 0 {
					return reply(r, 200, ""), nil
				}
				select {
				case <-time.After(time.Second):
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			}
		}
		start := time.Now()
		_, err := offline(t, trickle, RetryConfig{InitialInterval: 1}).Put(t.Context(), Object{Key: "k", Body: BodyOf(make([]byte, 1<<20))})
		require.ErrorIs(t, err, errSlow)
		assert.Equal(t, 2*DefaultRequestTimeout+(1<<20/minThroughput)*time.Second, time.Since(start))
	})
}

func TestSilentStoreIsGivenUpAfterTheRequestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, RetryConfig{MaxRetries: 0, InitialInterval: 1})
		start := time.Now()
		_, err := s.Put(t.Context(), Object{Key: "k"})
		require.ErrorIs(t, err, errSilent)
		require.Equal(t, ClassNetwork, ClassOf(err))
		assert.Equal(t, DefaultRequestTimeout, time.Since(start))
	})
}

func TestClockSkewIsLearntAndTriedOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var signed []time.Time
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
			require.NoError(t, err)
			signed = append(signed, at)
			return reply(r, 403, "RequestTimeTooSkewed", "Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)), nil
		}, fastRetry())
		_, err := s.Put(t.Context(), Object{Key: "k"})
		require.Equal(t, ClassClockSkew, ClassOf(err))
		require.Len(t, signed, 2)
		assert.InDelta(t, time.Hour, signed[1].Sub(signed[0]), float64(2*time.Second), "the second try is signed with the server's time")
		require.ErrorContains(t, err, "NTP")
	})
}

func TestDelayStaysWithinItsBounds(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		r := RetryConfig{
			InitialInterval: time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "initial")),
			MaxInterval:     time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "max")),
		}
		n := rapid.IntRange(0, 1000).Draw(t, "n")
		d := r.delay(n, fullJitter)
		require.GreaterOrEqual(t, d, time.Duration(0))
		require.LessOrEqual(t, d, max(r.InitialInterval, r.MaxInterval))
	})
}

func TestCredentialsThatCannotBeHadAreNotAskedForAgain(t *testing.T) {
	v := classify(t.Context(), &auth.RetrieveError{Err: errors.New("no EC2 IMDS role found")})
	assert.Equal(t, ClassCredentials, v.class)
	assert.Equal(t, retryNever, v.retry)
	assert.False(t, v.sent)
}

// TestRefusedCredentialsAreFetchedAgain: they may have been replaced, or have
// ended before their time.
func TestRefusedCredentialsAreFetchedAgain(t *testing.T) {
	sts, refusals := &wire{}, 1
	s, err := wired(t, nil, func(c *Config) {
		c.Encryption.Mode = encryption.ModeNone
		c.Auth.Mode, c.Auth.RoleARN = auth.ModeAssumeRole, "arn:aws:iam::111122223333:role/r"
		c.HTTP.Client = doer(func(r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(r.URL.Host, "sts") {
				return sts.Do(r)
			}
			if refusals--; refusals >= 0 {
				return reply(r, 400, "ExpiredToken"), nil
			}
			return reply(r, 200, ""), nil
		})
	})
	require.NoError(t, err)
	r, err := s.Put(t.Context(), Object{Key: "k"})
	require.NoError(t, err)
	assert.Equal(t, 2, r.Attempts)
	assert.Len(t, sts.seen(), 2)
	_, err = s.Put(t.Context(), Object{Key: "k"})
	require.NoError(t, err)
	assert.Len(t, sts.seen(), 2, "and kept while they are good")
}
