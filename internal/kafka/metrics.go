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
	commitLatency, revocation, recovery    *service.MetricTimer
	downgraded                             counter
	received                               *service.MetricCounter // that of Benthos
}

// counter is a metric that counts.
type counter interface {
	Incr(n int64, labels ...string)
}

func newMetrics(m *service.Metrics) *metrics {
	return &metrics{
		assigned:      m.NewGauge("s3_destination_kafka_assigned_partitions"),
		lag:           m.NewGauge("s3_destination_kafka_lag_records"),
		lagMax:        m.NewGauge("s3_destination_kafka_lag_max_records"),
		underway:      m.NewGauge("s3_destination_kafka_batches_underway"),
		bytes:         m.NewGauge("s3_destination_kafka_held_bytes"),
		rebalances:    m.NewCounter("s3_destination_kafka_rebalances_total"),
		lost:          m.NewCounter("s3_destination_kafka_lost_total"),
		commits:       m.NewCounter("s3_destination_kafka_commits_total"),
		commitErrors:  m.NewCounter("s3_destination_kafka_commit_errors_total"),
		withdrawn:     m.NewCounter("s3_destination_kafka_withdrawn_records_total"),
		redelivered:   m.NewCounter("s3_destination_kafka_redelivered_records_total"),
		commitLatency: m.NewTimer("s3_destination_kafka_commit_latency_ns"),
		revocation:    m.NewTimer("s3_destination_kafka_revocation_latency_ns"),
		recovery:      m.NewTimer("s3_destination_kafka_recovery_latency_ns"),
		received:      m.NewCounter("input_received"),
		downgraded:    m.NewCounter("s3_destination_downgrades_total", "reason"),
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
