package plugin_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestSourceColumnsOfAStream gives records the metadata of a Kafka input by a
// mapping, which also makes them parsed values.
func TestSourceColumnsOfAStream(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	_, logs := run(t, `
generate:
  count: 100
  interval: ''
  batch_size: 10
  mapping: |
    meta kafka_topic = "t"
    meta kafka_partition = 3
    meta kafka_offset = counter()
    meta kafka_key = "k"
    meta trace = "abc"
    root = {"id": counter()}
`, outputYAML(s, jsonLines+"include_source_columns: [all]\n"))
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
	s := s3test.StartT(t, s3test.Config{})
	_, logs := run(t, generate(10, numbered, 1), outputYAML(s, jsonLines+"include_source_columns: [topic, offset]\n"))
	requireOnceEach(t, ids(t, s, "in/"), 10)
	assert.Equal(t, 1, strings.Count(logs, "include_source_columns is set"), logs)
	for _, o := range s.Objects("in/") {
		assert.Contains(t, string(o.Body), `,"kafka_topic":null,"kafka_offset":null}`)
	}
}
