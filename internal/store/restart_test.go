package store

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// partwise is a store that knows uploads in parts alone. Each Complete gets the
// next answer, and the last one for ever: an error code, "lost" for none, or
// "done".
type partwise struct {
	answers []string
	head    func(r *http.Request) *http.Response
	counts  map[string]int
}

func (p *partwise) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	with := func(body string) *http.Response {
		resp := reply(r, 200, "")
		resp.Body = io.NopCloser(strings.NewReader(body))
		return resp
	}
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodHead:
		p.counts["head"]++
		return p.head(r), nil
	case q.Has("uploads"):
		p.counts["create"]++
		return with("<R><UploadId>u</UploadId></R>"), nil
	case r.Method == http.MethodDelete:
		p.counts["abort"]++
		return reply(r, 204, ""), nil
	case r.Method == http.MethodPut:
		return reply(r, 200, ""), nil
	}
	p.counts["complete"]++
	answer := p.answers[0]
	if len(p.answers) > 1 {
		p.answers = p.answers[1:]
	}
	switch answer {
	case "lost":
		return nil, io.ErrUnexpectedEOF
	case "done":
		return with("<R><ETag>e</ETag></R>"), nil
	}
	return reply(r, map[string]int{"NoSuchUpload": 404, "PreconditionFailed": 412, "AccessDenied": 403}[answer], answer), nil
}

// TestUploadsThatAreForgotten are begun again, a few times, unless the object is
// found under its key: a Complete whose answer was lost ends an upload as well.
func TestUploadsThatAreForgotten(t *testing.T) {
	found := func(headers ...string) func(r *http.Request) *http.Response {
		return func(r *http.Request) *http.Response { return reply(r, 200, "", headers...) }
	}
	denied := func(r *http.Request) *http.Response { return reply(r, 403, "") }
	for what, c := range map[string]struct {
		answers         []string
		head            func(r *http.Request) *http.Response
		creates, looks  int
		attempts        int
		recovered       bool
		is              error
		doubt, mayExist bool
	}{
		"at once":                   {[]string{"done"}, nil, 1, 0, 3, false, nil, false, false},
		"forgotten once":            {[]string{"NoSuchUpload", "done"}, nil, 2, 0, 6, false, nil, false, false},
		"forgotten twice":           {[]string{"NoSuchUpload", "NoSuchUpload", "done"}, nil, 3, 0, 9, false, nil, false, false},
		"always forgotten":          {[]string{"NoSuchUpload"}, nil, 1 + maxRestarts, 0, 9, false, errStaleUpload, false, false},
		"always, an earlier doubt":  {[]string{"NoSuchUpload"}, nil, 1 + maxRestarts, 0, 9, false, errStaleUpload, true, true},
		"lost and ours":             {[]string{"lost", "NoSuchUpload"}, found("X-Amz-Meta-S3d-Identity", "id"), 1, 1, 4, true, nil, false, false},
		"lost and somebody else's":  {[]string{"lost", "NoSuchUpload", "done"}, found("X-Amz-Meta-S3d-Identity", "x"), 2, 1, 7, false, nil, false, false},
		"lost and not to be read":   {[]string{"lost", "NoSuchUpload", "done"}, denied, 2, 1, 7, false, nil, false, false},
		"lost, then the key taken":  {[]string{"lost", "PreconditionFailed"}, found("X-Amz-Meta-S3d-Identity", "id"), 1, 1, 4, true, nil, false, false},
		"lost, gone, then taken":    {[]string{"lost", "NoSuchUpload", "PreconditionFailed"}, denied, 2, 2, 7, false, ErrExists, true, false},
		"lost, gone, then refused":  {[]string{"lost", "NoSuchUpload", "AccessDenied"}, denied, 2, 1, 7, false, nil, true, false},
		"refused":                   {[]string{"AccessDenied"}, nil, 1, 0, 3, false, nil, false, false},
		"refused, an earlier doubt": {[]string{"AccessDenied"}, nil, 1, 0, 3, false, nil, true, true},
		"taken by somebody else":    {[]string{"PreconditionFailed"}, nil, 1, 0, 3, false, ErrExists, false, false},
	} {
		p := &partwise{answers: c.answers, head: c.head, counts: map[string]int{}}
		s := offline(t, p.Do, fastRetry())
		r, err := s.Put(t.Context(), Object{
			Key: "k", Body: BodyOf([]byte("four")), Identity: "id", IfNoneMatch: true, InParts: true, MayExist: c.mayExist,
		})
		refused := strings.Contains(what, "refused")
		switch {
		case refused:
			require.Equal(t, ClassDenied, ClassOf(err), what)
		case c.is != nil:
			require.ErrorIs(t, err, c.is, what)
		default:
			require.NoError(t, err, what)
		}
		assert.Equal(t, c.doubt, unknown(err), what)
		assert.Equal(t, c.recovered, r.Recovered, what)
		assert.True(t, r.Multipart, what)
		assert.Equal(t, c.attempts, r.Attempts, what)
		assert.Equal(t, c.creates, p.counts["create"], what)
		assert.Equal(t, c.looks, p.counts["head"], what)
		uncompleted := c.creates
		if err == nil && !c.recovered {
			uncompleted--
		}
		assert.Equal(t, uncompleted, p.counts["abort"], "%s: no parts stay", what)
	}
}

