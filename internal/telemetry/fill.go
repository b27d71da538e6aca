package telemetry

import (
	"strconv"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// fills counts objects by the part of max_file_size that they fill, as the
// buckets of a Prometheus histogram: each object counts in its bucket and in
// all larger ones. The framework has histograms for durations only.
type fills struct {
	counter *service.MetricCounter
	limit   int64
}

// bounds are the upper bounds of the buckets; the last one has none.
var bounds = []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1}

// newFills makes every bucket appear, so that the first objects can be told
// from none.
func newFills(counter *service.MetricCounter, limit int64) *fills {
	f := &fills{counter: counter, limit: limit}
	if limit > 0 {
		f.count(0, 0)
	}
	return f
}

// add counts an object. Without a limit there is nothing to fill.
func (f *fills) add(bytes int64) {
	if f.limit > 0 {
		f.count(float64(bytes)/float64(f.limit), 1)
	}
}

func (f *fills) count(share float64, n int64) {
	f.counter.Incr(n, "+Inf")
	for i := len(bounds) - 1; i >= 0 && share <= bounds[i]; i-- {
		f.counter.Incr(n, strconv.FormatFloat(bounds[i], 'g', -1, 64))
	}
}
