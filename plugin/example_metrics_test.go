package plugin_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	// Prometheus is a component of Redpanda Connect.
	_ "github.com/redpanda-data/connect/v4/public/components/prometheus"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	_ "github.com/s3-destination/s3-destination/plugin"
)

// A stream with metrics, which the HTTP server of the program serves.
func Example_metrics() {
	server, err := s3test.Start(s3test.Config{}) // in place of S3
	must(err)
	defer server.Close()

	mux := http.NewServeMux()
	builder := service.NewStreamBuilder()
	builder.SetHTTPMux(mux)
	must(builder.SetLoggerYAML("level: ERROR"))
	must(builder.SetMetricsYAML("prometheus: {}"))
	must(builder.AddInputYAML(`generate: {count: 3, interval: "", mapping: 'root = {"id": counter()}'}`))
	must(builder.AddOutputYAML(exampleOutput(server)))
	stream, err := builder.Build()
	must(err)
	must(stream.Run(context.Background()))

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "s3_destination_rows_total{") {
			fmt.Println(lines.Text())
		}
	}
	// Output:
	// s3_destination_rows_total{format="json",label="",path="root.output"} 3
}
