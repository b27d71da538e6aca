package works

import (
	"fmt"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
)

// KafkaRun is what the configuration of a pipeline that reads Kafka needs to
// know about the run.
type KafkaRun struct {
	// Seed is the address of the broker.
	Seed, Topic, Group string
	// Endpoint is the URL of the S3 server, CA the file of its certificate.
	Endpoint, CA string
	// HTTP is where the process serves profiles; empty for nowhere.
	HTTP string
}

// KafkaWork is one row of the table from broker to objects.
type KafkaWork struct {
	Name, ID string
	// Target is the ratio by which the best of the peers must be beaten, by the
	// clock and by CPU; 0 for none.
	Target float64
	// InputTarget is the same for our output with the input kafka, by CPU.
	InputTarget float64
	// Ours are the fields of s3_destination; none drops the records.
	Ours string
	// Peers are the ways to do it with Redpanda Connect.
	Peers []KafkaPeer
	// PeerRate and OurRate are the expected thousands of rows per CPU second,
	// from which the length of a run follows.
	PeerRate, OurRate float64
}

// KafkaPeer is one configuration of Redpanda Connect.
type KafkaPeer struct {
	Name string
	// Documented says that Redpanda shows this way; the others were made for
	// the comparison.
	Documented bool
	// Input replaces the redpanda input with batches of 1,000, unless empty.
	// SEED, TOPIC, GROUP and ENDPOINT stand for those of the run.
	Input string
	// Pipeline are processors that run in parallel, Output is the output.
	Pipeline, Output string
}

// Rows is the number of records of an object, on both sides.
const Rows = Batch

// KafkaParts is the number of partitions of the topic.
const KafkaParts = 6

// KafkaUnit divides the records of every run: then each object is full, however
// records are batched, and nobody waits for the end of a period.
const KafkaUnit = KafkaParts * Rows

// KafkaWorks are the works in the order of the table.
var KafkaWorks = []KafkaWork{
	{
		Name: "dropped (floor: what input and broker allow)", ID: "floor", InputTarget: overKafka, PeerRate: 300, OurRate: 300,
		Peers: []KafkaPeer{{Name: "drop", Output: "drop: {}"}},
	},
	{
		Name: "JSON lines", ID: "json", InputTarget: overKafka, OurRate: 200,
		Ours: "file_format: json",
	},
	{
		Name: "CSV", ID: "csv", InputTarget: overKafka, OurRate: 180,
		Ours: "file_format: csv",
	},
	{
		Name: "Avro snappy", ID: "avro", InputTarget: overKafka, OurRate: 160,
		Ours: "file_format: avro\navro:\n  codec: snappy",
	},
	{
		Name: "Parquet snappy", ID: "parquet-snappy", InputTarget: overKafka, OurRate: 180,
		Ours: "file_format: parquet\nparquet:\n  compression: snappy",
	},
	{
		Name: "JSON+gzip level 5", ID: "json+gzip", Target: 1.5, InputTarget: overKafka, PeerRate: 80, OurRate: 80,
		Ours:  "file_format: json+gzip\ncompression_level: 5",
		Peers: kafkaPeers("json.gz", lines, gzip(5)),
	},
	{
		Name: "JSON+gzip level 5, by day", ID: "json+gzip-day", Target: 1.5, PeerRate: 25, OurRate: 80,
		Ours:  "file_format: json+gzip\ncompression_level: 5\n" + oursByDay,
		Peers: []KafkaPeer{kafkaByDay("json.gz", lines, gzip(5))},
	},
	{
		Name: "Parquet zstd", ID: "parquet", Target: 8, InputTarget: overKafka, PeerRate: 20, OurRate: 110,
		Ours:  "file_format: parquet\nparquet:\n  compression: zstd",
		Peers: kafkaPeers("parquet", parquet(dataset.Clicks, "zstd")),
	},
	{
		Name: "Parquet zstd, by day", ID: "parquet-day", Target: 3, PeerRate: 15, OurRate: 110,
		Ours:  "file_format: parquet\nparquet:\n  compression: zstd\n" + oursByDay,
		Peers: []KafkaPeer{kafkaByDay("parquet", parquet(dataset.Clicks, "zstd"))},
	},
}

// overKafka is how many times the records of the input kafka ours lands for each
// second of CPU, in every format.
const overKafka = 3

const oursByDay = `date_field: event_time
folder: out/date={{YYYY}}-{{MM}}-{{DD}}
file_name: '{{uuid}}'`

// kafkaPeers are three ways to the same objects.
func kafkaPeers(extension string, processors ...string) []KafkaPeer {
	path := `out/${! uuid_v4() }.` + extension
	batched := kafkaS3(path, kafkaBatching(processors...))
	return []KafkaPeer{
		// The pipeline of Redpanda Connect's own benchmark of Kafka to S3, but for
		// the checkpoint limit, whose default would stall batches of this size.
		{Name: "kafka_franz, batched at the output", Documented: true, Input: kafkaFranz, Output: batched},
		// An input that batches as ours does.
		{Name: "batched at input and output", Output: batched},
		// Objects are built in parallel: processors of the pipeline are run by as
		// many threads as there are cores.
		{
			Name: "built in the pipeline", Input: redpanda(Rows, "60s"),
			Pipeline: strings.Join(processors, "\n"), Output: kafkaS3(path, ""),
		},
	}
}

