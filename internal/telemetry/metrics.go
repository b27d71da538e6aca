// Package telemetry is what an output tells about itself: metrics, a few rate
// limited warnings, advice on small objects, and spans. Normal operation logs
// nothing above debug.
package telemetry

import (
	"sync/atomic"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/store"
)

// Metrics turns what the other packages report into metrics and warnings. It is
// safe for concurrent use.
type Metrics struct {
	log    *service.Logger
	format string
	limits chunk.Config
	grows  bool // the input stops for want of memory only
	// largest is the size of the largest object, in bytes.
	largest int64
	// beyond is what waits beside the memory limit, in coarse steps.
	beyond  atomic.Int64
	fill    *fills
	adviser *adviser
	*parking
	spool *spooling // nil without one

	objects, rows, bytes       *service.MetricCounter
	oversized, bad, failed     *service.MetricCounter
	waits, saturations, stalls *service.MetricCounter
	deadLetters, mended        *service.MetricCounter
	downgrades                 *service.MetricCounter
	age                        *service.MetricTimer
	openPartitions, uploading  *service.MetricGauge
	uploadLimit                *service.MetricGauge
	waiting, held, oldest      *service.MetricGauge

	columnsAdded, columnsWidened *service.MetricCounter
	datasetsForgotten, unsaved   *service.MetricCounter
	datasets, datasetBytes       *service.MetricGauge

	requests, sent   *service.MetricCounter
	requestLatency   *service.MetricTimer
	uploadsLeft      *service.MetricCounter
	mismatches       *service.MetricCounter
	probes           *service.MetricCounter
	healthy          *service.MetricGauge
	lastHealthy      *service.MetricGauge
	conditional      *service.MetricGauge
	probeLatency     *service.MetricTimer
	probeLeftover    *service.MetricGauge
	smallObjects     *service.MetricGauge
	saturated, slow  warning
	memory, invalid  warning
	abandoned, huge  warning
	broken, overflow warning
	unconditional    warning
	starved          warning
	resent           warning
	sourceless       warning
	inexact          warning
	unencrypted      warning
	forgetful        warning
	unwritten        warning
	julian           warning

	// knowledge is what the store knows about itself; nil before there is one.
	knowledge health.Knowledge
	// destination is where records go, and queue says what waits for it.
	destination string
	queue       func() string
	// outgrown is told that Beyond has changed; nil for nobody.
	outgrown func()
}

const prefix = config.Name + "_"

// New makes the metrics of an output, and their beginnings.
func New(m *service.Metrics, log *service.Logger, conf *config.Config) *Metrics {
	r := &Metrics{
		log: log, format: conf.Format.Name, limits: conf.Chunks, grows: conf.Grows, largest: conf.Largest(),
		destination: conf.Destination(), queue: func() string { return "records wait" },
		objects:        m.NewCounter(prefix+"objects_total", "format", "reason"),
		rows:           m.NewCounter(prefix+"rows_total", "format"),
		bytes:          m.NewCounter(prefix+"bytes_total", "format"),
		oversized:      m.NewCounter(prefix + "oversized_objects_total"),
		bad:            m.NewCounter(prefix+"bad_records_total", "action"),
		failed:         m.NewCounter(prefix+"failed_records_total", "class"),
		waits:          m.NewCounter(prefix + "memory_waits_total"),
		saturations:    m.NewCounter(prefix + "saturations_total"),
		stalls:         m.NewCounter(prefix + "stalls_total"),
		deadLetters:    m.NewCounter(prefix + "dead_letters_total"),
		mended:         m.NewCounter(prefix+"mended_records_total", "reason"),
		downgrades:     m.NewCounter(prefix+"downgrades_total", "reason"),
		age:            m.NewTimer(prefix + "record_age_latency_ns"),
		openPartitions: m.NewGauge(prefix + "open_partitions"),
		uploading:      m.NewGauge(prefix + "uploading_objects"),
		uploadLimit:    m.NewGauge(prefix + "upload_limit"),
		spool:          newSpooling(m, conf.Spool.On(), conf.Spool.MaxSize),
		parking:        newParking(m, log, conf.Chunks.OnRefusedObject),
		waiting:        m.NewGauge(prefix + "waiting_batches"),
		held:           m.NewGauge(prefix + "held_bytes"),
		oldest:         m.NewGauge(prefix + "oldest_record_age_ms"),
		columnsAdded:   m.NewCounter(prefix + "columns_added_total"),
		columnsWidened: m.NewCounter(prefix+"columns_widened_total", "from", "to"),
		datasets:       m.NewGauge(prefix + "datasets"),
		datasetBytes:   m.NewGauge(prefix + "datasets_bytes"),

		datasetsForgotten: m.NewCounter(prefix + "datasets_forgotten_total"),
		unsaved:           m.NewCounter(prefix + "schema_state_errors_total"),

		requests:       m.NewCounter(prefix+"requests_total", "operation", "class"),
		sent:           m.NewCounter(prefix + "sent_bytes_total"),
		requestLatency: m.NewTimer(prefix+"request_latency_ns", "operation"),
		uploadsLeft:    m.NewCounter(prefix + "multipart_uploads_left_total"),
		mismatches:     m.NewCounter(prefix + "encryption_mismatches_total"),
		probes:         m.NewCounter(prefix+"probes_total", "class"),
		healthy:        m.NewGauge(prefix + "healthy"),
		lastHealthy:    m.NewGauge(prefix + "last_healthy_timestamp_seconds"),
		conditional:    m.NewGauge(prefix + "conditional_writes"),
		probeLatency:   m.NewTimer(prefix + "probe_latency_ns"),
		probeLeftover:  m.NewGauge(prefix + "probe_leftover"),
		smallObjects:   m.NewGauge(prefix+"small_objects", "reason"),
		adviser:        newAdviser(advised(conf), conf.Grows),
		fill:           newFills(m.NewCounter(prefix+"object_fill_bucket", "le"), conf.Chunks.MaxFileSize),
	}
	r.begin(conf)
	delivers(m.NewGauge(prefix+"exactly_once", "reason"), conf)
	m.NewGauge(prefix + "max_file_size_bytes").Set(conf.Chunks.MaxFileSize)
	m.NewGauge(prefix + "memory_limit_bytes").Set(conf.MemoryLimit)
	m.NewGauge(prefix + "max_age_ms").Set(conf.Chunks.MaxAge.Milliseconds())
	m.NewGauge(prefix + "max_in_flight").Set(int64(conf.MaxInFlight))
	return r
}

