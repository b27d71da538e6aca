package sizing

import (
	"math"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// What package courier and the spool do, as numbers.
const (
	// forEncoding is the part of the memory that the records of one object may
	// take, and perRecord what each takes there beside its bytes.
	forEncoding, perRecord = 0.5, 160
	// syncSeconds is how long a call waits for its records to be synced, on a disk
	// of ordinary speed.
	syncSeconds = 0.01
	// written is how much more than the records a spool takes: frames, and what is
	// not trimmed yet.
	written = 1.2
	hour    = 3600
)

// stroke is the end of an object whose records have to be in memory at one stroke.
func (m *model) stroke() end {
	return end{chunk.Memory, forEncoding * m.d.room() / (m.inMemory + perRecord)}
}

// spooled replaces what is otherwise with a spool: nothing waits in memory but a
// cache and what is encoded, and calls wait for a sync.
func (m *model) spooled(p *Prediction) {
	if m.d.Spool <= 0 {
		return
	}
	own := m.ownEnd()
	p.Held = m.d.room()
	p.HeldNeeded = limitFor(own.rows * (m.inMemory + perRecord) / forEncoding)
	p.Container = fixed + float64(m.d.MemoryLimit) + float64(m.in.FetchBytes) + m.fetched() + float64(m.d.RowGroupSize)*float64(m.d.Encoders)
	p.InFlight = math.Max(1, math.Ceil(m.batches*syncSeconds))
	if m.in.Kafka {
		p.Unacknowledged = math.Ceil(m.rate / float64(m.kafka) * syncSeconds)
	}
	p.Duplicates = m.rate * (syncSeconds + m.in.CommitPeriod.Seconds())
	p.Disk = written*p.Rows*float64(m.l.Partitions)*m.l.RowBytes + m.rate*m.upload*m.stored
	p.DiskOutage = m.rate * hour * m.stored
}

// tooLittleMemoryForObject and tooSmallDisk are what is in the way with a spool.
func (m *model) tooLittleMemoryForObject(p *Prediction) *Finding {
	if p.Reason != chunk.Memory {
		return nil
	}
	return warn("memory_limit", "the records of an object have to fit into half of it while they are encoded, so that %s. Raise it to %s, or lower max_file_size to %s",
		m.cut(p), Size(roundUp(p.HeldNeeded)), Size(roundDown(p.Bytes)))
}

func (m *model) tooSmallDisk(p *Prediction) *Finding {
	if need := p.Disk + p.DiskOutage; need > float64(m.d.Spool) {
		return warn("spool.max_size", "what is collected takes %s, and each hour without S3 %s more, of %s: calls wait when all is taken. Raise it to %s, or what an outage takes that you want to sit out",
			Size(p.Disk), Size(p.DiskOutage), Size(float64(m.d.Spool)), Size(roundUp(need)))
	}
	return nil
}
