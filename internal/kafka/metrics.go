package kafka

import (
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// metrics are what the input counts; docs/reference/metrics.md lists them.
type metrics struct {
	assigned, lag, lagMax, underway, bytes *service.MetricGauge
	rebalances, lost                       *service.MetricCounter
	commits, commitErrors                  *service.MetricCounter
	withdrawn, redelivered                 *service.MetricCounter
	commitLatency, revocation              *service.MetricTimer
}

func newMetrics(m *service.Metrics) *metrics {
	const prefix = "s3_destination_kafka_"
	return &metrics{
		assigned:      m.NewGauge(prefix + "assigned_partitions"),
		lag:           m.NewGauge(prefix + "lag_records"),
		lagMax:        m.NewGauge(prefix + "lag_max_records"),
		underway:      m.NewGauge(prefix + "batches_underway"),
		bytes:         m.NewGauge(prefix + "held_bytes"),
		rebalances:    m.NewCounter(prefix + "rebalances_total"),
		lost:          m.NewCounter(prefix + "lost_total"),
		commits:       m.NewCounter(prefix + "commits_total"),
		commitErrors:  m.NewCounter(prefix + "commit_errors_total"),
		withdrawn:     m.NewCounter(prefix + "withdrawn_records_total"),
		redelivered:   m.NewCounter(prefix + "redelivered_records_total"),
		commitLatency: m.NewTimer(prefix + "commit_latency_ns"),
		revocation:    m.NewTimer(prefix + "revocation_latency_ns"),
	}
}

func (m *metrics) commit(took time.Duration, err error) {
	m.commits.Incr(1)
	m.commitLatency.Timing(took.Nanoseconds())
	if err != nil {
		m.commitErrors.Incr(1)
	}
}

// observe refreshes the gauges.
func (m *metrics) observe(r *reader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var sum, most int64
	for _, p := range r.owned {
		lag := p.lag()
		sum += lag
		most = max(most, lag)
	}
	m.assigned.Set(int64(len(r.owned)))
	m.lag.Set(sum)
	m.lagMax.Set(most)
	m.underway.Set(int64(r.underway))
	m.bytes.Set(r.bytes)
}