// delivers says whether records are stored exactly once, where that was asked for,
// and why not.
func delivers(g *service.MetricGauge, conf *config.Config) {
	switch {
	case !conf.Exactly:
	case len(conf.Against) == 0:
		g.Set(1, "")
	default:
		for _, reason := range conf.Against {
			g.Set(0, reason)
		}
	}
}

// begin makes counters appear as zero: the first count of a counter that comes
// out of nothing is no increase to Prometheus.
func (m *Metrics) begin(conf *config.Config) {
	formats := []string{m.format}
	if conf.DeadLetters != nil {
		formats = append(formats, deadLetterFormat)
	}
	for _, format := range formats {
		for _, reason := range chunk.Reasons {
			m.objects.Incr(0, format, string(reason))
		}
	}
	m.rows.Incr(0, m.format)
	m.bytes.Incr(0, m.format)
	m.bad.Incr(0, actions[conf.Chunks.OnBadRecord])
	for _, class := range failures {
		m.failed.Incr(0, string(class))
	}
	for _, reason := range chunk.InexactReasons {
		m.downgrades.Incr(0, string(reason))
	}
	for _, c := range []*service.MetricCounter{
		m.oversized, m.waits, m.saturations, m.stalls, m.deadLetters, m.sent, m.uploadsLeft, m.mismatches,
		m.columnsAdded, m.datasetsForgotten, m.unsaved,
	} {
		c.Incr(0)
	}
	for _, reason := range causes {
		m.smallObjects.Set(0, string(reason))
	}
}

// failures are the classes of errors for which objects are given up.
var failures = []store.Class{
	store.ClassCredentials, store.ClassDenied, store.ClassKMS, store.ClassNoBucket, store.ClassWrongRegion,
	store.ClassThrottled, store.ClassClockSkew, store.ClassNetwork, store.ClassNotS3, store.ClassInvalid, store.ClassCanceled,
}

// deadLetterFormat stands for the format of objects of dead letters.
const deadLetterFormat = "dead_letter"

// actions are what becomes of bad records.
var actions = [...]string{chunk.Reject: "reject", chunk.ToDeadLetter: "dead_letter", chunk.Drop: "drop"}

// Knows sets whose knowledge of the store is published.
func (m *Metrics) Knows(k health.Knowledge) { m.knowledge = k }

// Beyond is what waits in memory beside memory_limit, in bytes and coarse steps.
func (m *Metrics) Beyond() int64 { return m.beyond.Load() }

// OnOutgrown sets who is told that Beyond has changed.
func (m *Metrics) OnOutgrown(told func()) { m.outgrown = told }

// OnOutage sets what is asked for what waits when the destination goes down: a
// clause for people. It is called with a lock of the monitor held.
func (m *Metrics) OnOutage(queue func() string) { m.queue = queue }

// advised are the limits as the user has set them: of the memory, package chunk
// gets the part for records.
func advised(conf *config.Config) chunk.Config {
	limits := conf.Chunks
	limits.MemoryLimit = conf.MemoryLimit
	return limits
}
