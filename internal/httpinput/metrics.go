package httpinput

import (
	"strconv"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// metrics are what the input counts; docs/reference/metrics.md lists them. How long
// batches take is a metric of Benthos.
type metrics struct {
	requests *service.MetricCounter
}

func newMetrics(m *service.Metrics) *metrics {
	return &metrics{requests: m.NewCounter("s3_destination_http_requests_total", "status")}
}

func (m *metrics) answered(status int) { m.requests.Incr(1, strconv.Itoa(status)) }
