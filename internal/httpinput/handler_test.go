package httpinput

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

func TestBodiesAreCutIntoRecords(t *testing.T) {
	const lines = "application/x-ndjson; charset=utf-8"
	for name, c := range map[string]struct {
		yaml, kind, body string
		want             []string
	}{
		"one record":                {body: `{"a":1}`, want: []string{`{"a":1}`}},
		"one on several lines":      {body: "{\n \"a\": 1\n}\n", want: []string{"{\n \"a\": 1\n}"}},
		"records on lines":          {body: "{\"a\":1}\n{\"a\":2}\n", want: []string{`{"a":1}`, `{"a":2}`}},
		"records without lines":     {body: `{"a":1}{"a":2}`, want: []string{`{"a":1}`, `{"a":2}`}},
		"an array":                  {body: ` [{"a":1}, {"a":2}] `, want: []string{`{"a":1}`, `{"a":2}`}},
		"nothing":                   {body: " \n"},
		"an array of nothing":       {body: "[]"},
		"lines by the content type": {kind: lines, body: "{\"a\":1}\r\n\n{broken\n[1]", want: []string{`{"a":1}`, "{broken", "[1]"}},
		"in capitals":               {kind: "Application/JSONL", body: "{broken", want: []string{"{broken"}},
		"lines that are configured": {yaml: "format: lines", body: "a\nb", want: []string{"a", "b"}},
		"values":                    {yaml: "format: json", body: "[1] [2]", want: []string{"[1]", "[2]"}},
		"elements":                  {yaml: "format: json_array", kind: lines, body: "[1,2]", want: []string{"1", "2"}},
		"the body":                  {yaml: "format: single", kind: lines, body: "[1]\n{\n", want: []string{"[1]\n{\n"}},
		"no body":                   {yaml: "format: single"},
		"a byte order mark":         {body: "\xef\xbb\xbf{}", want: []string{"{}"}},
		"one before an array":       {body: "\xef\xbb\xbf[{},1]", want: []string{"{}", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := takes(t, c.yaml)
			answered := sends(in, request(t, []byte(c.body), "Content-Type", c.kind))
			if c.want != nil {
				texts, _, ack := read(t.Context(), t, in)
				assert.Equal(t, c.want, texts)
				ack(nil)
			}
			w := <-answered
			assert.Equal(t, http.StatusOK, w.Code)
			assert.Empty(t, w.Body)
			nothingHeld(t, in)
		})
	}
}

// What clients may decide is what the configuration names, and where they are.
func TestRecordsOfARequestShareItsMetadata(t *testing.T) {
	in := takes(t, "metadata_query: [tenant, missing]\nmetadata_headers: [x-team, X-None]")
	r := request(t, []byte("{}{}"), "X-Team", "red", "X-Other", "blue", "User-Agent", "test")
	r.RemoteAddr = "10.1.2.3:4567"
	answered := sends(in, r)
	_, batch, ack := read(t.Context(), t, in)
	for _, m := range batch {
		meta := map[string]any{}
		require.NoError(t, m.MetaWalkMut(func(key string, value any) error {
			meta[key] = value
			return nil
		}))
		assert.Equal(t, map[string]any{
			"tenant": "a", "x-team": "red", "http_server_request_path": "/post", "http_server_remote_ip": "10.1.2.3",
			"http_server_user_agent": "test", "s3_destination_http_request": ids.Load(),
		}, meta)
	}
	batch[0].MetaSetMut("tenant", "changed")
	tenant, _ := batch[1].MetaGet("tenant")
	assert.Equal(t, "a", tenant, "a processor changes one record at a time")
	ack(nil)
	<-answered
}

