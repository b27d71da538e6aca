package inspect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

const mendable = `# The first line.
input: {stdin: {}}
output:
  s3_destination: # ours
    bucket:   b
    region: r
    folder: f
    file_name: 'part-{{chunk_id}}'
    file_format: json   # stays
`

// fixed mends a configuration, with the lookup of variables that are set.
func fixed(t *testing.T, text string) (string, int) {
	t.Helper()
	made, words, err := inspect.Fixed(inspect.Request{
		Main: "x.yaml", Text: []byte(text), Lookup: func(name string) (string, bool) { return "JSN", name == "FORMAT" },
	})
	require.NoError(t, err)
	return string(made), words
}

func TestWordsAreMended(t *testing.T) {
	for i, c := range []struct{ right, wrong string }{
		{"file_format: json ", "file_format: jsn "},
		{"file_format: json ", "FileFormat: json "},
		{"file_format: json ", "format: json "},
		{"file_format: json ", "file_format: JSON "},
		{"file_format: 'json' ", "file_format: 'JSON' "},
		{"stdin: {}", "stdn: {}"},
		{"s3_destination: #", "s3destination: #"},
		{"    max_age: 5m # a\n", "    max_age: 5 minutes # a\n"},
		{"    max_age: 5m\n", "    period: 5 minutes\n"},
		{"    max_records: 10\n", "    max_records: \"10\"\n"},
		{"    max_records: 10\n", "    count: '10'\n"},
		{"    use_binary_strings: false\n", "    use_binary_strings: 'false'\n"},
		{"    include_source_columns: [topic] # one\n", "    include_source_columns: topic # one\n"},
		{"    include_source_columns: ['topic'] # one\n", "    include_source_columns: 'topic' # one\n"},
		{"    auth: {mode: default}\r\n", "    auth: {mod: default}\r\n"},
		{"    encryption: {mode: sse-s3}\n", "    encryption: {mode: AES256}\n"},
	} {
		if !long.Takes(i, 3) {
			continue
		}
		right := mendable
		if strings.HasPrefix(c.right, "  ") {
			right += c.right
		}
		if strings.Contains(c.right, "'json'") {
			right = strings.Replace(mendable, "json ", "'json' ", 1)
		}
		wrong := strings.Replace(right, c.right, c.wrong, 1)
		require.NotEqual(t, right, wrong, c.wrong)
		made, words := fixed(t, wrong)
		assert.Equal(t, right, made, c.wrong)
		assert.Positive(t, words, c.wrong)
	}
}

func TestWhatIsNoWordIsLeft(t *testing.T) {
	for _, text := range []string{
		mendable,
		strings.Replace(mendable, "file_format: json", "file_format: ${FORMAT}", 1), // jsn: of the environment
		mendable + "    compression: gzip\n",                                        // one of several settings
		mendable + "    credentials: {id: x}\n",                                     // has another structure
		mendable + "    max_rows: many\n",                                           // no better as max_records
		mendable + "    rotate.interval.ms: 60000\n",                                // not in seconds
		mendable + "    rotate_interval: 60000\n",                                   // nor these
		mendable + "    max_age: 60000\n",                                           // of which unit?
		mendable + "    max_age: '90'\n",                                            // of which unit?
		mendable + "    byte_size: 5000\n",                                          // not in MB
		mendable + "    max_size: 5000\n",                                           // nor these
		mendable + "    limit: 1000\n",                                              // of records, not of memory
		mendable + "    file: json\n",                                               // the beginning of two names
		mendable + "    buckets: c\n",                                               // bucket is there
		"output: {s3_destination: {bucket: b\n",                                     // no YAML
	} {
		made, words := fixed(t, text)
		assert.Equal(t, text, made)
		assert.Zero(t, words, text)
	}
}

// Every mistake that can be mended is, in one go, and no line moves.
func TestManyWordsAreMendedTogether(t *testing.T) {
	wrong := strings.NewReplacer("bucket:", "Bucket:", "json ", "JSON ", "region", "regoin", "stdin", "stdim").Replace(mendable) + "    count: '3'\n    avro: {codec: nul}\n"
	made, words := fixed(t, wrong)
	assert.Equal(t, mendable+"    max_records: 3\n    avro: {codec: 'null'}\n", made)
	assert.Equal(t, 7, words)
}

// What means nothing special in a line of its own does in a list.
func TestAListOfOneKeepsItsValue(t *testing.T) {
	const text = `input:
  file:
    paths: %s
    scanner: {lines: {}}
    delete_on_finsh: true
output: {drop: {}}
`
	for _, value := range []string{"data/[0-9].csv", "data/{a,b}.csv", "./a,b.csv", "it's,", "a.csv"} {
		made, words := fixed(t, fmt.Sprintf(text, value))
		assert.Equal(t, 2, words, value)
		var read struct {
			Input struct {
				File struct {
					Paths []string
					Done  bool `yaml:"delete_on_finish"`
				}
			}
		}
		require.NoError(t, yaml.Unmarshal([]byte(made), &read), made)
		assert.Equal(t, []string{value}, read.Input.File.Paths)
		assert.True(t, read.Input.File.Done)
	}
}
