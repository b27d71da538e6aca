package main

import (
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/s3-destination/s3-destination/internal/sizing"
)

// pipeline is the configuration of a process. What it is made of is a [recipe].
var pipeline = template.Must(template.New("").Parse(`
http: {address: '{{.Address}}', debug_endpoints: true}
logger: {level: '{{.LogLevel}}'}
metrics: {prometheus: {}}
shutdown_timeout: {{.Shutdown}}
input:
{{.Input}}
{{- with .Processors}}
pipeline:
  processors:
{{.}}
{{- end}}
output:
  label: lake
  s3_destination:
    bucket: {{.Bucket}}
    region: us-east-1
    endpoint: {{.Endpoint}}
    force_path_style_urls: true
    auth: {{.Auth}}
    encryption: {mode: {{.Encryption}}}
    date_field: at
    max_in_flight: {{.InFlight}}
    on_bad_record: dead_letter
    health_check: {interval: 5s, timeout: {{.Probe}}}
    retry: {initial_interval: 20ms, max_interval: 1s}
    metadata: {run: '{{.Name}}'}
{{.Output}}
`))

// inputs are the inputs that read Kafka, by name. The kafka input balances
// eagerly, the others cooperatively. redpanda and kafka_franz can lose records at
// a rebalance and when a session is lost, which docs/kafka.md explains: a run
// with them that misses some has found that, not a fault of the output.
var inputs = map[string]*template.Template{
	sizing.OwnKafka: template.Must(template.New("").Parse(`
  s3_destination_kafka:
    seed_brokers: ['{{.Seeds}}']
    client_id: '{{.Name}}'
    topics: [{{.Topic}}]
    consumer_group: {{.Group}}
    instance_id: '{{.Instance}}'
    session_timeout: {{.Session}}
    heartbeat_interval: 200ms
    rebalance_timeout: 3s
    metadata_max_age: 5s
    fetch_max_wait: 250ms
    protocol: {{.Protocol}}
{{- if .Exactly}}
    delivery: exactly_once
{{- end}}
`)),
	"redpanda": template.Must(template.New("").Parse(`
  redpanda:
    seed_brokers: ['{{.Seeds}}']
    client_id: '{{.Name}}'
    topics: [{{.Topic}}]
    consumer_group: {{.Group}}
    instance_id: '{{.Instance}}'
    session_timeout: {{.Session}}
    heartbeat_interval: 200ms
    rebalance_timeout: 3s
    metadata_max_age: 5s
    commit_period: {{.Commit}}
    fetch_max_wait: 250ms
    fetch_max_bytes: 10MiB
    unordered_processing:
      enabled: true
      checkpoint_limit: {{.Checkpoint}}
      batching: {count: 1000, byte_size: 1000000, period: {{.Period}}}
`)),
	"kafka_franz": template.Must(template.New("").Parse(`
  kafka_franz:
    seed_brokers: ['{{.Seeds}}']
    client_id: '{{.Name}}'
    topics: [{{.Topic}}]
    consumer_group: {{.Group}}
    instance_id: '{{.Instance}}'
    session_timeout: {{.Session}}
    heartbeat_interval: 200ms
    rebalance_timeout: 3s
    metadata_max_age: 5s
    commit_period: {{.Commit}}
    fetch_max_wait: 250ms
    fetch_max_bytes: 10MiB
    checkpoint_limit: {{.Checkpoint}}
    batching: {count: 1000, byte_size: 1000000, period: {{.Period}}}
`)),
	"kafka": template.Must(template.New("").Parse(`
  kafka:
    addresses: ['{{.Seeds}}']
    client_id: '{{.Name}}'
    target_version: 2.8.0
    topics: [{{.Topic}}]
    consumer_group: {{.Group}}
    {{with .Instance}}instance_id: '{{.}}'{{end}}
    group: {session_timeout: {{.Session}}, heartbeat_interval: 200ms, rebalance_timeout: 3s}
    commit_period: {{.Commit}}
    checkpoint_limit: {{.Checkpoint}}
    fetch_buffer_cap: {{.Ahead}}
    batching: {count: 1000, byte_size: 1000000, period: {{.Period}}}
`)),
}

