package inspect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
)

func own(extra string) string {
	return "{s3_destination: {bucket: b, region: eu-west-1, file_format: json" + extra + "}}"
}

const resent = "sends a batch again as a whole"

// doubtsOf is what is doubtful about the surroundings of the outputs.
func doubtsOf(t *testing.T, text string) []string {
	t.Helper()
	r, err := ReadText("configuration", text)
	require.NoError(t, err)
	var all []string
	for _, p := range r.pipelines {
		all = append(all, p.doubts()...)
	}
	return all
}

func TestWrappersThatSendWholeBatchesAgainAreDoubted(t *testing.T) {
	for name, c := range map[string]struct{ conf, wrapper string }{
		"alone":                         {"output: " + own(""), ""},
		"retry":                         {"output: {retry: {output: " + own("") + "}}", "inside retry,"},
		"retry with dead letters":       {"output: {retry: {output: " + own(", on_bad_record: dead_letter") + "}}", ""},
		"retry, dropping":               {"output: {retry: {output: " + own(", on_bad_record: drop") + "}}", ""},
		"broker":                        {"output: {broker: {outputs: [{drop: {}}, " + own("") + "]}}", "pattern fan_out,"},
		"broker, sequential":            {"output: {broker: {pattern: fan_out_sequential, outputs: [" + own("") + "]}}", "pattern fan_out_sequential,"},
		"broker that shares":            {"output: {broker: {pattern: greedy, outputs: [" + own("") + "]}}", ""},
		"broker that fails fast":        {"output: {broker: {pattern: fan_out_fail_fast, outputs: [" + own("") + "]}}", ""},
		"switch":                        {"output: {switch: {cases: [{output: " + own("") + "}, {output: {drop: {}}}]}}", ""},
		"switch that retries":           {"output: {switch: {retry_until_success: true, cases: [{output: {drop: {}}}, {output: " + own("") + "}]}}", "retry_until_success"},
		"fallback in retry":             {"output: {retry: {output: {fallback: [" + own("") + ", {drop: {}}]}}}", ""},
		"last of a fallback in retry":   {"output: {retry: {output: {fallback: [{drop: {}}, " + own("") + "]}}}", "inside retry,"},
		"retry in a fallback":           {"output: {fallback: [{retry: {output: " + own("") + "}}, {drop: {}}]}", "inside retry,"},
		"dropped in retry":              {"output: {retry: {output: {drop_on: {error: true, output: " + own("") + "}}}}", ""},
		"dropped for pressure in retry": {"output: {retry: {output: {drop_on: {back_pressure: 1s, output: " + own("") + "}}}}", "inside retry,"},
		"retry in a broker that shares": {"output: {broker: {pattern: greedy, outputs: [{retry: {output: " + own("") + "}}]}}", "inside retry,"},
		"a resource": {
			"output: {broker: {outputs: [{resource: lake}, {drop: {}}]}}\noutput_resources: [{label: lake, s3_destination: {bucket: b, region: eu-west-1, file_format: json}}]", "pattern fan_out,",
		},
		"a resource that is there already": {"output: {resource: a}\noutput_resources: [{label: a, retry: {output: {resource: a}}}]", ""},
		"the processor retry":              {"pipeline: {processors: [{retry: {processors: []}}]}\noutput: " + own(""), ""},
		"a label of that name":             {"output: {label: retry, s3_destination: {bucket: b, region: eu-west-1, file_format: json}}", ""},
		"a mistake of another kind":        {"output: {retry: {output: " + own(", max_age: soon") + "}}", ""},
	} {
		doubts := doubtsOf(t, c.conf)
		if c.wrapper == "" {
			assert.Empty(t, doubts, name)
			continue
		}
		require.Len(t, doubts, 1, name)
		assert.Contains(t, doubts[0], resent, name)
		assert.Contains(t, doubts[0], c.wrapper, name)
		assert.Contains(t, doubts[0], "dead_letter or drop", name)
	}
	assert.Empty(t, doubtsOf(t, "a: [b"))
}

