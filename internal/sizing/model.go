package sizing

import (
	"math"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// What package chunk does, as numbers: see roll.go, manager.go and gate.go
// there. A test runs the binary and compares.
const (
	highWater  = 0.8  // of memory_limit: the largest chunks are rolled
	overshoot  = 1.05 // how far above the cap a chunk is filled
	unevenness = 4    // how many chunks a worker are counted as encoded
	// filled is how full an object is that ends for its size: the encoder
	// stops before the record that would be too much, and the estimate of an
	// open chunk is a little off.
	filled = 0.97
)

// What storing an object takes, when nobody says otherwise: a request to S3,
// and bytes that pass an encoder and a network of ordinary speed.
const (
	requestSeconds = 0.1
	encodeSpeed    = 100e6 // bytes of records a second: see docs/benchmarks.md
	networkSpeed   = 50e6  // bytes of the object a second
)

// never is a time that does not come.
var never = math.Inf(1)

// model is a load on one process. Times are seconds, rates are a second.
type model struct {
	d  Destination
	in Input
	l  Load

	rate  float64 // records of this process
	each  float64 // records of one of its partitions
	works float64 // processes that get records
	kafka int     // partitions of topics that it reads
	told  bool    // the cores of a process were given

	batchRows  float64 // records of a batch
	batches    float64 // batches a second
	collecting float64 // how long a batch is collected

	stored    float64 // bytes of an object for each record
	inMemory  float64 // bytes of a record in memory
	waiting   float64 // bytes that memory_limit counts for each waiting record
	projected float64 // and for what it will be encoded to
	parts     float64 // and for all open partitions

	upload     float64 // how long an object takes that nothing cuts short
	everything float64 // after how long something rolls all partitions
}

func newModel(d Destination, in Input, l Load) *model {
	m := &model{d: d, in: in, l: l}
	m.works = m.working(float64(l.Replicas))
	m.rate = l.Rate / m.works
	m.each = m.rate / float64(l.Partitions)
	m.kafka = (l.KafkaPartitions + l.Replicas - 1) / l.Replicas
	m.batch()
	m.grow()
	m.stored = l.RowBytes * l.Ratio
	m.inMemory = l.RowBytes * in.bulk()
	m.waiting = m.inMemory + float64(d.RecordOverhead) + float64(d.CallOverhead)/m.batchRows
	m.parts = float64(d.PartitionOverhead) * m.open()
	m.projected = m.stored * math.Min(1, unevenness*float64(max(d.Workers, 1))/float64(l.Partitions))
	return m
}

// open is how many partitions are open at most.
func (m *model) open() float64 {
	if most := m.d.MaxOpenPartitions; most > 0 {
		return float64(min(m.l.Partitions, most))
	}
	return float64(m.l.Partitions)
}

// batch works out how large batches are when they reach the output.
func (m *model) batch() {
	streams := 1.0
	if m.in.Kafka {
		streams = float64(m.kafka)
	}
	switch {
	case m.in.BatchRows > 0:
		m.batchRows = float64(m.in.BatchRows)
	case m.in.OrderedBytes > 0:
		m.batchRows = math.Max(1, float64(m.in.OrderedBytes)/m.l.RowBytes)
	default:
		m.batchRows = m.rows(m.in.Batching, m.rate/streams)
	}
	if m.in.Batching.Any() {
		m.collecting = math.Min(m.batchRows/(m.rate/streams), period(m.in.Batching))
	}
	if m.d.Batching.Any() {
		m.batchRows = math.Max(m.batchRows, m.rows(m.d.Batching, m.rate))
		m.collecting += math.Min(m.batchRows/m.rate, period(m.d.Batching))
	}
	m.batches = m.rate / m.batchRows
}

// grown is how many batches an input has under way that makes them larger the
// more there are, as a share of the slots; and the longest that a batch grows.
const (
	grown       = 0.4
	mostGrowing = 60
)

// grow works out batches of an input that makes them as large as is needed.
func (m *model) grow() {
	if !m.in.Grows || m.d.Batching.Any() {
		return
	}
	// Records are read at their rate as long as no more batches wait than that.
	slots := grown * float64(max(m.d.MaxInFlight, 1))
	waits := m.d.MaxAge.Seconds()
	rows := math.Max(1, m.rate*waits/slots)
	rows = math.Min(rows, math.Max(1, m.rate/float64(m.kafka)*mostGrowing))
	m.batchRows, m.batches = rows, m.rate/rows
	m.collecting = rows / (m.rate / float64(m.kafka))
}

func period(b Batching) float64 {
	if b.Period <= 0 {
		return never
	}
	return b.Period.Seconds()
}

// rows is the number of records that a policy collects of a stream.
func (m *model) rows(b Batching, rate float64) float64 {
	if !b.Any() {
		return 1
	}
	n := never
	if b.Count > 0 {
		n = float64(b.Count)
	}
	if b.Bytes > 0 {
		n = math.Min(n, math.Ceil(float64(b.Bytes)/m.l.RowBytes))
	}
	if b.Period > 0 {
		n = math.Min(n, rate*b.Period.Seconds())
	}
	return math.Max(n, 1)
}

// end is a rule that ends objects: its reason, and how many records a
// partition has collected by then.
type end struct {
	reason chunk.Reason
	rows   float64
}

// objects works out why objects end and how large they are.
func (m *model) objects(p *Prediction) {
	own := m.ownEnd()
	m.upload = m.storing(own.rows)
	m.everything = never
	e := own
	for _, limit := range m.limits(own) {
		if limit.rows < never {
			m.everything = math.Min(m.everything, limit.rows/m.each)
		}
		if limit.rows < e.rows {
			e = limit
		}
	}
	p.Reason, p.Rows = e.reason, math.Max(e.rows, 1)
	p.Bytes = p.Rows * m.stored
	p.Every = seconds(p.Rows / m.each)
	p.Upload = seconds(m.storing(p.Rows))
	p.Uploads = m.rate / p.Rows * p.Upload.Seconds()
	p.InFlight = math.Ceil(m.batches * m.lasts(own))
	if m.in.Kafka {
		p.Unacknowledged = math.Ceil(m.rate / float64(m.kafka) * m.lasts(own))
	}
}

// limits are the ends that objects meet for something that concerns all of them.
func (m *model) limits(own end) []end {
	if m.d.Spool > 0 {
		return []end{m.stroke()}
	}
	return []end{m.saturation(own), m.stall(own), m.pressure(own)}
}

// storing is how long an object of that many records takes to be encoded and
// stored.
func (m *model) storing(rows float64) float64 {
	if m.l.Upload > 0 {
		return m.l.Upload.Seconds()
	}
	return requestSeconds + rows*(m.l.RowBytes/encodeSpeed+m.stored/networkSpeed)
}

// lasts is how long a batch waits when nothing is cut short: until the last of
// its partitions is written.
func (m *model) lasts(own end) float64 { return own.rows/m.each + m.upload }

// ownEnd is the end that a partition meets by itself: full, old enough, or too
// many are open.
func (m *model) ownEnd() end {
	// A chunk is as old as max_age when the next arrival finds it gone.
	gap := math.Max(1/m.each, 1/m.batches)
	e := end{chunk.Age, m.each * (m.d.MaxAge.Seconds() + gap)}
	consider := func(reason chunk.Reason, rows float64) {
		if rows < e.rows {
			e = end{reason, rows}
		}
	}
	if m.d.MaxFileSize > 0 {
		consider(chunk.Size, filled*float64(m.d.MaxFileSize)/m.stored)
	}
	if m.d.MaxRecords > 0 {
		consider(chunk.Records, float64(m.d.MaxRecords))
	}
	if open := float64(m.d.MaxOpenPartitions); open > 0 && float64(m.l.Partitions) > open {
		// Of records that arrive at random, this share finds a partition open.
		consider(chunk.Partitions, 1/(1-open/float64(m.l.Partitions)))
	}
	return e
}

// fetched is what a client keeps that fetches by partition.
func (m *model) fetched() float64 {
	return float64(m.kafka) * (float64(m.in.FetchEachBytes) + float64(m.in.FetchEachRows)*m.l.RowBytes)
}

// saturation is the end when every slot for batches is taken.
func (m *model) saturation(own end) end {
	limit := float64(m.d.MaxInFlight)
	if limit <= 0 || m.batches*m.lasts(own) <= limit {
		return end{chunk.Saturation, never}
	}
	return end{chunk.Saturation, limit * m.batchRows / float64(m.l.Partitions)}
}

// stall is the end when the input may not hand over more before something is
// acknowledged: it falls silent, and everything is written.
func (m *model) stall(own end) end {
	limit := float64(m.in.CheckpointLimit)
	if m.in.OrderedBytes > 0 {
		limit = m.batchRows
	}
	arrives := m.rate / float64(m.kafka)
	if limit <= 0 || arrives*m.lasts(own) <= limit {
		return end{chunk.Idle, never}
	}
	// What has gathered in the topic meanwhile comes at once, as far as a fetch
	// reaches.
	rows := math.Max(limit, math.Min(arrives*m.silence(), m.burst()))
	return end{chunk.Idle, rows * float64(m.kafka) / float64(m.l.Partitions)}
}

// burst is how many records of one Kafka partition can be handed over before
// the input stops.
func (m *model) burst() float64 {
	if m.in.OrderedBytes > 0 {
		return m.batchRows
	}
	return float64(m.in.CheckpointLimit) + float64(m.in.FetchRowBytes)/m.l.RowBytes
}

// silence is how long an input that has stopped waits: until it counts as
// idle, which takes idle_timeout and twice the time that it was seen to need
// to go on.
func (m *model) silence() float64 {
	return m.d.IdleTimeout.Seconds() + 2*m.in.Resume.Seconds() + m.upload
}

// pressure is the end when too much memory waits.
func (m *model) pressure(own end) end {
	limit := m.d.room()
	if limit <= 0 || m.needed(own) <= limit {
		return end{chunk.Memory, never}
	}
	return end{chunk.Memory, math.Max(0, highWater*limit-m.parts) / (m.waiting + m.projected) / float64(m.l.Partitions)}
}

// needed is the memory with which objects end by themselves.
func (m *model) needed(own end) float64 {
	open := own.rows / m.each * m.rate
	if own.reason == chunk.Size {
		open *= overshoot / filled
	}
	return math.Max((open*(m.waiting+m.projected)+m.parts)/highWater, m.held(open))
}

// held is what memory_limit counts at most while that many records wait in
// open chunks: with them those that are being stored.
func (m *model) held(open float64) float64 {
	away := m.rate * m.upload
	return open*(m.waiting+m.projected) + away*(m.waiting+m.stored) + m.parts
}

// fixed is what the process needs beside records: code, stacks, connections.
const fixed = 150e6

// memory fills in what waits in memory.
func (m *model) memory(p *Prediction) {
	own := m.ownEnd()
	p.HeldNeeded = limitFor(m.needed(own))
	open := p.Rows * float64(m.l.Partitions)
	if p.Reason == chunk.Size {
		open *= overshoot / filled
	}
	p.Held = m.held(open)
	if limit := m.d.room(); limit > 0 {
		p.Held = math.Min(p.Held, limit)
	}
	p.Container = fixed + float64(m.d.MemoryLimit) + m.beside() + float64(m.in.FetchBytes) + m.fetched() +
		float64(m.d.RowGroupSize)*float64(m.d.Encoders)
}

// beside is what waits at the gate, beside the limit, while the input is faster
// than S3: the full batches of all slots, as far as the input may hand over so
// many, less what the limit lets in.
func (m *model) beside() float64 {
	if m.in.Grows {
		return 0 // it reads no more than there is room for
	}
	slots := float64(m.d.MaxInFlight)
	full := m.full()
	if m.in.CheckpointLimit > 0 {
		slots = math.Min(slots, float64(m.in.CheckpointLimit*m.kafka)/full)
	}
	all := slots * (full*(m.l.RowBytes*m.in.mostBulk()+float64(m.d.RecordOverhead)) + float64(m.d.CallOverhead))
	return math.Max(0, all-m.d.room())
}

// full is the number of records of a batch when they come as fast as they can.
func (m *model) full() float64 {
	return math.Max(m.batchRows, fullest(m.d, m.in, m.l.RowBytes))
}

// age is max_age at which objects would be that large.
func (m *model) age(size float64) time.Duration {
	return seconds(size / m.stored / m.each)
}
