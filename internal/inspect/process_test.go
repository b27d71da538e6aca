package inspect

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shows previews records with a whole configuration.
func shows(t *testing.T, conf, records string) (lines []string, n Counts, skipped []string) {
	t.Helper()
	found, err := Read(conf, "")
	require.NoError(t, err)
	p, err := found.Preview()
	require.NoError(t, err)
	var out bytes.Buffer
	n, err = p.Run(t.Context(), strings.NewReader(records), printed(&out))
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), n, p.Skipped()
}

const named = `s3_destination: {bucket: b, region: eu-west-1, folder: "{{team}}", file_name: "f-{{chunk_id}}", variables: {team: '${! json("team") }'}, file_format: json}`

func TestPreviewRunsTheProcessors(t *testing.T) {
	lines, n, skipped := shows(t, `
input:
  stdin: {}
  processors: [{mutation: 'root.team = this.team.lowercase()'}]
pipeline:
  processors:
    - resource: cut
    - switch:
        - check: this.fails == true
          processors: [{mapping: 'root = throw("broken")'}]
    - mapping: 'root = if this.twice == true { [this.without("twice"), this.without("twice")] }'
    - unarchive: {format: json_array}
    - mapping: 'root = this'
processor_resources:
  - {label: cut, mapping: 'root = if this.drop == true { deleted() }'}
output:
  processors: [{mutation: 'root.n = this.n * 2'}]
  `+named, `{"team":"A","n":1}
{"team":"B","n":2,"drop":true}
{"team":"C","n":3,"twice":true}
{"team":"D","n":"x"}
`)
	assert.Empty(t, skipped)
	require.Len(t, lines, 5)
	assert.Contains(t, lines[0], `a/f-00001.json`)
	assert.Contains(t, lines[0], `"n":2`, "what the output gets")
	assert.Equal(t, "dropped: by a processor", lines[1])
	assert.Contains(t, lines[2], "c/f-00001.json")
	assert.Contains(t, lines[3], "c/f-00001.json")
	assert.Contains(t, lines[4], "failed: ")
	assert.Equal(t, 1, n.Dropped)
	assert.Positive(t, n.Failed)
	assert.Zero(t, n.Refused)
}

func TestPreviewRefusesWhatProcessorsFailInStrictMode(t *testing.T) {
	lines, n, _ := shows(t, `
error_handling: {strict: true}
input: {stdin: {}}
pipeline: {processors: [{mapping: 'root = this.n.number()'}]}
output:
  `+named, "{\"n\":\"x\"}\n")
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], "refused: a processor failed")
	assert.Equal(t, 1, n.Refused)
}

func TestPreviewSaysWhatItDoesNotRun(t *testing.T) {
	lines, _, skipped := shows(t, `
input:
  broker:
    inputs: [{stdin: {}, processors: [{mapping: root.a = 1}]}]
buffer: {memory: {}}
pipeline:
  processors:
    - http: {url: 'http://127.0.0.1:1/'}
    - branch:
        processors: [{command: {name: '"rm"'}}]
    - resource: asks
    - mapping: 'root = this'
    - mutation: 'root.seen = true'
processor_resources:
  - {label: asks, cached: {key: a, cache: c, processors: [{mapping: root = this}]}}
output:
  switch:
    cases:
      - output:
          `+named+"\n", "{\"team\":\"a\"}\n")
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], "a/f-00001.json\t{")
	assert.Contains(t, lines[0], `"seen":true`)
	all := strings.Join(skipped, "\n")
	for _, part := range []string{
		"input.broker, and the processors inside it", "buffer", "pipeline.processors[0], because of http", "pipeline.processors[1], because of command",
		"pipeline.processors[2], because of cached", "output.switch: every record",
	} {
		assert.Contains(t, all, part)
	}
	assert.Len(t, skipped, 6)
}

func TestPreviewEndsWhenTheProcessorsCannotStart(t *testing.T) {
	found, err := Read("pipeline: {processors: [{mapping: 'root = '}]}\noutput:\n  "+named+"\n", "")
	require.NoError(t, err)
	p, err := found.Preview()
	require.NoError(t, err)
	_, err = p.Run(t.Context(), strings.NewReader("{}\n"), printed(&bytes.Buffer{}))
	assert.ErrorContains(t, err, "running the processors")
}
