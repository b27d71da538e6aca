package telemetry

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/store"
)

var _ chunk.Observer = (*Metrics)(nil)

// Landed counts a durable object.
func (m *Metrics) Landed(o chunk.Object, waited time.Duration, oversized bool) {
	m.age.Timing(waited.Nanoseconds())
	if o.Kind == chunk.DeadLetter {
		m.objects.Incr(1, deadLetterFormat, string(o.Reason))
		m.deadLetters.Incr(int64(o.Rows))
	} else {
		m.objects.Incr(1, m.format, string(o.Reason))
		m.rows.Incr(int64(o.Rows), m.format)
		m.bytes.Incr(o.Bytes, m.format)
		m.fill.add(o.Bytes)
		m.Noted(o)
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
	m.log.With("key", o.Key, "kind", o.Kind.String(), "rows", o.Rows, "bytes", o.Bytes,
		"reason", string(o.Reason), "age_ms", waited.Milliseconds()).Debug("Wrote an object")
}

// Noted tells what is worth telling about the records in an object of data. With a
// spool that is when it is sealed: when it lands they are not at hand any more.
func (m *Metrics) Noted(o chunk.Object) {
	m.countMended(o)
	if o.Notes.Julian != "" && m.julian.due() {
		m.log.Warnf("Column %s of %s has a time before 1582-10-15, where calendars change. Spark 3 does not read it unless spark.sql.parquet.datetimeRebaseModeInRead is CORRECTED, and Spark 2 and Hive take it for another day. Readers of today are right; parquet.compatibility: modern says that only these matter.", o.Notes.Julian, o.Key)
	}
}

// countMended counts records that are stored otherwise than they came, because no
// reader agrees on what they mean.
func (m *Metrics) countMended(o chunk.Object) {
	halves := int64(0)
	for i := range o.Records {
		if !o.Notes.Whole && jsonscan.LoneSurrogates(o.Records[i].Raw) {
			halves++
		}
	}
	m.mended.Incr(halves, "lone_surrogate")
	m.mended.Incr(int64(o.Notes.Twice), "duplicate_key")
}

// advise publishes why objects are small, and says once what to do about it.
func (m *Metrics) advise(o chunk.Object) {
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

// consequences say what becomes of bad records, where that may surprise.
var consequences = map[chunk.BadRecordPolicy]string{
	chunk.Reject: " It is given back to the input, and an input that delivers again does so for ever: set on_bad_record to dead_letter or drop.",
	chunk.Drop:   " It is lost: set on_bad_record to dead_letter to keep such records.",
}

// Refused counts a bad record.
func (m *Metrics) Refused(policy chunk.BadRecordPolicy, reason error) {
	action := actions[policy]
	m.bad.Incr(1, action)
	if m.invalid.due() {
		m.log.Warnf("A record cannot be stored (on_bad_record: %s): %v.%s", action, reason, consequences[policy])
	}
}

// Panicked tells of a panic in an encoder, with where it happened.
func (m *Metrics) Panicked(value any, stack []byte) {
	if m.broken.due() {
		m.log.Errorf("The encoder of %s panicked, which is a fault of this program: please report it. The records that it panics with follow on_bad_record: %v\n%s", m.format, value, stack)
	}
}

// Diverted counts records of refused objects that became dead letters.
func (m *Metrics) Diverted(records int, _ error) {
	m.bad.Incr(int64(records), actions[chunk.ToDeadLetter])
}

// GivenBack counts records of refused objects that the input has to deliver
// again.
func (m *Metrics) GivenBack(records int, reason error) {
	m.failed.Incr(int64(records), string(store.ClassOf(reason)))
	if m.overflow.due() {
		m.log.Warnf("No more records may wait for partitions that are refused, so that further ones are reported back. Most inputs deliver them again before they read on. Grant what is missing, or set on_refused_object to dead_letter to keep other partitions going: %v", reason)
	}
}

// Failed counts records whose object could not be stored.
func (m *Metrics) Failed(records int, reason error) {
	m.failed.Incr(int64(records), string(store.ClassOf(reason)))
}

// Waited counts a call that waits for memory.
func (m *Metrics) Waited() {
	m.waits.Incr(1)
}

// Saturated counts that every slot for batches was taken.
func (m *Metrics) Saturated() {
	m.saturations.Incr(1)
	if m.saturated.due() {
		m.log.Warnf("All %d batches that max_in_flight allows are waiting, so everything was written before it was full. Raise max_in_flight, or batch at the input, to get larger objects.", m.limits.MaxInFlight)
	}
}

// Stalled counts that the input waited for us.
func (m *Metrics) Stalled() {
	m.stalls.Incr(1)
	m.adviser.stalls.Add(1)
	switch {
	case !m.slow.due():
	case m.grows:
		m.log.Warn("The input repeatedly stops until records are stored, because memory_limit has no room for more: the input is faster than the store. Raise memory_limit to get larger objects.")
	default:
		m.log.Warn("The input repeatedly stops until its records are acknowledged, so objects are written before they are full. Raise the number of un-acknowledged records it allows: for Kafka inputs checkpoint_limit, which is 1024 of a Kafka partition unless set.")
	}
}

// Inexact counts records that may be stored twice.
func (m *Metrics) Inexact(reason chunk.InexactReason, records int) {
	m.downgrades.Incr(int64(records), string(reason))
	if m.inexact.due() {
		m.log.Warnf("%d records may be stored twice, although delivery is exactly_once: %s", records, whyInexact[reason])
	}
}

// whyInexact says why in words.
var whyInexact = map[chunk.InexactReason]string{
	chunk.Stray:      "they came after the rest of their batch, or merged with others. Between input and output there must be nothing that splits or merges batches",
	chunk.Changed:    "what was read again differs from what was announced: records are no longer in Kafka, or names and processors give another result for the same record",
	chunk.TurnedDown: "more were refused by the encoder than can be written down",
}

// Observe publishes the current state.
func (m *Metrics) Observe(s chunk.Stats) {
	m.openPartitions.Set(int64(s.OpenPartitions))
	m.uploading.Set(int64(s.Uploading))
	m.waiting.Set(int64(s.Calls))
	m.held.Set(s.HeldBytes)
	m.uploadLimit.Set(int64(s.UploadLimit))
	m.parked.Set(int64(s.Parked))
	m.adviser.Observe(s)
	const step = 32 << 20 // less than half of it is left to the reserve that the process has
	if beyond := (s.GatedBytes + step/2) / step * step; m.beyond.Swap(beyond) != beyond && m.outgrown != nil {
		m.outgrown()
	}
	if s.GatedBytes > m.limits.MemoryLimit/2 && m.memory.due() {
		each := s.GatedBytes / int64(max(s.GatedCalls, 1))
		m.log.Warnf("Batches of %d MB wait in memory beside memory_limit, %d kB each: the input is faster than the store. Set max_in_flight to %d, make batches smaller, or raise memory_limit.",
			s.GatedBytes/1_000_000, each/1000, max(m.limits.MemoryLimit/max(each, 1), 1))
	}
}

// Aged publishes how long the oldest batch waits.
func (m *Metrics) Aged(oldest time.Duration) {
	m.oldest.Set(oldest.Milliseconds())
}

// Resent warns that a batch is sent again as a whole.
func (m *Metrics) Resent() {
	if m.resent.due() {
		m.log.Warn("A batch is sent again as a whole although only some of its records failed; what is stored of it is not stored again. A retry, a broker or a switch around this output does not know single records, and waits for them for ever: set on_bad_record to dead_letter or drop.")
	}
}

// Sourceless warns that records have no coordinates although columns for them
// are asked for.
func (m *Metrics) Sourceless() {
	if m.sourceless.due() {
		m.log.Warn("include_source_columns is set, and records have no metadata kafka_topic, kafka_partition and kafka_offset that can be trusted: " +
			"the columns are null. The inputs for Kafka set it, and a processor may have removed it, or turned its numbers into text.")
	}
}
