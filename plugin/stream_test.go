package plugin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	"github.com/s3-destination/s3-destination/internal/testutil/logs"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	_ "github.com/s3-destination/s3-destination/plugin"
)

// outputYAML is an output that writes to a test server. extra is indented by
// two spaces.
func outputYAML(s *s3test.Server, extra string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `s3_destination:
  bucket: %s
  region: us-east-1
  endpoint: %s
  force_path_style_urls: true
  auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}
`, s.Bucket, s.URL, s.AccessKey, s.SecretKey)
	for line := range strings.Lines(extra) {
		b.WriteString("  " + line)
	}
	return b.String()
}

const jsonLines = `
folder: in
file_name: 'f-{{chunk_id}}'
file_format: json
`

// build makes a stream that logs errors to the returned buffer.
func build(t *testing.T, input, output string) (*service.Stream, *logs.Buffer) {
	t.Helper()
	b := service.NewStreamBuilder()
	logs := &logs.Buffer{}
	b.SetLogger(slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelWarn})))
	require.NoError(t, b.AddInputYAML(input))
	require.NoError(t, b.AddOutputYAML(output))
	stream, err := b.Build()
	require.NoError(t, err)
	return stream, logs
}

// run runs a stream to the end of its input.
func run(t *testing.T, input, output string) (logs string) {
	t.Helper()
	stream, log := build(t, input, output)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	require.NoError(t, stream.Run(ctx))
	return withoutFirstWord(log.String())
}

// withoutFirstWord leaves out of a log that the first check of the destination takes
// long, which is true of a busy machine.
func withoutFirstWord(log string) (rest string) {
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "checking the destination: no answer yet") && !strings.Contains(line, "still waiting for credentials") {
			rest += line
		}
	}
	return rest
}

func generate(count int, mapping string, batch int) string {
	return fmt.Sprintf(`
generate:
  count: %d
  interval: ''
  batch_size: %d
  mapping: '%s'
`, count, batch, mapping)
}

const numbered = `root = {"id": counter()}`

// ids reads every object below a prefix back and counts the records by id.
func ids(t *testing.T, s *s3test.Server, prefix string) map[int]int {
	t.Helper()
	found := map[int]int{}
	for _, o := range s.Objects(prefix) {
		for line := range bytes.Lines(o.Body) {
			var rec struct {
				ID int `json:"id"`
			}
			require.NoError(t, json.Unmarshal(line, &rec), "object %s", o.Key)
			found[rec.ID]++
		}
	}
	return found
}

func requireOnceEach(t *testing.T, found map[int]int, n int) {
	t.Helper()
	require.Len(t, found, n)
	for id, times := range found {
		require.Equal(t, 1, times, "record %d", id)
	}
}

func TestFiniteInputEndsByTheIdleRule(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	logs := run(t, generate(10_000, numbered, 100), outputYAML(s, jsonLines+"idle_timeout: 1s\n"))
	requireOnceEach(t, ids(t, s, "in/"), 10_000)
	for _, o := range s.Objects("in/") {
		assert.Equal(t, "idle", o.Metadata["s3d-roll-reason"])
	}
	assert.Empty(t, logs, "normal operation must be silent")
}

func TestSaturatedSlotsStayLive(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	conf := jsonLines + "idle_timeout: 1h\nmax_age: 1h\nmax_in_flight: 64\n"
	logs := run(t, generate(640, numbered, 1), outputYAML(s, conf))
	requireOnceEach(t, ids(t, s, "in/"), 640)
	assert.Contains(t, logs, "Raise max_in_flight")
}

func TestBatchLargerThanEveryLimit(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	conf := jsonLines + "max_file_size: 5KB\nmax_records: 300\nmemory_limit: 20KB\nmax_open_partitions: 1\nidle_timeout: 100ms\n"
	run(t, generate(20_000, numbered, 10_000), outputYAML(s, conf))
	requireOnceEach(t, ids(t, s, "in/"), 20_000)
	for _, o := range s.Objects("in/") {
		assert.LessOrEqual(t, len(o.Body), 5000)
		assert.LessOrEqual(t, bytes.Count(o.Body, []byte("\n")), 300)
	}
}

func TestPoisonRecordWithDeadLetter(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	mapping := `let n = counter()
root = if $n == 5000 { "{poison" } else { {"id": $n} }`
	input := "generate:\n  count: 10000\n  interval: ''\n  batch_size: 100\n  mapping: |\n    " +
		strings.ReplaceAll(mapping, "\n", "\n    ") + "\n"
	logs := run(t, input, outputYAML(s, jsonLines+"on_bad_record: dead_letter\n"))
	found := ids(t, s, "in/f-")
	require.Len(t, found, 9_999)
	assert.NotContains(t, found, 5_000)
	letters := s.Objects("in/_dead_letters/")
	require.Len(t, letters, 1)
	var l map[string]any
	require.NoError(t, json.Unmarshal(letters[0].Body, &l))
	assert.Equal(t, "{poison", l["payload"])
	assert.Contains(t, l["reason"], "invalid JSON")
	assert.Contains(t, logs, "on_bad_record: dead_letter")
}

func TestPoisonRecordWithRejectReachesFallbackAlone(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	input := `
generate:
  count: 10000
  interval: ''
  batch_size: 100
  mapping: |
    let n = counter()
    root = if $n == 5000 { "{poison" } else { {"id": $n} }
`
	output := "fallback:\n" + listItem(outputYAML(s, jsonLines)) +
		listItem("processors: [{mapping: 'root.why = @fallback_error'}]\n"+outputYAML(s, strings.Replace(jsonLines, "in", "fallen", 1)))
	run(t, input, output)
	require.Len(t, ids(t, s, "in/"), 9_999)
	fallen := s.Objects("fallen/")
	require.Len(t, fallen, 1)
	assert.Equal(t, 1, bytes.Count(fallen[0].Body, []byte("\n")))
	assert.Contains(t, string(fallen[0].Body), "invalid JSON")
}

