package inspect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exactYAML is a configuration that stores records exactly once.
const exactYAML = `
input:
  s3_destination_kafka: {seed_brokers: [a:9092], topics: [t], consumer_group: g, delivery: exactly_once}
pipeline:
  processors:
    - mapping: 'root = this'
output:
  s3_destination: {bucket: b, region: r, folder: 'f/{{x}}', file_name: n, file_format: json, variables: {x: '${! json("x") }'}, on_bad_record: dead_letter}
`

func exactReading(t *testing.T, replace ...string) *Reading {
	t.Helper()
	text := strings.NewReplacer(replace...).Replace(exactYAML)
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, exactYAML, replace[i])
	}
	r, err := ReadText("c.yaml", text)
	require.NoError(t, err)
	return r
}

// TestWhatKeepsRecordsFromBeingStoredOnce: each is a mistake, and a reason of its
// own.
func TestWhatKeepsRecordsFromBeingStoredOnce(t *testing.T) {
	const out = "output:\n  s3_destination: "
	for name, c := range map[string]struct {
		replace []string
		reason  string
		says    string
	}{
		"another input":       {[]string{"input:\n  s3", "input:\n  broker:\n    inputs:\n      - generate: {mapping: 'root = 1'}\n      - s3"}, "input", "generate"},
		"a merging broker":    {[]string{"input:\n  s3", "input:\n  broker:\n    batching: {count: 9}\n    inputs:\n      - s3"}, "input", "a broker with batching"},
		"a buffer":            {[]string{"pipeline:", "buffer: {memory: {}}\npipeline:"}, "buffer", "memory"},
		"a fallback":          {[]string{out, "output:\n  fallback:\n    - drop: {}\n    - s3_destination: "}, "output", "fallback"},
		"archive":             {[]string{"- mapping: 'root = this'", "- archive: {format: lines}"}, "processors", "archive"},
		"dedupe in a branch":  {[]string{"- mapping: 'root = this'", "- for_each: [{dedupe: {cache: c, key: k}}]"}, "processors", "dedupe"},
		"reject":              {[]string{"on_bad_record: dead_letter", "on_bad_record: reject"}, "on_bad_record", "on_bad_record"},
		"refused are dropped": {[]string{"on_bad_record: dead_letter", "on_bad_record: dead_letter, on_refused_object: dead_letter"}, "on_refused_object", "may have been stored"},
		"giving up":           {[]string{"on_bad_record: dead_letter", "on_bad_record: dead_letter, retry: {max_elapsed_time: 1m}"}, "max_elapsed_time", "given up after 1m0s"},
		"a spool":             {[]string{"on_bad_record: dead_letter", "on_bad_record: dead_letter, spool: {path: /var/spool/s3}"}, "spool", "acknowledges"},
		"batching":            {[]string{"on_bad_record: dead_letter", "on_bad_record: dead_letter, batching: {count: 5}"}, "batching", "batching"},
		"a check":             {[]string{"on_bad_record: dead_letter", "on_bad_record: dead_letter, batching: {check: 'true'}"}, "batching", "batching"},
		"batches processed":   {[]string{"on_bad_record: dead_letter", "on_bad_record: dead_letter, batching: {count: 1, processors: [{log: {}}]}"}, "batching", "batching"},
		"the clock":           {[]string{"f/{{x}}", "f/{{x}}/{{DD_today}}"}, "clock", "{{DD_today}}"},
		"today for a date":    {[]string{"f/{{x}}", "f/{{x}}/{{DD}}", "on_bad_record", "date_field: d, on_missing_date: today, on_bad_record"}, "clock", "another day"},
		"chance in a name":    {[]string{`json("x")`, `random_int()`}, "variables", "variables.x: random_int()"},
	} {
		t.Run(name, func(t *testing.T) {
			r := exactReading(t, c.replace...)
			asked, against := r.pipelines[0].exactly()
			assert.True(t, asked)
			require.Len(t, against, 1)
			assert.Equal(t, c.reason, against[0].reason)
			assert.Contains(t, against[0].text, c.says)
			line, exact := r.pipelines[0].delivery()
			assert.False(t, exact)
			assert.Contains(t, line, "exactly once: no, because of")
			var said bool
			for _, f := range r.Mistakes() {
				said = said || strings.Contains(f.String(), "delivery: exactly_once of the input does not allow")
			}
			assert.True(t, said, "%v", r.Mistakes())
		})
	}
}

func TestWhatIsStoredExactlyOnce(t *testing.T) {
	r := exactReading(t)
	assert.Empty(t, r.Mistakes())
	line, exact := r.pipelines[0].delivery()
	assert.True(t, exact)
	assert.Equal(t, "exactly once: yes, input s3_destination_kafka, output s3_destination", line)
	assert.Equal(t, line, r.Outputs()[0].Doctor().Delivery)

	for _, usual := range []string{"0s", "10m"} {
		r = exactReading(t, "on_bad_record: dead_letter", "on_bad_record: dead_letter, retry: {max_elapsed_time: "+usual+"}")
		assert.Empty(t, r.Mistakes(), usual)
	}

	r = exactReading(t, ", delivery: exactly_once", "", "dead_letter", "reject")
	line, exact = r.pipelines[0].delivery()
	assert.False(t, exact)
	assert.Empty(t, line, "it was not asked for")
}
