package output

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/store"
)

// metrics turns what the other packages report into metrics and a few rate
// limited warnings. Normal operation logs nothing above debug.
type metrics struct {
	log    *service.Logger
	format string
	limits chunk.Config
	// largest is the size of the largest object, in bytes.
	largest int64
	// beyond is what waits beside the memory limit, in coarse steps.
	beyond  atomic.Int64
	fill    *fills
	adviser *adviser
	*parking

	objects, rows, bytes       *service.MetricCounter
	oversized, bad, failed     *service.MetricCounter
	waits, saturations, stalls *service.MetricCounter
	deadLetters                *service.MetricCounter
	age                        *service.MetricTimer
	openPartitions, uploading  *service.MetricGauge
	uploadLimit                *service.MetricGauge
	waiting, held, oldest      *service.MetricGauge

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
	unencrypted      warning

	// knowledge is what the store knows about itself; nil before there is one.
	knowledge health.Knowledge
}

const prefix = Name + "_"

func newMetrics(m *service.Metrics, log *service.Logger, conf *Config) *metrics {
	r := &metrics{
		log: log, format: conf.format.name, limits: conf.chunks, largest: conf.largest(),
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
		age:            m.NewTimer(prefix + "record_age_latency_ns"),
		openPartitions: m.NewGauge(prefix + "open_partitions"),
		uploading:      m.NewGauge(prefix + "uploading_objects"),
		uploadLimit:    m.NewGauge(prefix + "upload_limit"),
		parking:        newParking(m, log, conf.chunks.OnRefusedObject),
		waiting:        m.NewGauge(prefix + "waiting_batches"),
		held:           m.NewGauge(prefix + "held_bytes"),
		oldest:         m.NewGauge(prefix + "oldest_record_age_ms"),
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
		adviser:        newAdviser(conf.chunks),
		fill:           newFills(m.NewCounter(prefix+"object_fill_bucket", "le"), conf.chunks.MaxFileSize),
	}
	r.begin(conf)
	m.NewGauge(prefix + "max_file_size_bytes").Set(conf.chunks.MaxFileSize)
	m.NewGauge(prefix + "memory_limit_bytes").Set(conf.chunks.MemoryLimit)
	m.NewGauge(prefix + "max_age_ms").Set(conf.chunks.MaxAge.Milliseconds())
	m.NewGauge(prefix + "max_in_flight").Set(int64(conf.maxInFlight))
	return r
}

