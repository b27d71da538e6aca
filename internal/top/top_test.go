package top

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// evil is what a record may have in it that orders a terminal about.
const evil = "\x1b[31mred\x1b]0;title\x07\u009b2J\u202e"

var at = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// sample is a state with one of everything.
func sample() *live.State {
	return &live.State{
		Format: live.Format, Version: "v1.2.3", At: at, Started: at.Add(-time.Hour), Memory: 100 << 20, MemoryLimit: 200 << 20,
		Outputs: []live.Output{
			{
				Name: live.Name{Label: "orders", Path: "root.output"}, Destination: "bucket b", Places: []string{"s3://b/in/"},
				FileFormat: "parquet", Health: live.Health{State: "healthy", Since: at.Add(-time.Minute)},
				ArrivedPerSecond: 1234.4, Records: 5000, RecordsPerSecond: 1200, Objects: 12, Bytes: 3 << 20, BytesPerSecond: 2048,
				Rolled:      []live.Rolled{{Reason: "size", Objects: 10}, {Reason: "age", Objects: 2}},
				DeadLetters: 3, Dropped: 1, Bad: []live.Bad{{Reason: "no JSON" + evil, Records: 4}},
				Batches: 2, Oldest: 30, MaxAge: 60, Held: 95, Limit: 100, Cap: 1 << 20,
				Chunks: live.Chunks{Open: 3, Encoding: 1, Uploading: 2, UploadLimit: 4, Refused: 1},
				Partitions: []live.Partition{
					{Name: "in/old", State: "refused", Records: 1, Bytes: 10, Age: 30, Refusal: "access denied"},
					{Name: "in/full" + evil, State: "open", Records: 50, Bytes: 1 << 19, Fill: 0.5, Age: 20},
					{Name: "in/many", DeadLetter: true, State: "open", Records: 900, Bytes: 100, Fill: 0.01, Age: 10},
				},
				Spool: &live.Spool{Journal: 10, Limit: 100, Objects: 1, Full: true},
			},
			{Name: live.Name{Path: "root.output", Stream: "s"}, Health: live.Health{State: "unhealthy", Class: "denied", Error: "no"}},
		},
		Inputs: []live.Input{{
			Name: live.Name{Label: "in", Path: "root.input"}, Group: "g", Assigned: 2, Lag: 70, Batches: 1, Held: 1024,
			Behind: []live.Behind{{Topic: "t", Partition: 1, Lag: 60}, {Topic: "t", Partition: 0, Lag: 10}},
		}},
	}
}

func TestPlainTextOfAState(t *testing.T) {
	want := `s3-destination v1.2.3   running for 1h 00m   memory 100 MiB of 200 MiB

orders  parquet into bucket b  s3://b/in/
  store      healthy for 1m 00s
  arrives    1,234 records/s
  stored     1,200 records/s, 2.0 KiB/s over a minute; 5,000 records, 12 objects, 3.0 MiB in all
  oldest     [##########..........] 30s, max_age is 1m 00s
  memory     [###################.] 95 B of 100 B
  spool      [##..................] 10 B of 100 B, 1 object in the outbox
             the disk is full
  under way  3 open, 1 encoding, 1 refused, 2 uploading of 4; 2 batches waiting
  ended by   size 10, age 2
  bad        3 dead letters, 1 dropped, 0 given back
             4: no JSON·[31mred·]0;title··2J·

  partition                          age  of 1.0 MiB                   expected     records  state
  in/old                             30s  [....................]   0 %       10 B           1  refused
    access denied
  in/full·[31mred·]0;title··2J·      20s  [##########..........]  50 %    512 KiB          50  open
  in/many (dead letters)             10s  [....................]   1 %      100 B         900  open

s: root.output   into
  store      unhealthy (denied): no
  arrives    0 records/s
  stored     0 records/s, 0 B/s over a minute; 0 records, 0 objects, 0 B in all
  oldest     no record waits to be stored
  memory     [....................] 0 B of 0 B
  under way  0 open, 0 uploading of 0; 0 batches waiting
  ended by   no object has landed yet

in  consumer group g
  lag        70 records are not stored yet
  assigned   2 partitions of Kafka
  under way  1 batch, 1.0 KiB with what was read ahead
  behind     t/1 60, t/0 10
`
	assert.Equal(t, want, Plain(sample()))
	assert.Contains(t, Plain(&live.State{}), "no s3_destination output runs")
}

