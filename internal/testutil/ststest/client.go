package ststest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
)

// Client is an HTTP client that calls handlers directly, by host name: without
// a network, so that it also works inside a synctest bubble.
type Client map[string]http.Handler

var errReset = errors.New("connection reset by peer")

// Do answers as a server would; a handler that aborts is a broken connection.
func (c Client) Do(r *http.Request) (resp *http.Response, err error) {
	handler, ok := c[r.URL.Host]
	if !ok {
		return nil, errors.New("no such host: " + r.URL.Host)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err //nolint:wrapcheck // as net/http does
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "192.0.2.1:1234"
	in.Host = r.URL.Host
	in.Body = http.NoBody
	if r.Body != nil {
		// Read to the end: a handler may leave some of it.
		content, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err //nolint:wrapcheck // as net/http does
		}
		in.Body = io.NopCloser(bytes.NewReader(content))
	}
	if r.ContentLength > 0 || r.Method == http.MethodPut || r.Method == http.MethodPost {
		in.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	defer func() {
		if recover() != nil {
			resp, err = nil, errReset
		}
	}()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err //nolint:wrapcheck // as net/http does
	}
	return w.Result(), nil
}
