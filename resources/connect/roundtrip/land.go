package roundtrip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const (
	topic = "records"
	group = "roundtrip"
)

// land takes the records from Kafka to objects of all kinds, in one stream.
func land(ctx context.Context, broker *kafkatest.Cluster, store *s3test.Server, records []rec) error {
	if err := produce(ctx, broker, records); err != nil {
		return err
	}
	builder := service.NewStreamBuilder()
	if err := errors.Join(
		builder.SetLoggerYAML("level: ERROR"), builder.AddInputYAML(input(broker, group)), builder.AddOutputYAML(outputs(store, objects, "")),
	); err != nil {
		return fmt.Errorf("configuring the stream: %w", err)
	}
	stream, err := builder.Build()
	if err != nil {
		return fmt.Errorf("building the stream: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- stream.Run(ctx) }()
	err = landed(ctx, broker, group, ended)
	return errors.Join(err, stream.StopWithin(10*time.Second))
}

// landed waits until all records are committed: until all outputs have stored
// them.
func landed(ctx context.Context, broker *kafkatest.Cluster, group string, ended <-chan error) error {
	for {
		committed, lag, err := broker.Progress(ctx, group, topic)
		if err == nil && lag == 0 && committed > 0 {
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("the stream ended before everything was stored: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("waiting for the records to be committed: %d are not: %w", lag, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// input is Connect's own Kafka input.
func input(broker *kafkatest.Cluster, group string) string {
	return fmt.Sprintf(`
redpanda:
  seed_brokers: [%s]
  topics: [%s]
  consumer_group: %s
  unordered_processing: {enabled: true, checkpoint_limit: 10000, batching: {count: 500, period: 100ms}}
`, strings.Join(broker.Seeds, ", "), topic, group)
}

// outputs are our outputs, one for each kind of object, with more settings.
func outputs(store *s3test.Server, objects []object, more string) string {
	var b strings.Builder
	b.WriteString("broker:\n  pattern: fan_out\n  outputs:\n")
	for _, o := range objects {
		fmt.Fprintf(&b, `
    - s3_destination:
        bucket: %s
        region: %s
        endpoint: %s
        force_path_style_urls: true
        auth: {mode: access_key, access_key_id: %s, secret_access_key: %s}
        folder: %s
        file_name: 'part-{{chunk_id}}'
        idle_timeout: 1s
        %s
        %s
`, store.Bucket, s3test.Region, store.URL, store.AccessKey, store.SecretKey, o.folder, o.settings, more)
	}
	return b.String()
}