// TestAForgottenUploadIsNotBegunAgainForNobody: its caller has gone.
func TestAForgottenUploadIsNotBegunAgainForNobody(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := &partwise{answers: []string{"NoSuchUpload"}, counts: map[string]int{}}
	s := offline(t, func(r *http.Request) (*http.Response, error) {
		resp, err := p.Do(r)
		if p.counts["complete"] > 0 {
			cancel()
		}
		return resp, err
	}, fastRetry())
	_, err := s.Put(ctx, Object{Key: "k", Body: BodyOf([]byte("four")), InParts: true})
	require.Error(t, err)
	assert.Equal(t, 1, p.counts["create"])
}

// TestASecondTryAtOnceIsGrantedOnce to each call, be it for credentials, the clock
// or damage; waits do not count for it.
func TestASecondTryAtOnceIsGrantedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for what, c := range map[string]struct {
			codes    []string
			attempts int
			waited   time.Duration
			class    Class
		}{
			"credentials":           {[]string{"ExpiredToken", "ExpiredToken"}, 2, 0, ClassCredentials},
			"damage":                {[]string{"BadDigest", "BadDigest"}, 2, 0, ClassInvalid},
			"credentials and clock": {[]string{"ExpiredToken", "RequestTimeTooSkewed"}, 2, 0, ClassClockSkew},
			"clock and credentials": {[]string{"RequestTimeTooSkewed", "ExpiredToken"}, 2, 0, ClassCredentials},
			"after a wait":          {[]string{"SlowDown", "ExpiredToken", ""}, 3, time.Second, ""},
			"before waits":          {[]string{"ExpiredToken", "SlowDown", "SlowDown", ""}, 4, 3 * time.Second, ""},
		} {
			n, began := 0, time.Now()
			s := offline(t, func(r *http.Request) (*http.Response, error) {
				code := c.codes[n]
				n++
				status := map[string]int{"": 200, "SlowDown": 503, "RequestTimeTooSkewed": 403, "ExpiredToken": 400, "BadDigest": 400}[code]
				return reply(r, status, code), nil
			}, RetryConfig{MaxRetries: 2, InitialInterval: time.Second, MaxInterval: time.Minute})
			r, err := s.Put(t.Context(), Object{Key: "k"})
			assert.Equal(t, c.class, ClassOf(err), what)
			assert.Equal(t, c.attempts, n, what)
			assert.Equal(t, c.attempts, r.Attempts, what)
			assert.Equal(t, c.waited, time.Since(began), what)
		}
	})
}