// Nothing of these requests reaches the pipeline.
func TestRequestsThatAreNotTaken(t *testing.T) {
	post := func(change func(r *http.Request)) func(t *testing.T) *http.Request {
		return func(t *testing.T) *http.Request {
			t.Helper()
			r := request(t, []byte("{}"))
			change(r)
			return r
		}
	}
	for name, c := range map[string]struct {
		yaml         string
		request      func(t *testing.T) *http.Request
		status       int
		text, header string
	}{
		"another path":       {"path: /events", post(func(*http.Request) {}), 404, "there is nothing at this path", ""},
		"a path below":       {"", post(func(r *http.Request) { r.URL.Path = "/post/a" }), 404, "", ""},
		"another method":     {"", post(func(r *http.Request) { r.Method = http.MethodPut }), 405, "send records with POST", "Allow: POST"},
		"no password":        {"auth: {username: u, password: p}", post(func(*http.Request) {}), 401, "send the name and password", `Www-Authenticate: Basic realm="s3_destination_http"`},
		"another password":   {"auth: {username: u, password: p}", post(func(r *http.Request) { r.SetBasicAuth("u", "q") }), 401, "", ""},
		"another name":       {"auth: {username: u, password: p}", post(func(r *http.Request) { r.SetBasicAuth("v", "p") }), 401, "", ""},
		"no token":           {"auth: {bearer_token: t}", post(func(*http.Request) {}), 401, "", "Www-Authenticate: Bearer"},
		"another token":      {"auth: {bearer_token: t}", post(func(r *http.Request) { r.Header.Set("Authorization", "Bearer u") }), 401, "", ""},
		"a token alone":      {"auth: {bearer_token: t}", post(func(r *http.Request) { r.Header.Set("Authorization", "t") }), 401, "", ""},
		"a token for a name": {"auth: {username: u, password: p}", post(func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }), 401, "", ""},
		"a large body":       {"max_body_bytes: 1B", post(func(*http.Request) {}), 413, "the body is larger than 1 bytes: send fewer records in a request", ""},
		"an encoding":        {"", post(func(r *http.Request) { r.Header.Set("Content-Encoding", "br") }), 415, "send gzip, zstd or none", ""},
		"two encodings":      {"", post(func(r *http.Request) { r.Header["Content-Encoding"] = []string{"identity", "gzip"} }), 415, "identity, gzip", ""},
		"no gzip":            {"", post(func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }), 400, "decompressing gzip", ""},
		"half a record": {
			"", func(t *testing.T) *http.Request { t.Helper(); return request(t, []byte("{}\n{\"a\":")) }, 400,
			"line 2, byte 3: the JSON value that begins here does not end", "",
		},
		"no array": {"format: json_array", post(func(*http.Request) {}), 400, "line 1, byte 0: there is '{' where an array should begin", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := takes(t, c.yaml)
			w := send(in, c.request(t))
			assert.Equal(t, c.status, w.Code)
			assert.Contains(t, w.Body.String(), c.text)
			if key, value, ok := strings.Cut(c.header, ": "); ok {
				assert.Equal(t, value, w.Header().Get(key))
			}
			assert.Empty(t, in.queue)
			nothingHeld(t, in)
		})
	}
}

// Who may send one of two things is told of both.
func TestBothWaysInAreNamed(t *testing.T) {
	w := send(takes(t, "auth: {username: u, password: p, bearer_token: t}"), request(t, nil))
	assert.Equal(t, []string{`Basic realm="s3_destination_http"`, "Bearer"}, w.Header().Values("WWW-Authenticate"))
}

func TestWhoHasWhatIsAskedForIsLetIn(t *testing.T) {
	for yaml, change := range map[string]func(r *http.Request){
		"path: /post/":                     func(r *http.Request) { r.URL.Path = "/post/a/b" },
		"path: /":                          func(*http.Request) {},
		"auth: {username: u, password: p}": func(r *http.Request) { r.SetBasicAuth("u", "p") },
		"auth: {bearer_token: t}":          func(r *http.Request) { r.Header.Set("Authorization", "bearer t") },
		"auth: {username: u, password: p, bearer_token: t}": func(r *http.Request) { r.Header.Set("Authorization", "Bearer t") },
	} {
		r := request(t, nil)
		change(r)
		assert.Equal(t, http.StatusOK, send(takes(t, yaml), r).Code, yaml)
	}
}

// What clients are told of their records, and when they are to come again.
func TestAnswersSayWhatHasBecomeOfTheRecords(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		text   string
	}{
		"stored":                 {nil, 200, ""},
		"refused":                {refusal(0), 422, "bad: other records of this request may be stored"},
		"failed":                 {errors.New("secret"), 502, "not all of the records are stored: the log of the process says why"},
		"one of them has failed": {&inflight.Failure{Sole: true, Err: errors.New("secret")}, 502, "not all of the records are stored: the log of the process says why"},
	} {
		t.Run(name, func(t *testing.T) {
			in := takes(t, "")
			answered := sends(in, request(t, []byte("{}{}")))
			_, batch, ack := read(t.Context(), t, in)
			err := c.err
			if f, single := err.(*inflight.Failure); single { //nolint:errorlint // as it is
				f.Request = ids.Load()
				err = service.NewBatchError(batch, errors.New("one")).Failed(0, f)
			}
			ack(err)
			w := <-answered
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.text, strings.TrimSpace(w.Body.String()))
			nothingHeld(t, in)
		})
	}
}

// What Benthos says of a batch that it has made itself is no word on a single record.
func TestTheFailureOfARecordIsNotThatOfItsBatch(t *testing.T) {
	in := takes(t, "")
	answered := sends(in, request(t, []byte("{}")))
	_, _, ack := read(t.Context(), t, in)
	ack(refusal(ids.Load()))
	assert.Equal(t, http.StatusBadGateway, (<-answered).Code)
}

// A small body of many records takes no more memory than there is.
func TestRecordsCountWhileTheyAreCut(t *testing.T) {
	in := takes(t, "max_buffered_bytes: 1MiB\nmax_body_bytes: 1MiB")
	w := send(in, request(t, gzipped(t, strings.Repeat("1\n", 200_000)), "Content-Encoding", "gzip"))
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	assert.Contains(t, w.Body.String(), "more records than there is memory for")
	nothingHeld(t, in)
}

// A body of the largest size has records, too.
func TestTheLargestBody(t *testing.T) {
	in := takes(t, "max_body_bytes: 10kB\nmax_buffered_bytes: 10kB")
	for _, size := range []int64{10_000, -1} {
		r := request(t, []byte(`"`+strings.Repeat("a", 9_998)+`"`))
		r.ContentLength = size
		answered := sends(in, r)
		_, _, ack := read(t.Context(), t, in)
		ack(nil)
		assert.Equal(t, http.StatusOK, (<-answered).Code)
	}
	nothingHeld(t, in)
}

