package inspect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/sizing"
)

// openInputs make metadata of what those send who may send: parameters and
// headers of requests, headers and attributes of messages.
var openInputs = []string{
	"http_server", "gateway", "http_client", "amqp_0_9", "amqp_1", "nats", "nats_jetstream", "nats_stream",
	"aws_sqs", "gcp_pubsub", "pulsar", "azure_queue_storage", "redis_streams", "mqtt",
}

// senders are who sends records to the inputs of a pipeline.
type senders struct {
	open     string // an input that others than Kafka send to; empty for none
	deciding string // one of these whose clients can decide coordinates
	kafka    bool   // there is one for Kafka
}

// sendersIn looks for them in a part of a configuration.
func sendersIn(tree any) (found senders) {
	tree = sizing.Plain(tree)
	switch t := tree.(type) {
	case []any:
		for _, e := range t {
			found.join(sendersIn(e))
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(t)) {
			switch {
			case name == sizing.OwnHTTP:
				found.join(sendersOfOwn(t[name]))
			case slices.Contains(openInputs, name):
				found.join(senders{open: name, deciding: name})
			default:
				found.kafka = found.kafka || strings.Contains(name, "kafka") || strings.Contains(name, "redpanda")
				found.join(sendersIn(t[name]))
			}
		}
	}
	return found
}

func (s *senders) join(other senders) {
	s.open, s.deciding = cmp.Or(s.open, other.open), cmp.Or(s.deciding, other.deciding)
	s.kafka = s.kafka || other.kafka
}

// sendersOfOwn are those of our HTTP input. Its clients decide only the metadata that it
// names. Where they have to show who they are, whoever has named the coordinates has
// chosen who may tell them, as a system that hands on records of Kafka.
func sendersOfOwn(conf any) senders {
	fields, _ := sizing.Plain(conf).(map[string]any)
	of := senders{open: sizing.OwnHTTP}
	for _, setting := range []string{"metadata_query", "metadata_headers"} {
		names, _ := sizing.Plain(fields[setting]).([]any)
		if slices.ContainsFunc(names, func(name any) bool { return strings.HasPrefix(fmt.Sprint(name), "kafka_") }) && !asksWho(fields) {
			of.deciding = sizing.OwnHTTP
		}
	}
	return of
}

// asksWho reports whether clients of our HTTP input have to send a password, a token or
// a certificate.
func asksWho(fields map[string]any) bool {
	for _, path := range [][2]string{{"auth", "password"}, {"auth", "bearer_token"}, {"tls", "client_ca_file"}} {
		group, _ := sizing.Plain(fields[path[0]]).(map[string]any)
		if value := group[path[1]]; value != nil && fmt.Sprint(value) != "" {
			return true
		}
	}
	return false
}
