package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// exercise posts records in every form to a sidecar and looks for them in the
// bucket as soon as the answer is there.
func exercise(t *testing.T, s *s3test.Server, p *sidecar) {
	t.Helper()
	today := func() string { return "events/date=" + time.Now().UTC().Format("2006-01-02") + "/" }
	before := today()
	var ids []string
	for _, c := range []struct {
		body    string
		headers []string
		ids     []string
	}{
		{body: `{"id":1}`, ids: []string{"1"}},
		{body: "{\"id\":2}\n{\"id\":3}\r\n\n{\"id\":4}\n", headers: []string{"Content-Type", "application/x-ndjson"}, ids: []string{"2", "3", "4"}},
		{body: `[{"id":5},{"id":9007199254740993}]`, headers: []string{"Content-Type", "application/json"}, ids: []string{"5", "9007199254740993"}},
		{body: "{\n  \"id\": 6\n}", ids: []string{"6"}},
		{body: gzipped(t, `{"id":7}`), headers: []string{"Content-Encoding", "gzip"}, ids: []string{"7"}},
		{body: ""},
	} {
		status, answer := p.post(t.Context(), c.body, c.headers...)
		require.Equal(t, http.StatusOK, status, "%q: %s", c.body, answer)
		ids = append(ids, c.ids...)
		require.Equal(t, once(ids...), landed(t, s, "events/date="), "durable when %q is answered", c.body)
	}
	for _, key := range s.Keys("events/date=") {
		assert.True(t, strings.HasPrefix(key, before) || strings.HasPrefix(key, today()), key)
		assert.True(t, strings.HasSuffix(key, ".json.gz"), key)
	}
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestSidecarAnswersWhenRecordsAreDurable(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startSidecar(t, s)
	exercise(t, s, p)
	p.terminate(t)
}

func TestSidecarKeepsBadRecordsAndAnswersOK(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startSidecar(t, s)
	status, answer := p.post(t.Context(), "{\"id\":1}\nplain text\n{\"id\":2}\n")
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, once("1", "2"), landed(t, s, "events/date="))
	letters := s.Objects("events/_dead_letters/")
	require.Len(t, letters, 1)
	assert.Contains(t, string(letters[0].Body), `"payload":"plain text"`)
	assert.Contains(t, string(letters[0].Body), "invalid JSON")
	p.terminate(t)
}

func TestSidecarFilesRecordsByTheirOwnDateAndTenant(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startSidecar(t, s, "DATE_FIELD=at", "FILE_FORMAT=csv", "SEPARATOR=semicolon",
		"FOLDER=/in/{{tenant}}/{{YYYY}}/{{MM}}", `VARIABLES=tenant: "${! json(\"tenant\") }"`,
		"METADATA=team: data, env: prod", "MAX_RECORDS=2")
	status, answer := p.post(t.Context(), `[{"tenant":"a","at":"2026-07-01","id":1},{"tenant":"a","at":"2026-07-02","id":2},{"tenant":"a/b","at":"2026-08-01","id":3}]`)
	require.Equal(t, http.StatusOK, status, answer)
	found := map[string]string{}
	for _, o := range s.Objects("in/") {
		found[o.Key[:strings.LastIndex(o.Key, "/")]] = string(o.Body)
		assert.Equal(t, "data", o.Metadata["team"])
		assert.Equal(t, "prod", o.Metadata["env"])
	}
	assert.Len(t, found, 2)
	assert.Contains(t, found["in/a/2026/07"], "2026-07-02;")
	assert.Contains(t, found, "in/a%2Fb/2026/08")
	p.terminate(t)
}

func TestSidecarTerminationAnswersEverybodyWhoWaits(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startSidecar(t, s, "MAX_AGE=1m", "IDLE_TIMEOUT=0s")
	const clients = 100
	answers := make(chan int, clients)
	var ids []string
	for i := range clients {
		id := fmt.Sprint(i)
		ids = append(ids, id)
		go func() {
			status, _ := p.post(context.WithoutCancel(t.Context()), `{"id":`+id+`}`)
			answers <- status
		}()
	}
	require.Eventually(t, func() bool { return p.gauge("s3_destination_waiting_batches") == clients }, patience, 20*time.Millisecond)
	require.Empty(t, s.Keys("events/date="), "everything still waits for max_age")
	p.terminate(t)
	for range clients {
		assert.Equal(t, http.StatusOK, <-answers)
	}
	assert.Equal(t, once(ids...), landed(t, s, "events/date="))
	status, _ := p.post(t.Context(), `{"id":"late"}`)
	assert.Zero(t, status, "nobody listens any more")
}