func TestPartitionsAreSorted(t *testing.T) {
	names := func(o Order) string {
		var all []string
		for _, p := range o.sorted(sample().Outputs[0].Partitions) {
			all = append(all, strings.TrimPrefix(Clean(p.Name), "in/")[:3])
		}
		return strings.Join(all, " ")
	}
	assert.Equal(t, "old ful man", names(ByAge))
	assert.Equal(t, "ful man old", names(ByFill))
	assert.Equal(t, "man ful old", names(ByRecords))
	assert.Equal(t, "ful man old", names(ByName))
	assert.Equal(t, ByAge, ByName.next())
	assert.Len(t, ByAge.sorted(make([]live.Partition, 50)), live.Head)
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.1:4195":                 "http://127.0.0.1:4195/s3_destination.json",
		"http://h:1/":                    "http://h:1/s3_destination.json",
		"https://h/root/s3_destination":  "https://h/root/s3_destination.json",
		"http://h:1/s3_destination.json": "http://h:1/s3_destination.json",
		"http://me:secret@h:1":           "http://me:xxxxx@h:1/s3_destination.json",
		"localhost:4195/s3_destination":  "http://localhost:4195/s3_destination.json",
		"[::1]:4195":                     "http://[::1]:4195/s3_destination.json",
	} {
		a, err := Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, a.String())
	}
	for _, text := range []string{"", "ftp://h", "http://", "http://me:secret@h:port"} {
		_, err := Parse(text)
		require.ErrorContains(t, err, "http.address")
		assert.NotContains(t, err.Error(), "secret")
	}
}

// ask asks a server once.
func ask(t *testing.T, answer http.HandlerFunc) (*live.State, error) {
	t.Helper()
	s := httptest.NewServer(answer)
	defer s.Close()
	a, err := Parse(s.URL)
	require.NoError(t, err)
	client := Client()
	defer client.CloseIdleConnections()
	client.Transport = s.Client().Transport
	state, _, err := a.Ask(t.Context(), client)
	return state, err
}

func TestAnswersThatAreNone(t *testing.T) {
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for want, answer := range map[string]http.HandlerFunc{
		"It is an older s3-destination":      status(http.StatusNotFound),
		"a name and a password":              status(http.StatusUnauthorized),
		"it answered 503":                    status(http.StatusServiceUnavailable),
		"what answers there is no s3-dest":   text("<html>"),
		"or something is in front of it":     text(`{"other": 1}`),
		"or something is in front of":        text(`{"format": 1} behind`),
		"s3-destination v9·, which is newer": text(`{"format": 2, "version": "v9\u001b"}`),
		"there was no answer: unexpected EOF": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			w.WriteHeader(http.StatusOK)
		},
	} {
		_, err := ask(t, answer)
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "asking http://127.0.0.1:")
	}
	s, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, live.JSONPath, r.URL.Path)
		_ = json.NewEncoder(w).Encode(sample())
	})
	require.NoError(t, err)
	assert.Equal(t, sample(), s)
}

func TestTheDocumentOrdersNoTerminalAbout(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"format": 1, "version": "é` + "\u009b2J\x7f" + `"}`))
	}))
	defer s.Close()
	a, err := Parse(s.URL)
	require.NoError(t, err)
	state, text, err := a.Ask(t.Context(), Client())
	require.NoError(t, err)
	assert.Contains(t, string(text), `"é\u009b2J\u007f"`)
	assert.Equal(t, "é\u009b2J\x7f", state.Version)
}

func TestNobodyListens(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	address := s.URL
	s.Close()
	a, err := Parse(address)
	require.NoError(t, err)
	_, _, err = a.Ask(t.Context(), Client())
	require.ErrorContains(t, err, "nothing listens there")
	assert.ErrorContains(t, err, "http.enabled")
}
