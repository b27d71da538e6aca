package store

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// body is one of a single record.
func body(t *testing.T, text string) *Body {
	t.Helper()
	b := &Body{}
	_, err := b.Write([]byte(text))
	require.NoError(t, err)
	return b
}

func TestARecalledObjectIsNotTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		code  string
	}{
		"while it waits":           {90 * time.Second, "SlowDown"},
		"before it waits":          {0, "SlowDown"},
		"before a try without one": {0, "ExpiredToken"},
	} {
		t.Run(name, func(t *testing.T) {
			after := c.after
			synctest.Test(t, func(t *testing.T) {
				var writes int
				recalled := make(chan struct{})
				s := offline(t, func(r *http.Request) (*http.Response, error) {
					writes++
					if after == 0 {
						close(recalled)
					}
					return reply(r, 503, c.code), nil
				}, RetryConfig{MaxRetries: -1, InitialInterval: time.Minute, MaxInterval: time.Minute})
				if after > 0 {
					time.AfterFunc(after, func() { close(recalled) })
				}
				began := time.Now()
				_, err := s.Put(t.Context(), Object{Key: "k", Body: body(t, "x"), Recalled: recalled})
				require.Error(t, err)
				assert.Equal(t, after, time.Since(began))
				assert.Equal(t, 1+int(after/time.Minute), writes)
			})
		})
	}
}

func TestARecalledUploadInPartsIsNotCompleted(t *testing.T) {
	recalled := make(chan struct{})
	var ops []string
	s := offline(t, func(r *http.Request) (*http.Response, error) {
		switch {
		case r.URL.Query().Has("uploads"):
			ops = append(ops, "create")
			resp := reply(r, 200, "")
			resp.Body = io.NopCloser(strings.NewReader("<R><UploadId>u</UploadId></R>"))
			return resp, nil
		case r.Method == http.MethodPut:
			ops = append(ops, "part")
			close(recalled)
			return reply(r, 200, ""), nil
		case r.Method == http.MethodDelete:
			ops = append(ops, "abort")
			return reply(r, 204, ""), nil
		}
		ops = append(ops, "complete")
		return reply(r, 200, ""), nil
	}, RetryConfig{})
	_, err := s.Put(t.Context(), Object{Key: "k", Body: body(t, strings.Repeat("x", 100)), InParts: true, Recalled: recalled})
	require.ErrorIs(t, err, errRecalled)
	assert.False(t, unknown(err), "nothing is visible")
	assert.Equal(t, []string{"create", "part", "abort"}, ops)
}