func listItem(yaml string) string {
	return "  - " + strings.ReplaceAll(strings.TrimRight(yaml, "\n"), "\n", "\n    ") + "\n"
}

func TestRestartLeavesEarlierObjectsUntouched(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	conf := outputYAML(s, jsonLines+"max_file_size: 2KB\nidle_timeout: 100ms\n")
	run(t, generate(1000, numbered, 50), conf)
	before := s.Objects("in/")
	require.Greater(t, len(before), 3)
	run(t, generate(1000, numbered, 50), conf)
	for _, o := range before {
		now, ok := s.Object(o.Key)
		require.True(t, ok)
		assert.Equal(t, o.Body, now.Body)
	}
	found := ids(t, s, "in/")
	require.Len(t, found, 1000)
	for id, n := range found {
		require.Equal(t, 2, n, "record %d", id)
	}
}

func TestLostResponsesLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/f", Times: 5, Do: s3test.LoseResponse()})
	run(t, generate(2000, numbered, 50), outputYAML(s, jsonLines+"max_file_size: 5KB\nidle_timeout: 200ms\n"))
	requireOnceEach(t, ids(t, s, "in/"), 2000)
}

func TestLostResponsesWithoutReadingLoseNothing(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	s.Faults.Deny("HeadObject", "GetObject", "ListObjectsV2", "DeleteObject")
	s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/f", Times: 3, Do: s3test.LoseResponse()})
	run(t, generate(2000, numbered, 50), outputYAML(s, jsonLines+"max_file_size: 5KB\nidle_timeout: 200ms\n"))
	require.Len(t, ids(t, s, "in/"), 2000)
}

func TestOutageOfTheStoreLosesNothing(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/f", Times: 20, Do: s3test.SlowDown(0)})
	logs := run(t, generate(2000, numbered, 50),
		outputYAML(s, jsonLines+"max_file_size: 5KB\nidle_timeout: 200ms\nretry: {initial_interval: 1ms, max_interval: 20ms}\n"))
	requireOnceEach(t, ids(t, s, "in/"), 2000)
	assert.NotContains(t, logs, "Failed to send")
}

func TestOutputWithoutHealthyDestinationIsNotConnected(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	s.Faults.Deny("PutObject")
	stream, logs := build(t, generate(10, numbered, 1), outputYAML(s, jsonLines))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	require.Error(t, stream.Run(ctx))
	assert.Contains(t, logs.String(), "checking the destination")
	assert.Contains(t, logs.String(), "denied")
	assert.NotContains(t, logs.String(), s.SecretKey)
	assert.Empty(t, s.Objects("in/f"))
}

// producer feeds a stream and remembers what was acknowledged.
type producer struct {
	acked, failed atomic.Int64
}

func TestForcedStopUploadsNothingAfterCancellation(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	b := service.NewStreamBuilder()
	b.SetLogger(slog.New(slog.NewTextHandler(&logs.Buffer{}, nil)))
	produce, err := b.AddBatchProducerFunc()
	require.NoError(t, err)
	require.NoError(t, b.AddOutputYAML(outputYAML(s, jsonLines+"max_age: 2500ms\nidle_timeout: 1h\n")))
	stream, err := b.Build()
	require.NoError(t, err)
	ran := make(chan error, 1)
	go func() { ran <- stream.Run(t.Context()) }()
	ctx, cancel := context.WithCancel(t.Context())

	var p producer
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if produce(ctx, service.MessageBatch{service.NewMessage(fmt.Appendf(nil, `{"id":%d}`, i))}) == nil {
				p.acked.Add(1)
			} else {
				p.failed.Add(1)
			}
		})
	}
	time.Sleep(time.Second)
	_ = stream.StopWithin(400 * time.Millisecond) // most of it graceful, in vain
	<-ran
	cancel()
	wg.Wait()
	stored := len(ids(t, s, "in/f"))
	time.Sleep(3 * time.Second) // beyond max_age
	assert.Len(t, ids(t, s, "in/f"), stored, "nothing may be uploaded after a forced stop")
	assert.LessOrEqual(t, p.acked.Load(), int64(stored), "an acknowledged record is missing")
	assert.Equal(t, int64(20), p.acked.Load()+p.failed.Load())
}

func TestServerNeedsNothingButPutObject(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	s.Faults.Add(s3test.Rule{
		Match: func(r s3test.Request) bool { return r.Op != "PutObject" },
		Do:    s3test.Fail(http.StatusForbidden, "AccessDenied", "Access Denied"),
	})
	logs := run(t, generate(1000, numbered, 50), outputYAML(s, jsonLines+"max_file_size: 2KB\nidle_timeout: 100ms\n"))
	requireOnceEach(t, ids(t, s, "in/f"), 1000)
	run(t, generate(1000, numbered, 50), outputYAML(s, jsonLines+"max_file_size: 2KB\nidle_timeout: 100ms\n"))
	assert.Len(t, ids(t, s, "in/f"), 1000)
	assert.Contains(t, logs, "may write but not delete")
}

func TestWritersOfOnePrefixNeverMeet(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	conf := outputYAML(s, jsonLines+"max_file_size: 2KB\nidle_timeout: 100ms\n")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { run(t, generate(1000, numbered, 50), conf) })
	}
	wg.Wait()
	found := ids(t, s, "in/f")
	require.Len(t, found, 1000)
	for id, n := range found {
		require.Equal(t, 3, n, "record %d", id)
	}
}
