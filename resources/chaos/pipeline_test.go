package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// binary is built once for all tests that run it, which are long ones.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "chaos-test-")
	binary = filepath.Join(dir, "s3-destination")
	if err == nil && long.Wanted() {
		err = buildBinary(context.Background(), binary)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// place is a world for one test, with a fake broker.
func place(t *testing.T) *world {
	t.Helper()
	w, err := newWorld(t.Context(), options{broker: "kfake", binary: binary, out: t.Output()})
	require.NoError(t, err)
	t.Cleanup(func() { w.close(false) })
	return w
}

func begin(t *testing.T, w *world, name string, set settings) *consumer {
	t.Helper()
	c, err := w.start(t.Context(), name, set)
	require.NoError(t, err)
	t.Cleanup(c.kill)
	return c
}

var numbers = load{topic: topic, partitions: partitions, size: 300, largeEvery: 500, largeSize: 1_000_000}

// TestRestartReadsNothingAgain stops a pipeline twice in the middle of its
// work, and looks for records that are missing or there twice.
func TestRestartReadsNothingAgain(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	w := place(t)
	require.NoError(t, produce(t.Context(), w.kafka, numbers, w.ledger, 3000))
	for _, name := range []string{"first", "second"} {
		c := begin(t, w, name, settings{})
		require.NoError(t, w.settled(t.Context(), 1))
		require.NoError(t, produce(t.Context(), w.kafka, numbers, w.ledger, 3000))
		time.Sleep(500 * time.Millisecond) // long enough to read some of it
		took, err := c.terminate()
		require.NoError(t, err, c.logged())
		assert.Less(t, took, 5*time.Second)
	}
	c := begin(t, w, "last", settings{})
	require.NoError(t, w.settled(t.Context(), 1))
	require.NoError(t, w.caughtUp(t.Context(), 20*time.Second), c.logged())
	_, err := c.terminate()
	require.NoError(t, err, c.logged())
	v, err := w.judge(t.Context(), false)
	require.NoError(t, err)
	assert.Empty(t, v.problems)
	assert.Zero(t, v.doubles.copies, "there was no breach")
	assert.Len(t, v.stored.copies, 9000)
	assert.NotContains(t, c.logged(), "level=error")
}

// TestCheckpointLimitThatStallsIsNamed gives an input that has such a limit as
// little room as its default does, and a backlog.
func TestCheckpointLimitThatStallsIsNamed(t *testing.T) {
	long.Skip(t)
	w := place(t)
	w.input = "kafka"
	for range 10 { // several times what the input fetches at once
		require.NoError(t, produce(t.Context(), w.kafka, load{topic: topic, partitions: 1, size: 300}, w.ledger, 5000))
	}
	c := begin(t, w, "only", settings{checkpoint: 100, output: `
    folder: lake/date={{YYYY}}-{{MM}}-{{DD}}
    file_name: 'e-{{uuid}}'
    file_format: json
    max_age: 1h
    idle_timeout: 300ms
`})
	require.Eventually(t, func() bool { return strings.Contains(c.logged(), "checkpoint_limit") }, time.Minute, 100*time.Millisecond)
	require.NoError(t, w.caughtUp(t.Context(), time.Minute), "it crawls, and arrives")
	_, err := c.terminate()
	require.NoError(t, err)
	v, err := w.judge(t.Context(), false)
	require.NoError(t, err)
	assert.Empty(t, v.problems)
	assert.Zero(t, v.doubles.copies)
}

// TestRecordsThatAreNoJSONAreKeptWithTheirSource sends tombstones, empty
// values, text and headers beside good records.
func TestRecordsThatAreNoJSONAreKeptWithTheirSource(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	w := place(t)
	odd := []*kgo.Record{
		{Topic: topic, Partition: 0, Key: []byte("gone"), Value: nil},
		{Topic: topic, Partition: 1, Key: []byte("empty"), Value: []byte{}},
		{Topic: topic, Partition: 2, Value: []byte("{broken")},
		{Topic: topic, Partition: 2, Value: []byte{0xFF, 0xFE, 0x00}},
		{Topic: topic, Partition: 3, Value: []byte(`{"id":1}`)}, // has no date
		{
			Topic: topic, Partition: 4, Value: []byte(`"text"`),
			Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte("abc")}},
		},
	}
	require.NoError(t, w.kafka.Produce(t.Context(), odd...))
	for range 5 { // the good ones, among them one with headers and one of a megabyte
		require.NoError(t, produce(t.Context(), w.kafka, numbers, w.ledger, 200))
	}
	c := begin(t, w, "only", settings{})
	require.NoError(t, w.caughtUp(t.Context(), 20*time.Second), c.logged())
	_, err := c.terminate()
	require.NoError(t, err)
	s, err := readBack(t.Context(), w.shelf, w.ledger)
	require.NoError(t, err)
	assert.Empty(t, s.wrong)
	assert.Empty(t, s.missing(w.ledger))
	assert.Len(t, s.copies, 1000)

	found := map[string]letter{}
	for _, o := range w.s3.Objects("lake/_dead_letters/") {
		for line := range bytes.Lines(o.Body) {
			var l letter
			require.NoError(t, json.Unmarshal(line, &l), "%s", line)
			found[l.place()] = l
		}
	}
	require.Len(t, found, len(odd), "%v", found)
	for _, r := range odd {
		l, ok := found[letter{Source: source{topic, int(r.Partition), int(r.Offset)}}.place()]
		require.True(t, ok, "partition %d, offset %d", r.Partition, r.Offset)
		assert.NotEmpty(t, l.Reason)
		if l.Base64 == nil {
			assert.Equal(t, string(r.Value), l.Payload)
		} else {
			assert.Equal(t, append([]byte{}, r.Value...), l.Base64)
		}
	}
}

type source struct {
	Topic     string `json:"kafka_topic"`
	Partition int    `json:"kafka_partition"`
	Offset    int    `json:"kafka_offset"`
}

// letter is a dead letter, as docs/operations.md describes it.
type letter struct {
	Reason  string `json:"reason"`
	Source  source `json:"source"`
	Payload string `json:"payload"`
	Base64  []byte `json:"payload_base64"`
}

func (l letter) place() string {
	text, _ := json.Marshal(l.Source)
	return string(text)
}

// TestChaosInShort runs the scenarios for some seconds each.
func TestChaosInShort(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	for _, o := range []options{
		{scenario: "kill", seed: 5, duration: 4 * time.Second},
		{scenario: "all", seed: 6, duration: 2 * time.Second},
		{scenario: "s3", seed: 7, duration: 3 * time.Second},
		{scenario: "partition", seed: 8, duration: 4 * time.Second},
		{scenario: "exact", seed: 102, duration: 5 * time.Second, members: 2},
		{scenario: "sts", seed: 9, duration: 4 * time.Second},
		{scenario: "bare", seed: 10, duration: 3 * time.Second},
		{scenario: "http", seed: 11, duration: 5 * time.Second, calm: true},
		{scenario: "files", seed: 12, kills: 2},
		{scenario: "named", seed: 13, duration: 3 * time.Second},
		{scenario: "spool", seed: 14, duration: 6 * time.Second},
		{scenario: "spool-kafka", seed: 15, duration: 6 * time.Second},
	} {
		t.Run(o.scenario, func(t *testing.T) {
			t.Parallel()
			var report strings.Builder
			o.broker, o.binary, o.rate, o.out = "kfake", binary, 1000, &report
			kept, err := scenarios[o.scenario](t.Context(), o)
			require.NoError(t, err)
			assert.True(t, kept, report.String())
			t.Log("\n" + report.String())
		})
	}
}
