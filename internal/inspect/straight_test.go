package inspect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatStandsBetweenInputAndOutput(t *testing.T) {
	const in, out = "s3_destination_kafka: {seed_brokers: [a:9092], topics: [t], consumer_group: g}", "s3_destination: {bucket: b, region: r, folder: f, file_name: n, file_format: json}"
	const input, output = "input:\n  " + in + "\n", "output:\n  " + out + "\n"
	within := func(text, more string) string { return strings.Replace(text, "}\n", more+"}\n", 1) }
	for text, straight := range map[string]bool{
		input + output: true,
		"input:\n  label: a\n  " + in + "\n" + "output:\n  label: b\n  " + out + "\n":   true,
		input + output + "buffer: {none: {}}\npipeline: {threads: 2, processors: []}\n": true,
		input + output + "tests: []\nmetrics: {prometheus: {}}\n":                       true,

		input + output + "pipeline: {processors: [{log: {}}]}\n":                            false,
		input + output + "buffer: {memory: {}}\n":                                           false,
		input + "  processors: [{log: {}}]\n" + output:                                      false,
		input + output + "  processors: [{log: {}}]\n":                                      false,
		input + within(output, ", batching: {check: 'true'}"):                               false,
		input + within(output, ", batching: {count: 1, processors: [{log: {}}]}"):           false,
		input + within(output, ", batching: {processors: [{log: {}}]}"):                     false,
		input + within(output, ", batching: {count: 10}"):                                   false,
		input + within(output, ", spool: {path: /p, max_size: 1GiB}, on_bad_record: drop"):  false,
		input + "output:\n  retry: {output: {" + out + "}}\n":                               false,
		input + "output:\n  broker: {outputs: [{" + out + "}, {drop: {}}]}\n":               false,
		input + "output: {drop: {}}\n":                                                      false,
		input + "output: {resource: o}\noutput_resources:\n  - label: o\n    " + out + "\n": false,
		"input: {resource: i}\ninput_resources:\n  - label: i\n    " + in + "\n" + output:   false,
		"input:\n  broker: {inputs: [{" + in + "}, {" + in + "}]}\n" + output:               false,
		"input: {stdin: {}}\n" + output:                                                     false,
		output:                                                                              false,
	} {
		r, err := ReadText("c.yaml", text)
		require.NoError(t, err)
		require.Equal(t, straight, r.Straight(), "%s", text)
	}
}
