package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// startHTTP runs an example whose input is s3_destination_http.
func startHTTP(t *testing.T, s *s3test.Server, name string, env ...string) *sidecar {
	t.Helper()
	input := freeAddress(t)
	p := &sidecar{process: startExample(t, s, name, append(env, "INPUT_ADDRESS="+input)...), input: "http://" + input + "/events"}
	p.waitReady(t)
	return p
}

func TestExampleHTTPSidecar(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startHTTP(t, s, "http-sidecar.yaml")
	exercise(t, s, p)
	status, answer := p.post(t.Context(), "{\"id\":8}\nplain text\n", "Content-Type", "application/x-ndjson")
	require.Equal(t, http.StatusOK, status, answer)
	require.Len(t, s.Objects("events/_dead_letters/"), 1)
	assert.Contains(t, string(s.Objects("events/_dead_letters/")[0].Body), `"http_server_request_path":"/events"`)
	assert.Equal(t, 7, int(p.gauge("s3_destination_http_requests_total")))
	p.terminate(t)
}

func TestExampleHTTPSidecarWithASpool(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startHTTP(t, s, "http-sidecar-spool.yaml", "SPOOL_PATH="+t.TempDir())
	s.Faults.Deny("PutObject")
	status, answer := p.post(t.Context(), `[{"id":1},{"id":9007199254740993}]`)
	require.Equal(t, http.StatusOK, status, answer)
	assert.Empty(t, s.Keys("events/date="), "answered before it is in S3")
	s.Faults.Clear()
	p.terminate(t)
}

// A stop stores what waits, and everybody is told.
func TestHTTPInputAnswersEverybodyAtAStop(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	const config = `
input:
  s3_destination_http: {address: '%s', path: /events}
`
	input := freeAddress(t)
	p := &sidecar{process: start(t, fmt.Sprintf(config, input)+outputConfig(s, "    max_age: 1m\n    idle_timeout: 0s\n")), input: "http://" + input + "/events"}
	p.waitReady(t)
	const clients = 100
	answers := make(chan int, clients)
	for i := range clients {
		go func() {
			status, _ := p.post(context.WithoutCancel(t.Context()), fmt.Sprintf(`{"id":%d}`, i))
			answers <- status
		}()
	}
	require.Eventually(t, func() bool { return p.gauge("input_received") == clients }, patience, 20*time.Millisecond)
	require.Empty(t, s.Keys("in/f-"), "everything still waits for max_age")
	p.terminate(t)
	for range clients {
		assert.Equal(t, http.StatusOK, <-answers)
	}
	found := stored(t, s)
	assert.Len(t, found, clients)
	for id, n := range found {
		assert.Equal(t, 1, n, id)
	}
	status, _ := p.post(t.Context(), `{"id":"late"}`)
	assert.Zero(t, status, "nobody listens any more")
}

// A client that has sent half of a request is told at a stop, and is not waited for.
func TestHTTPInputAnswersWhoStillSendsAtAStop(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	input := freeAddress(t)
	p := &sidecar{
		process: start(t, fmt.Sprintf("\ninput:\n  s3_destination_http: {address: '%s', path: /events, read_timeout: 1h}\n", input)+outputConfig(s, "    max_age: 1m\n    idle_timeout: 0s\n")),
		input:   "http://" + input + "/events",
	}
	p.waitReady(t)
	whole := make(chan int, 1)
	go func() {
		status, _ := p.post(context.WithoutCancel(t.Context()), `{"id":1}`)
		whole <- status
	}()
	slow, err := net.Dial("tcp", input)
	require.NoError(t, err)
	defer slow.Close()
	require.NoError(t, slow.SetDeadline(time.Now().Add(patience)))
	from := bufio.NewReader(slow)
	_, err = io.WriteString(slow, "POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	res, err := http.ReadResponse(from, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusContinue, res.StatusCode, "the body is being read")
	_, err = io.WriteString(slow, `{"id"`)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.gauge("input_received") == 1 }, patience, 20*time.Millisecond)
	p.terminate(t)
	res, err = http.ReadResponse(from, nil)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	assert.Equal(t, "1", res.Header.Get("Retry-After"))
	assert.Equal(t, http.StatusOK, <-whole)
	assert.Equal(t, map[int]int{1: 1}, stored(t, s))
}
