package telemetry

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/store"
)

var (
	_ store.Observer  = (*Metrics)(nil)
	_ health.Observer = (*Metrics)(nil)
)

// Attempt counts a request to the store.
func (m *Metrics) Attempt(a store.Attempt) {
	class := string(a.Class)
	if class == "" {
		class = "ok"
	}
	m.requests.Incr(1, string(a.Op), class)
	m.sent.Incr(a.Bytes)
	m.requestLatency.Timing(a.Latency.Nanoseconds(), string(a.Op))
}

// UploadLeft counts a multipart upload that could not be removed.
func (m *Metrics) UploadLeft(key string, err error) {
	m.uploadsLeft.Incr(1)
	if m.abandoned.due() {
		m.log.Warnf("The parts of a failed multipart upload of %s stay in the bucket and cost money (%v). Grant s3:AbortMultipartUpload, or add a lifecycle rule that removes incomplete uploads.", key, err)
	}
}

// EncryptionDiffers warns of an object that is not encrypted as asked.
func (m *Metrics) EncryptionDiffers(_ string, err error) {
	m.mismatches.Incr(1)
	if m.unencrypted.due() {
		m.log.Warnf("The server reports another encryption than encryption.mode asks for: %v", err)
	}
}

// Probed publishes the outcome of a health check.
func (m *Metrics) Probed(v health.Verdict) {
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
func (m *Metrics) Unconditional(asked store.Conditions) {
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
func (m *Metrics) Changed(c health.Change) {
	if c.To == health.Healthy {
		m.healthy.Set(1)
		if c.From == health.Unhealthy {
			m.log.Infof("The destination accepts data again, after %s.", c.Lasted.Round(time.Second))
		}
		return
	}
	m.healthy.Set(0)
	if c.From == health.Healthy { // before that, Benthos reports that Connect fails
		m.log.Errorf("The destination does not accept data (%s): %s; %s: %v", c.Class, m.destination, m.queue(), c.Err)
	}
}

// LeftBehind warns of an object that a health check could not delete.
func (m *Metrics) LeftBehind(key string, err error) {
	m.log.Warnf("The health check may write but not delete, so its object %s stays in the bucket (it is overwritten by every check): %v", key, err)
}