func TestSidecarSaysWhatIsNotStored(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startSidecar(t, s, "INPUT_TIMEOUT=3s", "ON_BAD_RECORD=reject")
	status, answer := p.post(t.Context(), "{\"id\":1}\nplain text\n")
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, answer, "invalid JSON", "the answer says why")
	assert.Equal(t, once("1"), landed(t, s, "events/date="), "the good record of the request is stored")

	status, _ = p.post(t.Context(), "no gzip", "Content-Encoding", "gzip")
	assert.Equal(t, http.StatusBadGateway, status)
	status, _ = p.post(t.Context(), `{"id":"x"}`, "Content-Type", "a/b; c")
	assert.Equal(t, http.StatusBadRequest, status)
	res, err := http.Get(p.input)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)

	s.Faults.Deny("PutObject")
	status, answer = p.post(t.Context(), `{"id":2}`)
	assert.Equal(t, http.StatusRequestTimeout, status, answer)
	require.Eventually(t, func() bool {
		_, _ = p.post(t.Context(), `{"id":3}`)
		ready, _ := p.get("/ready")
		return ready == http.StatusServiceUnavailable
	}, patience, 10*time.Millisecond, "not ready while the bucket refuses")
	s.Faults.Clear()
	require.Eventually(t, func() bool { return landed(t, s, "events/date=")["2"] == 1 }, patience, 100*time.Millisecond,
		"what was answered 408 is stored nevertheless")
	p.terminate(t)
}

func TestSidecarAnswersWhatItGivesUp(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startSidecar(t, s, "HEALTH_CHECK_ENABLED=false", "RETRY_MAX_ELAPSED_TIME=1s")
	s.Faults.Deny("PutObject")
	status, answer := p.post(t.Context(), `{"id":1}`)
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, answer, "denied")
	s.Faults.Clear()
	status, answer = p.post(t.Context(), `{"id":1}`)
	assert.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, once("1"), landed(t, s, "events/date="))
	p.terminate(t)
}

func TestSidecarBatchesRequestsIntoOneSlot(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startSidecar(t, s, "MAX_IN_FLIGHT=10", "BATCHING_COUNT=1000", "BATCHING_PERIOD=200ms", "MAX_AGE=1m", "IDLE_TIMEOUT=0s")
	const clients = 100
	answers := make(chan int, clients)
	var ids []string
	for i := range clients {
		ids = append(ids, fmt.Sprint(i))
		go func() {
			status, _ := p.post(context.WithoutCancel(t.Context()), fmt.Sprintf(`{"id":%d}`, i))
			answers <- status
		}()
	}
	require.Eventually(t, func() bool { return p.gauge("input_received") == clients }, patience, 20*time.Millisecond)
	require.Eventually(t, func() bool { return p.gauge("s3_destination_waiting_batches") > 0 }, patience, 20*time.Millisecond)
	assert.Less(t, p.gauge("s3_destination_waiting_batches"), 10.0, "a hundred requests, not a tenth as many slots")
	assert.Empty(t, s.Keys("events/date="))
	p.terminate(t)
	for range clients {
		assert.Equal(t, http.StatusOK, <-answers, "everybody has an answer of its own")
	}
	assert.Equal(t, once(ids...), landed(t, s, "events/date="))
	for _, o := range s.Objects("events/date=") {
		assert.Equal(t, "drain", o.Metadata["s3d-roll-reason"])
	}
}

func TestSidecarBufferAnswersBeforeAnythingIsStored(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startSidecar(t, s, "BUFFER=memory", "BUFFER_OPTIONS=limit: 67108864", "MAX_AGE=1m", "IDLE_TIMEOUT=0s")
	for _, id := range []string{"1", "2", "3"} {
		status, answer := p.post(t.Context(), `{"id":`+id+`}`)
		require.Equal(t, http.StatusOK, status, answer)
	}
	assert.Empty(t, s.Keys("events/date="))
	p.terminate(t)
	assert.Equal(t, once("1", "2", "3"), landed(t, s, "events/date="), "a clean stop stores it")
}

func TestSidecarNeedsABucket(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	p := startFile(t, address, dockerConfig, nil, "HTTP_ADDRESS="+address)
	select {
	case err := <-p.done:
		require.Error(t, err)
		assert.Contains(t, p.logs.String(), "BUCKET")
	case <-time.After(patience):
		t.Fatal("the process runs without a bucket")
	}
}
