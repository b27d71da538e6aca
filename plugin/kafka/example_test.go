package kafka_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	_ "github.com/s3-destination/s3-destination/plugin"
	_ "github.com/s3-destination/s3-destination/plugin/kafka"
)

// A stream from Kafka to S3, with package plugin for the output and this one for the
// input.
func Example() {
	ctx := context.Background()
	server, err := s3test.Start(s3test.Config{}) // in place of S3
	must(err)
	defer server.Close()
	broker, err := kafkatest.Start() // in place of Kafka
	must(err)
	defer broker.Close()
	must(broker.CreateTopic(ctx, "orders", 1))
	must(broker.Produce(ctx, &kgo.Record{Topic: "orders", Value: []byte(`{"id":1}`)}))

	builder := service.NewStreamBuilder()
	must(builder.SetLoggerYAML("level: ERROR"))
	must(builder.AddInputYAML(fmt.Sprintf(`
s3_destination_kafka:
  seed_brokers: [%s]
  topics: [orders]
  consumer_group: lander
`, strings.Join(broker.Seeds, ", "))))
	must(builder.AddOutputYAML(fmt.Sprintf(`
s3_destination:
  bucket: %s
  region: us-east-1
  endpoint: %s
  force_path_style_urls: true
  auth: {mode: access_key, access_key_id: %s, secret_access_key: %s}
  folder: orders
  file_name: 'part-{{chunk_id}}'
  file_format: json
  idle_timeout: 100ms
`, server.Bucket, server.URL, server.AccessKey, server.SecretKey)))
	stream, err := builder.Build()
	must(err)
	go func() { _ = stream.Run(ctx) }()
	for len(server.Keys("orders/part-")) == 0 { // it runs until it is stopped
		time.Sleep(10 * time.Millisecond)
	}
	must(stream.StopWithin(10 * time.Second))

	for _, o := range server.Objects("orders/") {
		fmt.Printf("%s\n%s", o.Key, o.Body)
	}
	// Output:
	// orders/part-00001.json
	// {"id":1}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
