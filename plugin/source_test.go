package plugin_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// fromKafka generates records with the metadata of a Kafka input.
const fromKafka = `
generate:
  count: 100
  interval: ''
  batch_size: 100
  mapping: |
    meta kafka_topic = "t"
    meta kafka_partition = 3
    meta kafka_offset = counter()
    meta kafka_key = "k"
    meta trace = "abc"
    root = {"id": counter()}
`

// TestEveryAttemptHasTheNameOfItsRange fails uploads in every way in which they
// are repeated, and reads the names that were asked for.
func TestEveryAttemptHasTheNameOfItsRange(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	var mu sync.Mutex
	attempts := map[string]int{}
	s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/f-", Match: func(r s3test.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		attempts[r.Key]++
		return false
	}, Do: s3test.Delay(0)})
	s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/f-", Times: 3, Do: s3test.FailAfterBody(500, "InternalError", "again")})
	s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/f-", Times: 2, Do: s3test.LoseResponse()})
	logs := run(t, fromKafka, outputYAML(s, `
folder: in
file_name: 'f-{{source_range}}'
file_format: json
max_records: 40
upload: {concurrency: 1}
retry: {initial_interval: 10ms, max_interval: 20ms}
`))
	assert.NotContains(t, logs, "level=error")
	requireOnceEach(t, ids(t, s, "in/"), 100)
	want := []string{
		"in/f-t+3+0000000001-0000000040.json", "in/f-t+3+0000000041-0000000080.json", "in/f-t+3+0000000081-0000000100.json",
	}
	var stored []string
	for _, o := range s.Objects("in/") {
		stored = append(stored, o.Key)
	}
	assert.Equal(t, want, stored)
	mu.Lock()
	defer mu.Unlock()
	total := 0
	for key, n := range attempts {
		assert.Contains(t, want, key)
		total += n
	}
	assert.GreaterOrEqual(t, total, 3+3+2)
}

// TestSourceColumnsOfAStream gives records the metadata of a Kafka input by a
// mapping, which also makes them parsed values.
func TestSourceColumnsOfAStream(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	logs := run(t, fromKafka, outputYAML(s, jsonLines+"include_source_columns: [all]\n"))
	assert.Empty(t, logs)
	requireOnceEach(t, ids(t, s, "in/"), 100)
	for _, o := range s.Objects("in/") {
		for line := range bytes.Lines(o.Body) {
			var row struct {
				ID        int
				Topic     string            `json:"kafka_topic"`
				Partition int               `json:"kafka_partition"`
				Offset    int               `json:"kafka_offset"`
				Timestamp *string           `json:"kafka_timestamp"`
				Key       string            `json:"kafka_key"`
				Headers   map[string]string `json:"kafka_headers"`
			}
			require.NoError(t, json.Unmarshal(line, &row))
			assert.Equal(t, row.ID, row.Offset, "%s", line)
			assert.Equal(t, "t/3/k", row.Topic+"/3/"+row.Key)
			assert.Equal(t, 3, row.Partition)
			assert.Nil(t, row.Timestamp)
			assert.Equal(t, map[string]string{"trace": "abc"}, row.Headers)
		}
	}
}

func TestSourceColumnsOfAnotherInputAreNullAndWarnedAbout(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	logs := run(t, generate(10, numbered, 1), outputYAML(s, jsonLines+"include_source_columns: [topic, offset]\n"))
	requireOnceEach(t, ids(t, s, "in/"), 10)
	assert.Equal(t, 1, strings.Count(logs, "include_source_columns is set"), logs)
	for _, o := range s.Objects("in/") {
		assert.Contains(t, string(o.Body), `,"kafka_topic":null,"kafka_offset":null}`)
	}
}