// kafkaByDay groups by metadata that a mapping sets, as the documentation of
// group_by_value has it.
func kafkaByDay(extension string, processors ...string) KafkaPeer {
	all := append([]string{"- group_by_value: { value: '${! @day }' }"}, processors...)
	return KafkaPeer{
		Name:       "mapping and group_by_value",
		Documented: true,
		Pipeline:   `- mapping: 'meta day = this.event_time.slice(0, 10)'`,
		Output:     kafkaS3(`out/date=${! @day }/${! uuid_v4() }.`+extension, kafkaBatching(all...)),
	}
}

func kafkaBatching(processors ...string) string {
	return fmt.Sprintf("\nbatching:\n  count: %d\n  period: 60s\n  processors:", Rows) + indent(4, strings.Join(processors, "\n"))
}

func kafkaS3(path, batching string) string {
	return "aws_s3:" + indent(2, fmt.Sprintf(`bucket: bench
region: us-east-1
endpoint: ENDPOINT
force_path_style_urls: true
credentials: { id: %s, secret: %s }
max_in_flight: 64
timeout: 60s
path: '%s'`, accessKey, secretKey, path)+batching)
}

const kafkaFranz = `kafka_franz:
  seed_brokers: [ 'SEED' ]
  topics: [ 'TOPIC' ]
  consumer_group: 'GROUP'
  start_offset: earliest
  commit_period: 200ms
  fetch_min_bytes: 1MiB
  fetch_max_wait: 500ms
  checkpoint_limit: 5000000`

// ourKafka is the input of the examples.
const ourKafka = `s3_destination_kafka:
  seed_brokers: [ 'SEED' ]
  topics: [ 'TOPIC' ]
  consumer_group: 'GROUP'`

// saramaKafka is the input kafka, which commits nothing that is not stored
// either, with room for what waits.
const saramaKafka = `kafka:
  addresses: [ 'SEED' ]
  topics: [ 'TOPIC' ]
  consumer_group: 'GROUP'
  start_from_oldest: true
  commit_period: 200ms
  checkpoint_limit: 5000000
  batching: { count: 1000, period: 1s }`

// redpanda is the input of the peers, with room for what waits.
func redpanda(batch int, period string) string {
	return "redpanda:" + indent(2, fmt.Sprintf(`seed_brokers: [ 'SEED' ]
topics: [ 'TOPIC' ]
consumer_group: 'GROUP'
start_offset: earliest
commit_period: 200ms
unordered_processing:
  enabled: true
  checkpoint_limit: 5000000
  batching: { count: %d, period: %s }`, batch, period))
}

// OurKafkaConfig is the stream of our side. more are further fields of the
// output; without any, objects have as many records as those of the peers.
func OurKafkaConfig(w KafkaWork, r KafkaRun, more string) string {
	return ourStream(w, r, ourKafka, more)
}

// SaramaKafkaConfig is our side with the input kafka.
func SaramaKafkaConfig(w KafkaWork, r KafkaRun) string { return ourStream(w, r, saramaKafka, "") }

// ExactKafkaConfig is our side with each record stored exactly once. more are further
// fields of the output; without any, objects have as many records as those of others.
func ExactKafkaConfig(w KafkaWork, r KafkaRun, session time.Duration, more string) string {
	if more == "" {
		more = fmt.Sprintf("max_records: %d", Rows)
	}
	input := fmt.Sprintf("%s\n  delivery: exactly_once\n  session_timeout: %s\n  heartbeat_interval: 1s", ourKafka, session)
	return ourStream(w, r, input, more+"\non_bad_record: dead_letter")
}

func ourStream(w KafkaWork, r KafkaRun, input, more string) string {
	if w.Ours == "" {
		return kafkaStream(r, input, "", "drop: {}")
	}
	if more == "" {
		more = fmt.Sprintf("max_records: %d", Rows)
	}
	if r.CA != "" {
		more += "\nupload: { ca_file: " + r.CA + " }"
	}
	return kafkaStream(r, input, "", "s3_destination:"+indent(2, fmt.Sprintf(`bucket: bench
region: us-east-1
endpoint: ENDPOINT
force_path_style_urls: true
auth: { mode: access_key, access_key_id: %s, secret_access_key: %s }
health_check: { enabled: false }
max_in_flight: 256
memory_limit: 1GiB
`, accessKey, secretKey)+w.Ours+"\n"+more))
}

// PeerKafkaConfig is the stream of a peer.
func PeerKafkaConfig(p KafkaPeer, r KafkaRun) string {
	input := p.Input
	if input == "" {
		input = redpanda(1000, "1s")
	}
	return kafkaStream(r, input, p.Pipeline, p.Output)
}

func kafkaStream(r KafkaRun, input, processors, output string) string {
	pipeline := ""
	if processors != "" {
		pipeline = "pipeline:\n  processors:" + indent(4, processors) + "\n"
	}
	server := "http: { enabled: false }"
	if r.HTTP != "" {
		server = "http: { address: '" + r.HTTP + "', debug_endpoints: true }"
	}
	known := strings.NewReplacer("SEED", r.Seed, "TOPIC", r.Topic, "GROUP", r.Group, "ENDPOINT", r.Endpoint)
	return known.Replace(server + "\nlogger: { level: WARN }\nmetrics: { none: {} }\ninput:" + indent(2, input) + "\n" +
		pipeline + "output:" + indent(2, output) + "\nshutdown_timeout: 20s\n")
}
