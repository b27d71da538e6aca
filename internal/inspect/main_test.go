package inspect

import (
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/httpinput"
)

// registerOnce makes the output's settings known to Benthos, without anything
// that could run.
var registerOnce = sync.OnceValue(func() error {
	return errors.Join(registerKafka(), httpinput.Register(), config.RegisterLint(), service.RegisterBatchOutput(config.Name, config.Spec(), nil))
})

// registerKafka makes inputs of Redpanda Connect known, which only the binary
// has, with the settings that matter here.
func registerKafka() error {
	batching := service.NewBatchPolicyField("batching")
	limit := service.NewIntField("checkpoint_limit").Default(1024)
	group := service.NewStringField("consumer_group").Default("")
	topics := service.NewStringListField("topics")
	return errors.Join(
		service.RegisterBatchInput("kafka", service.NewConfigSpec().Fields(service.NewStringListField("addresses"), topics, group, limit, batching), nil),
		service.RegisterBatchInput("s3_destination_kafka", service.NewConfigSpec().Fields(service.NewStringListField("seed_brokers"), topics, group, service.NewStringField("delivery").Default("at_least_once")), nil),
		service.RegisterBatchInput("kafka_franz", service.NewConfigSpec().Fields(service.NewStringListField("seed_brokers"), topics, group, limit, batching), nil),
		service.RegisterBatchInput("redpanda", service.NewConfigSpec().Fields(service.NewStringListField("seed_brokers"), topics, group,
			service.NewObjectField("unordered_processing", service.NewBoolField("enabled").Default(false), limit, batching)), nil),
	)
}

func TestMain(m *testing.M) {
	if err := registerOnce(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
