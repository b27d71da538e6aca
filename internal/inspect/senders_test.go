package inspect

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// Whoever can send to these inputs decides metadata.
func TestInputsThatOthersSendTo(t *testing.T) {
	for _, name := range []string{
		"http_server", "gateway", "http_client", "amqp_0_9", "amqp_1", "nats", "nats_jetstream", "nats_stream",
		"aws_sqs", "gcp_pubsub", "pulsar", "azure_queue_storage", "redis_streams", "mqtt",
	} {
		assert.Equal(t, senders{open: name, deciding: name}, sendersIn([]any{map[string]any{name: map[string]any{}}}))
	}
	for _, name := range []string{"generate", "file", "aws_s3", "stdin"} {
		assert.Zero(t, sendersIn(map[string]any{name: map[string]any{}}), name)
	}
}

// Every input for Kafka counts, whatever stands beside it.
func TestInputsForKafka(t *testing.T) {
	for _, name := range []string{"kafka", "kafka_franz", "redpanda", "redpanda_migrator", "s3_destination_kafka"} {
		assert.Equal(t, senders{kafka: true}, sendersIn(map[string]any{name: map[string]any{}, "processors": []any{}, "z": 1}), name)
	}
}

// The first of several inputs is named, of those that decide, too.
func TestTheFirstOfSeveralInputsIsNamed(t *testing.T) {
	all := []any{
		map[string]any{"s3_destination_http": map[string]any{}},
		map[string]any{"nats": map[string]any{}},
		map[string]any{"http_server": map[string]any{}},
	}
	assert.Equal(t, senders{open: "s3_destination_http", deciding: "nats"}, sendersIn(all))
}

// Parts of a configuration may be nodes of YAML, however deep they are.
func TestSendersAreSeenInYAML(t *testing.T) {
	node := func(text string) any {
		n := &yaml.Node{}
		require.NoError(t, yaml.Unmarshal([]byte(text), n))
		return n
	}
	assert.Equal(t, senders{open: "nats", deciding: "nats"}, sendersIn(node("[{nats: {}}]")))
	deciding := senders{open: "s3_destination_http", deciding: "s3_destination_http"}
	assert.Equal(t, deciding, sendersOfOwn(node("metadata_query: [kafka_topic]")))
	assert.Equal(t, deciding, sendersOfOwn(map[string]any{"metadata_headers": node("[kafka_topic]")}))
	named := map[string]any{"metadata_query": []any{"kafka_topic"}, "auth": node("bearer_token: t")}
	assert.Equal(t, senders{open: "s3_destination_http"}, sendersOfOwn(named))
}
