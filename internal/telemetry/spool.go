package telemetry

import (
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/courier"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/template"
)

// spooling are the metrics of a spool.
type spooling struct {
	bytes, oldestSpooled, outbox, nearlyFull, callsHeld *service.MetricGauge
	synced                                              *service.MetricTimer
	lost, damaged, diskErrors, redelivered              *service.MetricCounter
	refusedDisk                                         warning
}

// parts of a spool, by what is in them.
const (
	partJournal = "journal"
	partSpill   = "spill"
	partOutbox  = "outbox"
	partCache   = "cache"
)

func newSpooling(m *service.Metrics, on bool, size int64) *spooling {
	if !on {
		return nil
	}
	s := &spooling{
		bytes:         m.NewGauge(prefix+"spool_bytes", "part"),
		oldestSpooled: m.NewGauge(prefix + "spool_oldest_record_age_ms"),
		outbox:        m.NewGauge(prefix + "spool_outbox_objects"),
		nearlyFull:    m.NewGauge(prefix + "spool_nearly_full"),
		callsHeld:     m.NewGauge(prefix + "spool_waiting_batches"),
		synced:        m.NewTimer(prefix + "spool_sync_latency_ns"),
		lost:          m.NewCounter(prefix + "spool_lost_records_total"),
		damaged:       m.NewCounter(prefix + "spool_damaged_total"),
		diskErrors:    m.NewCounter(prefix + "spool_disk_errors_total"),
		redelivered:   m.NewCounter(prefix + "spool_redelivered_records_total"),
	}
	for _, c := range []*service.MetricCounter{s.lost, s.damaged, s.diskErrors, s.redelivered} {
		c.Incr(0)
	}
	m.NewGauge(prefix + "spool_max_size_bytes").Set(size)
	return s
}

// Spool publishes what the spool holds.
func (m *Metrics) Spool(s courier.Stats, nearlyFull bool) {
	for part, n := range map[string]int64{partJournal: s.Journal, partSpill: s.Spill, partOutbox: s.Outbox, partCache: s.Cached} {
		m.spool.bytes.Set(n, part)
	}
	m.spool.outbox.Set(int64(s.Objects))
	m.spool.callsHeld.Set(int64(s.Calls))
	age := time.Duration(0)
	if !s.Oldest.IsZero() {
		age = time.Since(s.Oldest)
	}
	m.spool.oldestSpooled.Set(age.Milliseconds())
	full := int64(0)
	if nearlyFull {
		full = 1
	}
	m.spool.nearlyFull.Set(full)
}

// SpoolSynced times a sync of records.
func (m *Metrics) SpoolSynced(took time.Duration) { m.spool.synced.Timing(took.Nanoseconds()) }

// SpoolLost names records that cannot be read any more.
func (m *Metrics) SpoolLost(l spool.Loss) {
	l.Path = template.Readable(courier.Path(l.Path))
	if l.Unacknowledged {
		m.log.Debugf("The spool ends with what was being written when the process ended: %s", l)
		return
	}
	m.spool.damaged.Incr(1)
	m.spool.lost.Incr(int64(l.End - l.First))
	m.log.Errorf("The spool is damaged, and goes on without %s", l)
}

// SpoolRedelivered counts records that an earlier process has written.
func (m *Metrics) SpoolRedelivered(n int) { m.spool.redelivered.Incr(int64(n)) }

// SpoolFailed tells of what could not be done, and is tried again.
func (m *Metrics) SpoolFailed(err error) {
	m.spool.diskErrors.Incr(1)
	if m.spool.refusedDisk.due() {
		m.log.Errorf("The spool: %s. It is tried again.", template.Readable(strings.ToValidUTF8(err.Error(), " ")))
	}
}