// defaultOutput is how objects are made where a scenario does not care: small
// ones, so that there are many, under names that every restart meets again.
const defaultOutput = `
    folder: lake/date={{YYYY}}-{{MM}}-{{DD}}
    file_name: 'e-{{chunk_id}}'
    file_format: json+gzip
    max_file_size: 10KB
    max_age: 700ms
    upload: {request_timeout: 3s}
`

// settings are what the scenarios vary.
type settings struct {
	instance        string
	session, commit time.Duration
	checkpoint      int
	ahead           int           // records of each partition that the kafka input reads ahead
	period          time.Duration // of the input's batches
	inFlight        string        // as max_in_flight is written
	input           string        // instead of one that reads Kafka
	processors      string
	output          string
	auth            string
	address         string        // of the process's own server; empty: any
	probe           time.Duration // timeout of the health check
	shutdown        time.Duration
	env             []string
	// wrap changes the command that is run, for a process in a place of its
	// own.
	wrap wrapper
}

// or returns the first value that is not zero.
func or[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}

// recipe is what the templates read.
type recipe struct {
	Name, Address, Seeds, Topic, Group, Instance      string
	Session, Commit, Period, Probe, Shutdown          string
	Checkpoint, Ahead                                 int
	InFlight, LogLevel                                string
	Input, Processors, Output, Bucket, Endpoint, Auth string
	Encryption, Protocol                              string
	Exactly                                           bool
}

// render writes the configuration of a process.
func (w *world) render(name, address, endpoint string, set settings) (string, error) {
	r := recipe{
		Name: name, Address: address, Topic: topic, Group: group, Instance: set.instance,
		Session:    or(set.session, 2*time.Second).String(),
		Commit:     or(set.commit, 300*time.Millisecond).String(),
		Period:     or(set.period, 100*time.Millisecond).String(),
		Probe:      or(set.probe, 3*time.Second).String(),
		Shutdown:   or(set.shutdown, 20*time.Second).String(),
		Checkpoint: or(set.checkpoint, 100_000), Ahead: or(set.ahead, 256), InFlight: or(set.inFlight, "5000"),
		Bucket: w.s3.Bucket, Endpoint: endpoint,
		Output:     strings.Trim(or(set.output, defaultOutput), "\n"),
		Processors: strings.Trim(set.processors, "\n"),
		Auth:       or(set.auth, fmt.Sprintf("{mode: access_key, access_key_id: %s, secret_access_key: '%s'}", w.s3.AccessKey, w.s3.SecretKey)),
		Input:      strings.Trim(set.input, "\n"),
	}
	if r.LogLevel = "${CHAOS_LOG_LEVEL:INFO}"; w.eager() && w.kafka != nil { // only then does it say what it consumes
		r.LogLevel = "DEBUG"
	}
	r.Exactly, r.Protocol = w.exactly, or(w.groups, "auto")
	r.Encryption = "sse-s3"
	if w.lake == "versitygw" { // which would not encrypt, and is not to pretend
		r.Encryption = "none"
	}
	if r.Input == "" {
		r.Seeds = strings.Join(w.kafka.Seeds, "','")
		input, ok := inputs[w.input]
		if !ok {
			return "", fmt.Errorf("unknown input %q", w.input)
		}
		var b strings.Builder
		if err := input.Execute(&b, r); err != nil {
			return "", fmt.Errorf("writing the configuration of the input: %w", err)
		}
		r.Input = strings.Trim(b.String(), "\n")
	}
	var b strings.Builder
	if err := pipeline.Execute(&b, r); err != nil {
		return "", fmt.Errorf("writing the configuration: %w", err)
	}
	return b.String(), nil
}