func TestCoordinatesOfClientsAreDoubted(t *testing.T) {
	const http = "input: {http_server: {path: /in}}\n"
	const both = "input: {broker: {inputs: [{http_server: {}}, {kafka: {addresses: [a], topics: [t]}}]}}\n"
	ours := func(settings string) string {
		return "input: {s3_destination_http: {address: '127.0.0.1:1'" + settings + "}}\n"
	}
	const names, believing = ", metadata_query: [tenant, kafka_offset]", ", source_coordinates: metadata"
	for name, c := range map[string]struct{ conf, want string }{
		"our HTTP input":                    {ours("") + "output: " + own(", include_source_columns: [offset]"), "nothing to tell about records of the input s3_destination_http"},
		"with a token":                      {ours(", auth: {bearer_token: t}") + "output: " + own(", include_source_columns: [offset]"), "nothing to tell"},
		"our HTTP input beside Kafka":       {"input: {broker: {inputs: [{s3_destination_http: {address: ':1'}}, {kafka: {addresses: [a], topics: [t]}}]}}\noutput: " + own(", include_source_columns: [offset]"), ""},
		"it names no coordinates":           {ours(", metadata_query: [tenant]") + "output: " + own(believing), ""},
		"it names coordinates":              {ours(names) + "output: " + own(believing), "believes the input s3_destination_http"},
		"it names them as headers":          {ours(", metadata_headers: [kafka_topic]") + "output: " + own(believing), "believes the input s3_destination_http"},
		"for whoever has the token":         {ours(names+", auth: {bearer_token: t}") + "output: " + own(believing), ""},
		"for whoever has the password":      {ours(names+", auth: {username: u, password: p}") + "output: " + own(believing), ""},
		"for whoever has a certificate":     {ours(names+", tls: {cert_file: a, key_file: b, client_ca_file: c}") + "output: " + own(believing), ""},
		"the server alone shows one":        {ours(names+", tls: {cert_file: a, key_file: b, client_ca_file: ''}") + "output: " + own(believing), "believes the input s3_destination_http"},
		"nothing asked for":                 {http + "output: " + own(""), ""},
		"columns":                           {http + "output: " + own(", include_source_columns: [offset]"), "nothing to tell about records of the input http_server"},
		"names":                             {http + "output: " + own(", file_name: 'f-{{source_range}}'"), "nothing to tell"},
		"switched off":                      {http + "output: " + own(", source_coordinates: 'off', include_source_columns: [offset]"), ""},
		"any metadata":                      {http + "output: " + own(", source_coordinates: metadata"), "they decide what {{source_range}}"},
		"Kafka":                             {"input: {kafka: {addresses: [a], topics: [t]}}\noutput: " + own(", source_coordinates: metadata, include_source_columns: [offset]"), ""},
		"Kafka beside HTTP":                 {both + "output: " + own(", include_source_columns: [offset]"), ""},
		"Kafka beside HTTP, any metadata":   {both + "output: " + own(", source_coordinates: metadata"), "believes the input http_server"},
		"HTTP among the resources":          {"input: {resource: x}\ninput_resources: [{label: x, http_server: {}}]\noutput: " + own(", source_coordinates: metadata"), "believes the input http_server"},
		"another input, which has a schema": {"input: {generate: {mapping: 'root = {}'}}\noutput: " + own(", include_source_columns: [offset]"), ""},
	} {
		doubts := doubtsOf(t, c.conf)
		if c.want == "" {
			assert.Empty(t, doubts, name)
			continue
		}
		require.Len(t, doubts, 1, name)
		assert.Contains(t, doubts[0], c.want, name)
	}
}

func TestDoubtsAreSaidOnce(t *testing.T) {
	outputs := strings.Repeat(own("")+", ", 3)
	assert.Len(t, doubtsOf(t, fmt.Sprintf("output: {broker: {outputs: [%s{drop: {}}]}}", outputs)), 1)
}

func TestBatchesOfSeveralKafkaPartitionsAreDoubted(t *testing.T) {
	const kafka = "input: {broker: {inputs: [{s3_destination_kafka: {seed_brokers: [a], topics: [t], consumer_group: g}}]}}\n"
	const batching = ", batching: {count: 10, period: 1s}"
	for name, c := range map[string]struct {
		conf    string
		doubted bool
	}{
		"batches": {kafka + "output: " + own(batching), true},
		"none":    {kafka + "output: " + own(""), false},
		"another": {"input: {kafka: {addresses: [a], topics: [t]}}\noutput: " + own(batching), false},
	} {
		doubts := doubtsOf(t, c.conf)
		if !c.doubted {
			assert.Empty(t, doubts, name)
			continue
		}
		require.Len(t, doubts, 1, name)
		assert.Contains(t, doubts[0], "makes batches that are large enough: remove it")
	}
}
