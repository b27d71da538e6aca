package sizing

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"gopkg.in/yaml.v3"
)

// inputIn reads the input of a configuration.
func inputIn(t *testing.T, text string) Input {
	t.Helper()
	var conf map[string]any
	assert.NoError(t, yaml.Unmarshal([]byte(text), &conf))
	return InputIn(func(name string) (any, error) {
		if value, there := conf[name]; there {
			return value, nil
		}
		return nil, errors.New("not there")
	})
}

// Records that a processor may have parsed take several times the memory of
// their JSON.
func TestRecordsAreParsedWhereSomethingMayParseThem(t *testing.T) {
	const kafka = "input: {kafka: {addresses: [a], topics: [t], batching: {count: 1000}}}\n"
	for conf, want := range map[string]bool{
		kafka: false,
		kafka + "pipeline: {processors: [{mapping: 'root = this'}]}":                              true,
		kafka + "pipeline: {processors: []}":                                                      false,
		"input: {kafka: {addresses: [a]}, processors: [{mapping: 'root = this'}]}":                true,
		"input: {broker: {inputs: [{stdin: {}, processors: [{log: {}}]}]}}":                       true,
		"input: {generate: {mapping: 'root = {}'}}":                                               false,
		"input: {resource: a}\ninput_resources: [{label: a, stdin: {}, processors: [{log: {}}]}]": true,
		"input: {stdin: {}}": false,
	} {
		assert.Equal(t, want, inputIn(t, conf).Parsed, conf)
	}
}

func TestParsedRecordsTakeSlots(t *testing.T) {
	d, in := roomy(), kafka()
	d.MemoryLimit = 400e6
	raw := InFlight(d, in)
	in.Parsed = true
	parsed := InFlight(d, in)
	assert.InDelta(t, float64(raw)*(1000+600+8.5)/(4000+600+8.5), float64(parsed), 1)
	in.Parsed, in.Kind = false, "generate"
	assert.Equal(t, parsed, InFlight(d, in), "whose records may be trees")
}

// Requests share batches, the more the fewer slots are left.
func TestRequestsNeedNoMoreSlotsThanThereAre(t *testing.T) {
	in := inputIn(t, "input: {s3_destination_http: {address: 'a:1'}}")
	assert.Equal(t, Input{Kind: OwnHTTP, Grows: true}, in)
	d, l := roomy(), load()
	d.MaxInFlight, d.MaxAge, l.Rate, l.KafkaPartitions = 1000, 5*time.Second, 10_000, 0
	assert.NotContains(t, settings(Predict(d, in, l), Warning), "max_in_flight")
	assert.Contains(t, settings(Predict(d, Input{Kind: "http_server"}, l), Warning), "max_in_flight")
}
