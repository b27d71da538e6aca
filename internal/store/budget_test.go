package store

import (
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWaitsDouble from the first one on, up to the last, whatever the numbers.
func TestWaitsDouble(t *testing.T) {
	all := func(ceiling time.Duration) time.Duration { return ceiling }
	for _, c := range []struct {
		initial, most time.Duration
		want          []time.Duration // before retry 0, 1, 2 ...
	}{
		{1, 5, []time.Duration{1, 2, 4, 5, 5}},
		{3, 3, []time.Duration{3, 3}},
		{2, 4, []time.Duration{2, 4, 4}},
		{0, 5, []time.Duration{0, 5}},
		{3, 0, []time.Duration{3, 0}},
		{math.MaxInt64/2 + 1, math.MaxInt64, []time.Duration{math.MaxInt64/2 + 1, math.MaxInt64}},
	} {
		r := RetryConfig{InitialInterval: c.initial, MaxInterval: c.most}
		for n, want := range c.want {
			assert.Equal(t, want, r.delay(n, all), "%+v, retry %d", c, n)
		}
	}
	drawn := map[time.Duration]bool{}
	for range 100 {
		drawn[fullJitter(2)] = true
	}
	assert.Len(t, drawn, 3, "the ceiling itself included")
}

// TestABudgetIsSpentToItsEnd: the last try may begin at the very end of
// max_elapsed, and none after it.
func TestABudgetIsSpentToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			retries  int
			elapsed  time.Duration
			attempts int
		}{
			{0, 0, 1},
			{2, 0, 3},
			{2, time.Hour, 3},
			{-1, 3 * time.Second, 4},
			{-1, 3*time.Second - 1, 3},
			{100, 2 * time.Second, 3},
		} {
			n := 0
			s := offline(t, func(r *http.Request) (*http.Response, error) {
				n++
				return reply(r, 500, "InternalError"), nil
			}, RetryConfig{MaxRetries: c.retries, MaxElapsed: c.elapsed, InitialInterval: time.Second, MaxInterval: time.Second})
			_, err := s.Put(t.Context(), Object{Key: "k"})
			require.Equal(t, ClassNetwork, ClassOf(err))
			assert.Equal(t, c.attempts, n, "%+v", c)
		}
	})
}

// TestAnObserverIsToldWhatHappened, and of bytes only where they have arrived.
func TestAnObserverIsToldWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []string{"SlowDown", "ExpiredToken", "", "AccessDenied"}
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			code := answers[0]
			answers = answers[1:]
			time.Sleep(time.Duration(len(code)) * time.Second)
			status := map[string]int{"": 200, "SlowDown": 503, "ExpiredToken": 400, "AccessDenied": 403}[code]
			return reply(r, status, code), nil
		}, fastRetry())
		w := &watcher{}
		s.cfg.Observer = w
		_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("four"))})
		require.NoError(t, err)
		_, err = s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("four"))})
		require.Equal(t, ClassDenied, ClassOf(err))
		for i, message := range []string{"s3://b/k: throttled: SlowDown", "s3://b/k: credentials: ExpiredToken", "", "s3://b/k: denied: AccessDenied"} {
			if message == "" {
				require.NoError(t, w.attempts[i].Err)
				continue
			}
			require.ErrorContains(t, w.attempts[i].Err, message)
			w.attempts[i].Err = nil
		}
		assert.Equal(t, []Attempt{
			{Op: OpPutObject, Class: ClassThrottled, Latency: 8 * time.Second, Number: 1, Retrying: true},
			{Op: OpPutObject, Class: ClassCredentials, Latency: 12 * time.Second, Number: 2},
			{Op: OpPutObject, Bytes: 4, Number: 3},
			{Op: OpPutObject, Class: ClassDenied, Latency: 12 * time.Second, Number: 1},
		}, w.attempts)
	})
}

// silentParts begins uploads, and answers nothing to the operations of which say
// is true.
func silentParts(silent func(r *http.Request) bool) doer {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		if silent(r) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		if r.Method == http.MethodPut {
			return reply(r, 403, "AccessDenied"), nil
		}
		resp := reply(r, 200, "")
		resp.Body = io.NopCloser(strings.NewReader("<R><UploadId>u</UploadId></R>"))
		return resp, nil
	}
}

// TestPartsOfAFailedUploadAreRemovedForAWhile, and not for as long as a request
// may take.
func TestPartsOfAFailedUploadAreRemovedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offline(t, silentParts(func(r *http.Request) bool { return r.Method == http.MethodDelete }), fastRetry())
		s.cfg.RequestTimeout = time.Hour
		w := &watcher{}
		s.cfg.Observer = w
		began := time.Now()
		_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("x")), InParts: true})
		require.Equal(t, ClassDenied, ClassOf(err))
		assert.Equal(t, abortTimeout, time.Since(began))
		assert.Equal(t, []string{"k"}, w.left)
	})
}

// TestACompleteMayTakeLonger: S3 says that it takes minutes.
func TestACompleteMayTakeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPut {
				return reply(r, 200, ""), nil
			}
			return silentParts(func(r *http.Request) bool { return r.Method == http.MethodPost && !r.URL.Query().Has("uploads") })(r)
		}, RetryConfig{InitialInterval: 1})
		began := time.Now()
		_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("x")), InParts: true})
		require.ErrorIs(t, err, errSilent)
		assert.Equal(t, completePatience*DefaultRequestTimeout, time.Since(began))
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.True(t, e.OutcomeUnknown)
	})
}
