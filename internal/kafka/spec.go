package kafka

import "github.com/redpanda-data/benthos/v4/public/service"

// Name is what the input is called in configurations.
const Name = "s3_destination_kafka"

const (
	fieldSeeds          = "seed_brokers"
	fieldTopics         = "topics"
	fieldRegexp         = "regexp_topics"
	fieldGroup          = "consumer_group"
	fieldInstance       = "instance_id"
	fieldProtocol       = "protocol"
	fieldDelivery       = "delivery"
	fieldStart          = "start_offset"
	fieldIsolation      = "transaction_isolation_level"
	fieldClientID       = "client_id"
	fieldRack           = "rack_id"
	fieldTLS            = "tls"
	fieldSASL           = "sasl"
	fieldMultiHeader    = "multi_header"
	fieldBuffered       = "max_buffered_bytes"
	fieldFetchMax       = "fetch_max_bytes"
	fieldFetchPartition = "fetch_max_partition_bytes"
	fieldFetchMin       = "fetch_min_bytes"
	fieldFetchWait      = "fetch_max_wait"
	fieldSession        = "session_timeout"
	fieldRebalance      = "rebalance_timeout"
	fieldHeartbeat      = "heartbeat_interval"
	fieldMetadataAge    = "metadata_max_age"
)

// Spec describes the configuration of the input.
func Spec() *service.ConfigSpec {
	return service.NewConfigSpec().
		Categories("Services").
		Summary("Reads Kafka topics as a member of a consumer group, for the output s3_destination in the same pipeline.").
		Description(description).
		Fields(
			service.NewStringListField(fieldSeeds).
				Description("Addresses of brokers to begin with. An element may hold several, with commas between them.").
				Example([]string{"kafka-1:9092", "kafka-2:9092"}),
			service.NewStringListField(fieldTopics).
				Description("Topics to read. An element may hold several, with commas between them.").
				Example([]string{"orders", "clicks"}),
			service.NewBoolField(fieldRegexp).
				Description("`topics` are regular expressions. Topics that are created later and match are read within `metadata_max_age`.").
				Default(false),
			service.NewStringField(fieldGroup).
				Description("The consumer group. Its committed offsets say what is stored."),
			service.NewStringField(fieldInstance).
				Description("A name for this member that no other member has. With it a restart within `session_timeout` moves no partitions. A StatefulSet gives its pods such names.").
				Default(""),
			service.NewStringAnnotatedEnumField(fieldProtocol, map[string]string{
				"auto":     "`consumer` where the brokers are known to serve it well (Apache Kafka 4.3 or later), else `classic`.",
				"classic":  "The members assign partitions, cooperatively: only partitions that move are stopped.",
				"consumer": "The brokers assign partitions (KIP-848).",
			}).
				Description("How the group shares the partitions.").
				Default("auto"),
			service.NewStringAnnotatedEnumField(fieldDelivery, map[string]string{
				"at_least_once": "Each record is stored. After a crash, or where a partition moves in a hurry, some are stored twice.",
				"exactly_once":  "Each record is stored once, whatever happens. See [guarantees](../guarantees.md#6-exactly-once) for what that asks for.",
			}).
				Description("How often a record is stored.").
				Default("at_least_once"),
			service.NewStringAnnotatedEnumField(fieldStart, map[string]string{
				"earliest":  "The oldest record that is kept.",
				"latest":    "What is produced from now on.",
				"committed": "Nowhere: a partition without an offset of the group is not read.",
			}).
				Description("Where to begin in a partition of which the group has no offset, or one that is no longer kept.").
				Default("earliest"),
			service.NewStringAnnotatedEnumField(fieldIsolation, map[string]string{
				"read_committed":   "Records of transactions that were aborted are not read.",
				"read_uncommitted": "All records are read.",
			}).
				Description("Which records of transactions are read.").
				Default("read_committed"),
			service.NewTLSToggledField(fieldTLS),
			saslField(),
			service.NewStringField(fieldClientID).
				Description("How this client calls itself to the brokers: in their logs, metrics and quotas.").
				Default("s3-destination").Advanced(),
			service.NewStringField(fieldRack).
				Description("Where this process runs, as the brokers name it (`broker.rack`): records are fetched from the nearest replica, and the assignment takes it into account.").
				Default("").Advanced(),
			service.NewBoolField(fieldMultiHeader).
				Description("Headers become lists of values, for names that come more than once in a record.").
				Default(false).Advanced(),
			service.NewStringField(fieldBuffered).
				Description("Bytes of records that may be under way, from their fetch until they are stored. `auto` is the sum of `memory_limit` of the outputs `s3_destination` in this process.").
				Default("auto").Example("256MiB").Advanced(),
			service.NewStringField(fieldFetchMax).
				Description("Bytes of one fetch from one broker. `auto` is an eighth of `max_buffered_bytes`, at most 50MiB.").
				Default("auto").Advanced(),
			service.NewStringField(fieldFetchPartition).
				Description("Bytes of one partition in a fetch.").
				Default("1MiB").Advanced(),
			service.NewStringField(fieldFetchMin).
				Description("Bytes for which a broker waits before it answers, as long as `fetch_max_wait`.").
				Default("1B").Advanced(),
			service.NewDurationField(fieldFetchWait).
				Description("How long a broker waits for `fetch_min_bytes`.").
				Default("5s").Advanced(),
			service.NewDurationField(fieldSession).
				Description("A member that is silent for this long has died: its partitions go to others. With `protocol: consumer` the brokers decide.").
				Default("45s").Advanced(),
			service.NewDurationField(fieldRebalance).
				Description("How long a member may take to let partitions go. Half of it, 20 seconds at most, is for writing what is under way.").
				Default("60s").Advanced(),
			service.NewDurationField(fieldHeartbeat).
				Description("Time between two heartbeats, a third of `session_timeout` at most.").
				Default("3s").Advanced(),
			service.NewDurationField(fieldMetadataAge).
				Description("How long topics and partitions are taken for what they were.").
				Default("1m").Advanced(),
		)
}

const description = `
Offsets are committed for records that are stored, and for no others. There is
nothing to adjust: batches are of one Kafka partition and grow with the number
of those that are under way, and what is under way is bounded by memory.

When a partition moves to another member, its records are written at once and
committed before it goes. What cannot be written in time is withdrawn: this
process does not store it any more, and the new member reads it.

### Metadata

The metadata of each record is that of the ` + "`kafka`" + ` input:
` + "`kafka_key`, `kafka_topic`, `kafka_partition`, `kafka_offset`, `kafka_lag`," + `
` + "`kafka_timestamp_ms`, `kafka_timestamp_unix`, `kafka_tombstone_message`" + `, and its
headers by their names.`
