package plugin_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/redpanda-data/benthos/v4/public/service"

	// The components of Benthos that the pipeline has.
	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/plugin"
)

// exampleOutput is an output that writes lines of JSON into the bucket of a test server.
func exampleOutput(s *s3test.Server) string {
	return fmt.Sprintf(`
s3_destination:
  bucket: %s
  region: us-east-1
  endpoint: %s
  force_path_style_urls: true
  auth: {mode: access_key, access_key_id: %s, secret_access_key: %s}
  folder: events
  file_name: 'part-{{chunk_id}}'
  file_format: json
  idle_timeout: 100ms
`, s.Bucket, s.URL, s.AccessKey, s.SecretKey)
}

// A stream that a program builds itself, with the output alone: package plugin, and the
// components of Benthos that the pipeline has.
func Example() {
	server, err := s3test.Start(s3test.Config{}) // in place of S3
	if err != nil {
		panic(err)
	}
	defer server.Close()

	builder := service.NewStreamBuilder()
	must(builder.SetLoggerYAML("level: ERROR"))
	must(builder.AddInputYAML(`generate: {count: 3, interval: "", mapping: 'root = {"id": counter()}'}`))
	must(builder.AddOutputYAML(exampleOutput(server)))
	stream, err := builder.Build()
	must(err)
	must(stream.Run(context.Background()))

	for _, o := range server.Objects("events/") {
		fmt.Printf("%s\n%s", o.Key, o.Body)
	}
	// Output:
	// events/part-00001.json
	// {"id":1}
	// {"id":2}
	// {"id":3}
}

// A program with the command line of Benthos, which writes at once what waits when it is
// to end.
func ExampleDrain() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		plugin.Drain()
	}()
	service.RunCLI(context.Background())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