// Those who have left keep neither their records nor the others waiting.
func TestAFullQueueKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "timeout: 10s\nmax_requests: 1")
		for range 2 { // the second finds the queue full
			began := time.Now()
			assert.Equal(t, http.StatusServiceUnavailable, send(in, request(t, []byte("{}"))).Code)
			assert.Equal(t, 10*time.Second, time.Since(began))
		}
		assert.Nil(t, (<-in.queue).batch)
		nothingHeld(t, in)
	})
}

// Nobody waits for ever. What was not taken may be sent again without harm.
func TestRequestsThatWaitTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "timeout: 10s")
		answered := sends(in, request(t, []byte("{}")))
		w := <-answered
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "1", w.Header().Get("Retry-After"))
		assert.Contains(t, w.Body.String(), "nothing of this request is stored")
		nothingHeld(t, in)

		began := time.Now()
		answered = sends(in, request(t, []byte("{\"second\":1}")))
		texts, _, ack := read(t.Context(), t, in)
		assert.Equal(t, []string{`{"second":1}`}, texts, "and not the one that has left")
		w = <-answered
		assert.Equal(t, http.StatusGatewayTimeout, w.Code)
		assert.Contains(t, w.Body.String(), "may be later")
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.NotZero(t, in.limits.held.Load(), "it is in memory until it is stored")
		ack(nil)
		nothingHeld(t, in)
	})
}

func TestTooManyRequestsAreSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "max_requests: 2\nmax_buffered_bytes: 2kB\nmax_body_bytes: 2kB")
		first, second := sends(in, request(t, []byte("{}"))), sends(in, request(t, []byte("{}")))
		synctest.Wait()
		w := send(in, request(t, []byte("{}")))
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "1", w.Header().Get("Retry-After"))
		texts, _, ack := read(t.Context(), t, in)
		assert.Len(t, texts, 2, "both are in one batch")
		ack(nil)
		assert.Equal(t, []int{200, 200}, []int{(<-first).Code, (<-second).Code})

		first = sends(in, request(t, []byte(strings.Repeat(" ", 1500)+"{}")))
		synctest.Wait()
		assert.Equal(t, http.StatusServiceUnavailable, send(in, request(t, []byte(strings.Repeat(" ", 1500)))).Code, "there is no memory for it")
		_, _, ack = read(t.Context(), t, in)
		ack(nil)
		assert.Equal(t, 200, (<-first).Code)
		nothingHeld(t, in)
	})
}

// limited lets a request in from time to time.
type limited struct {
	wait time.Duration
	err  error
}

func (l *limited) Access(context.Context) (time.Duration, error) { return l.wait, l.err }

func TestRateLimit(t *testing.T) {
	l := &limited{}
	in := takes(t, "rate_limit: slow")
	in.res = service.MockResources(service.MockResourcesOptAddRateLimit("slow", func(context.Context) (time.Duration, error) { return l.Access(t.Context()) }))
	codes := func() (found []string) {
		w := send(in, request(t, nil))
		return []string{w.Result().Status, w.Header().Get("Retry-After")}
	}
	assert.Equal(t, []string{"200 OK", ""}, codes())
	l.wait = 1500 * time.Millisecond
	assert.Equal(t, []string{"429 Too Many Requests", "2"}, codes())
	l.err = errors.New("away")
	assert.Equal(t, []string{"503 Service Unavailable", "1"}, codes())
	in.conf.rateLimit = "other"
	assert.Equal(t, []string{"503 Service Unavailable", "1"}, codes())
	in.server = nil
	assert.ErrorContains(t, in.Connect(t.Context()), `rate_limit: there is no rate limit "other": write it below rate_limit_resources`)
}

// Each of many requests is answered for itself, while some are refused.
func TestManyRequestsAreAnsweredEachForItself(t *testing.T) {
	in := takes(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			batch, ack, err := in.ReadBatch(ctx)
			if err != nil {
				return
			}
			failed := service.NewBatchError(batch, errors.New("some"))
			n := 0
			for i, m := range batch {
				if text, _ := m.AsBytes(); string(text) == `{"bad":1}` {
					number, _ := m.MetaGetMut("s3_destination_http_request")
					failed.Failed(i, refusal(number.(int64)))
					n++
				}
			}
			if err = nil; n > 0 {
				err = failed
			}
			_ = ack(ctx, err)
		}
	}()
	var all []<-chan *httptest.ResponseRecorder
	for i := range 500 {
		body := "{}{}"
		if i%7 == 0 {
			body = `{}{"bad":1}`
		}
		all = append(all, sends(in, request(t, []byte(body))))
	}
	for i, answered := range slices.All(all) {
		want := http.StatusOK
		if i%7 == 0 {
			want = http.StatusUnprocessableEntity
		}
		assert.Equal(t, want, (<-answered).Code)
	}
	cancel()
	<-done
	nothingHeld(t, in)
}