// begin makes counters appear as zero: the first count of a counter that comes
// out of nothing is no increase to Prometheus.
func (m *metrics) begin(conf *Config) {
	formats := []string{m.format}
	if conf.deadLetters != nil {
		formats = append(formats, deadLetterFormat)
	}
	for _, format := range formats {
		for _, reason := range chunk.Reasons {
			m.objects.Incr(0, format, string(reason))
		}
	}
	m.rows.Incr(0, m.format)
	m.bytes.Incr(0, m.format)
	m.bad.Incr(0, actions[conf.chunks.OnBadRecord])
	for _, class := range failures {
		m.failed.Incr(0, string(class))
	}
	for _, c := range []*service.MetricCounter{
		m.oversized, m.waits, m.saturations, m.stalls, m.deadLetters, m.sent, m.uploadsLeft, m.mismatches,
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

// Landed counts a durable object.
func (m *metrics) Landed(o chunk.Object, waited time.Duration, oversized bool) {
	m.age.Timing(waited.Nanoseconds())
	if o.Kind == chunk.DeadLetter {
		m.objects.Incr(1, deadLetterFormat, string(o.Reason))
		m.deadLetters.Incr(int64(len(o.Records)))
	} else {
		m.objects.Incr(1, m.format, string(o.Reason))
		m.rows.Incr(int64(len(o.Records)), m.format)
		m.bytes.Incr(o.Bytes, m.format)
		m.fill.add(o.Bytes)
		m.advise(o)
	}
	if o.Reason == chunk.Memory && 2*o.Bytes < m.limits.MaxFileSize && m.starved.due() {
		m.log.Warnf("An object of %d bytes was written early, far below max_file_size (%d), because memory_limit is reached. Raise memory_limit, or lower max_file_size to what fits.", o.Bytes, m.limits.MaxFileSize)
	}
	if oversized {
		m.oversized.Incr(1)
		if m.huge.due() {
			m.log.Warnf("A record alone makes an object of %d bytes, more than max_file_size (%d); it was written as an object of its own.", o.Bytes, m.limits.MaxFileSize)
		}
	}
	m.log.With("key", o.Key, "kind", o.Kind.String(), "rows", len(o.Records), "bytes", o.Bytes,
		"reason", string(o.Reason), "age_ms", waited.Milliseconds()).Debug("Wrote an object")
}

// advise publishes why objects are small, and says once what to do about it.
func (m *metrics) advise(o chunk.Object) {
	cause, advice := m.adviser.Landed(o)
	for _, reason := range causes {
		value := int64(0)
		if reason == cause {
			value = 1
		}
		m.smallObjects.Set(value, string(reason))
	}
	if advice != "" {
		m.log.Warn(advice)
	}
}

// Refused counts a bad record.
func (m *metrics) Refused(policy chunk.BadRecordPolicy, reason error) {
	action := actions[policy]
	m.bad.Incr(1, action)
	if m.invalid.due() {
		m.log.Warnf("A record cannot be stored (on_bad_record: %s): %v", action, reason)
	}
}

// Panicked tells of a panic in an encoder, with where it happened.
func (m *metrics) Panicked(value any, stack []byte) {
	if m.broken.due() {
		m.log.Errorf("The encoder of %s panicked, which is a fault of this program: please report it. The records that it panics with follow on_bad_record: %v\n%s", m.format, value, stack)
	}
}

// Diverted counts records of refused objects that became dead letters.
func (m *metrics) Diverted(records int, _ error) {
	m.bad.Incr(int64(records), actions[chunk.ToDeadLetter])
}

// GivenBack counts records of refused objects that the input has to deliver
// again.
func (m *metrics) GivenBack(records int, reason error) {
	m.failed.Incr(int64(records), string(store.ClassOf(reason)))
	if m.overflow.due() {
		m.log.Warnf("No more records may wait for partitions that are refused, so that further ones are reported back. Most inputs deliver them again before they read on. Grant what is missing, or set on_refused_object to dead_letter to keep other partitions going: %v", reason)
	}
}

// Failed counts records whose object could not be stored.
func (m *metrics) Failed(records int, reason error) {
	m.failed.Incr(int64(records), string(store.ClassOf(reason)))
}

// Waited counts a call that waits for memory.
func (m *metrics) Waited() {
	m.waits.Incr(1)
}

// Saturated counts that every slot for batches was taken.
func (m *metrics) Saturated() {
	m.saturations.Incr(1)
	if m.saturated.due() {
		m.log.Warnf("All %d batches that max_in_flight allows are waiting, so everything was written before it was full. Raise max_in_flight, or batch at the input, to get larger objects.", m.limits.MaxInFlight)
	}
}

// Stalled counts that the input waited for us.
func (m *metrics) Stalled() {
	m.stalls.Incr(1)
	m.adviser.stalls.Add(1)
	if m.slow.due() {
		m.log.Warn("The input repeatedly stops until its records are acknowledged, so objects are written before they are full. Raise the number of un-acknowledged records it allows: for Kafka inputs checkpoint_limit, which is 1024 of a Kafka partition unless set.")
	}
}

// Observe publishes the current state.
func (m *metrics) Observe(s chunk.Stats) {
	m.openPartitions.Set(int64(s.OpenPartitions))
	m.uploading.Set(int64(s.Uploading))
	m.waiting.Set(int64(s.Calls))
	m.held.Set(s.HeldBytes)
	m.uploadLimit.Set(int64(s.UploadLimit))
	m.parked.Set(int64(s.Parked))
	m.adviser.Observe(s)
	const step = 64 << 20 // less than half of it is left to the reserve that the process has
	if beyond := (s.GatedBytes + step/2) / step * step; m.beyond.Swap(beyond) != beyond {
		outgrown()
	}
	if s.GatedBytes > m.limits.MemoryLimit/2 && m.memory.due() {
		each := s.GatedBytes / int64(max(s.GatedCalls, 1))
		m.log.Warnf("Batches of %d MB wait in memory beside memory_limit, %d kB each: the input is faster than the store. Set max_in_flight to %d, make batches smaller, or raise memory_limit.",
			s.GatedBytes/1_000_000, each/1000, max(m.limits.MemoryLimit/max(each, 1), 1))
	}
}

// Aged publishes how long the oldest batch waits.
func (m *metrics) Aged(oldest time.Duration) {
	m.oldest.Set(oldest.Milliseconds())
}

// Attempt counts a request to the store.
func (m *metrics) Attempt(a store.Attempt) {
	class := string(a.Class)
	if class == "" {
		class = "ok"
	}
	m.requests.Incr(1, string(a.Op), class)
	m.sent.Incr(a.Bytes)
	m.requestLatency.Timing(a.Latency.Nanoseconds(), string(a.Op))
}

// UploadLeft counts a multipart upload that could not be removed.
func (m *metrics) UploadLeft(key string, err error) {
	m.uploadsLeft.Incr(1)
	if m.abandoned.due() {
		m.log.Warnf("The parts of a failed multipart upload of %s stay in the bucket and cost money (%v). Grant s3:AbortMultipartUpload, or add a lifecycle rule that removes incomplete uploads.", key, err)
	}
}

// EncryptionDiffers warns of an object that is not encrypted as asked.
func (m *metrics) EncryptionDiffers(_ string, err error) {
	m.mismatches.Incr(1)
	if m.unencrypted.due() {
		m.log.Warnf("The server reports another encryption than encryption.mode asks for: %v", err)
	}
}

// Probed publishes the outcome of a health check.
func (m *metrics) Probed(v health.Verdict) {
	class := string(v.Class())
	if class == "" {
		class = "ok"
	}
	m.probes.Incr(1, class)
	m.probeLatency.Timing(v.Latency.Nanoseconds())
	if v.Err != nil {
		return
	}
	m.lastHealthy.Set(time.Now().Unix())
	if m.knowledge != nil {
		if known := m.knowledge.Conditional(0); known != store.Unknown {
			m.conditional.Set(int64(map[store.Known]int{store.Shown: 1}[known]))
		}
	}
	leftover := int64(0)
	if v.Leftover != nil {
		leftover = 1
	}
	m.probeLeftover.Set(leftover)
}

// Unconditional warns when the store has shown that it ignores conditions, once
// in a while.
func (m *metrics) Unconditional(asked store.Conditions) {
	if asked == store.NeverConditions {
		return
	}
	whole, largest := m.knowledge.Conditional(0), m.knowledge.Conditional(m.largest)
	switch {
	case whole == store.Refuted && m.unconditional.due():
		m.log.Warn("The store ignores conditional writes (If-None-Match): object names get a unique suffix so that nothing is overwritten. Set conditional_writes to off to silence this.")
	case whole != store.Refuted && largest == store.Refuted && m.unconditional.due():
		m.log.Warn("The store ignores conditional writes (If-None-Match) of objects that are uploaded in parts: their names get a unique suffix so that nothing is overwritten. Raise upload.multipart_threshold above max_file_size, or set conditional_writes to off to silence this.")
	}
}

// Changed publishes a change of the destination's state, with one line in the
// log unless it is the expected first one.
func (m *metrics) Changed(c health.Change) {
	if c.To == health.Healthy {
		m.healthy.Set(1)
		if c.From == health.Unhealthy {
			m.log.Infof("The destination accepts data again, after %s.", c.Lasted.Round(time.Second))
		}
		return
	}
	m.healthy.Set(0)
	if c.From == health.Healthy { // before that, Benthos reports that Connect fails
		m.log.Errorf("The destination does not accept data (%s); records wait: %v", c.Class, c.Err)
	}
}

// LeftBehind warns of an object that a health check could not delete.
func (m *metrics) LeftBehind(key string, err error) {
	m.log.Warnf("The health check may write but not delete, so its object %s stays in the bucket (it is overwritten by every check): %v", key, err)
}

// warning is due at most once in its interval. The zero value is ready.
type warning struct {
	mu   sync.Mutex
	last time.Time
}

const warnEvery = 10 * time.Minute

func (w *warning) due() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); w.last.IsZero() || now.Sub(w.last) >= warnEvery {
		w.last = now
		return true
	}
	return false
}
