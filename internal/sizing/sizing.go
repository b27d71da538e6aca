// Package sizing predicts what a configuration makes of a load: how large
// objects become and why they end, what they cost, how much memory waits, and
// which setting is in the way. It is arithmetic only: it reads nothing and
// keeps nothing.
package sizing

import (
	"math"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// Destination holds the settings of the output that decide about sizes. A zero
// limit means none.
type Destination struct {
	// Format is the value of file_format.
	Format string
	// MaxFileSize and MaxRecords cap an object.
	MaxFileSize int64
	MaxRecords  int
	// MaxAge and IdleTimeout are the roll rules of these names.
	MaxAge, IdleTimeout time.Duration
	// MaxOpenPartitions, MemoryLimit and MaxInFlight bound what waits.
	MaxOpenPartitions int
	MemoryLimit       int64 // of which ForRecords may wait
	MaxInFlight       int
	// AutoInFlight says that MaxInFlight was derived by [InFlight].
	AutoInFlight bool
	// Workers is upload.concurrency, Encoders the objects encoded at once.
	Workers, Encoders int
	// RowGroupSize is what an encoder of parquet holds; 0 for other formats.
	RowGroupSize int64
	// MultipartThreshold and PartSize decide how an object is uploaded.
	MultipartThreshold, PartSize int64
	// CallOverhead and RecordOverhead are what the memory limit counts for a
	// waiting batch and a waiting record beside the payload, and PartitionOverhead
	// for an open partition, in bytes.
	CallOverhead, RecordOverhead, PartitionOverhead int64
	// HealthInterval is the time between health checks; 0 when they are off.
	HealthInterval time.Duration
	// Batching is the batching policy of the output itself.
	Batching Batching
	// Spool is spool.max_size; 0 without a spool.
	Spool int64
}

// Batching is a policy that collects records into batches. A zero member is
// not a limit; without any a batch is one record.
type Batching struct {
	Count  int
	Bytes  int64
	Period time.Duration
}

// garbageShare is the part of memory_limit that is left to what the garbage
// collector has not found yet.
const garbageShare = 8

// ForRecords is the part of a memory limit that records may take, in bytes.
func ForRecords(limit int64) int64 { return limit - limit/garbageShare }

// room is that part, as the model calculates.
func (d *Destination) room() float64 { return float64(ForRecords(d.MemoryLimit)) }

// limitFor is the memory limit that has room for so much.
func limitFor(room float64) float64 { return room * garbageShare / (garbageShare - 1) }

// parsedBulk is how much more a record takes in memory as a tree of values than
// as JSON: measured with 30 fields of 20 characters, and package record.
const parsedBulk = 4

// bulk is how much more a record takes in memory than as JSON.
func (in *Input) bulk() float64 {
	if in.Parsed {
		return parsedBulk
	}
	return 1
}

// mostBulk is bulk where nobody knows: generate makes text or trees.
func (in *Input) mostBulk() float64 {
	if in.Kind == "generate" {
		return parsedBulk
	}
	return in.bulk()
}

// Any reports whether the policy makes batches.
func (b Batching) Any() bool { return b.Count > 1 || b.Bytes > 0 || b.Period > 0 }

// Input holds what is known about the input. The zero value is an input of
// single records without a limit.
type Input struct {
	// Kind is the name of the component.
	Kind string
	// Kafka says whether the input reads partitions of a topic.
	Kafka bool
	// CheckpointLimit is how many records of one Kafka partition may be
	// un-acknowledged; 0 for inputs that have no such limit.
	CheckpointLimit int
	// FetchRowBytes is how much of one Kafka partition arrives at once, and so
	// by how much the limit may be exceeded; 0 when it is a hard one.
	FetchRowBytes int64
	// Resume is how long the input takes to go on when it may again.
	Resume time.Duration
	// OrderedBytes is the size of the one batch for each Kafka partition that
	// an ordered input hands over at a time; 0 when it is not ordered.
	OrderedBytes int64
	// Parsed says that records are trees of values when they reach the output,
	// because processors on the way may parse them.
	Parsed bool
	// Grows says that the input makes its batches as large as is needed for
	// max_in_flight, and keeps what is under way within memory_limit: there is
	// nothing to adjust.
	Grows bool
	// Singles says that records are read one by one and put into batches
	// afterwards, which costs more memory for each.
	Singles bool
	// Scanned says that our scanner makes the batches, and Piped that it reads
	// standard input.
	Scanned, Piped bool
	// Batching is the batching policy of the input, and BatchRows the size of
	// its batches where that is known without one; 0 where it is not.
	Batching  Batching
	BatchRows int
	// CommitPeriod is how often offsets are committed.
	CommitPeriod time.Duration
	// FetchBytes is what the client may fetch at once, over all brokers.
	FetchBytes int64
	// FetchEachBytes and FetchEachRows are what the client keeps of each Kafka
	// partition beside its batches, where that bounds it: both, not either.
	FetchEachBytes int64
	FetchEachRows  int
	// Exactly says that records are to be stored exactly once, and Against why
	// they cannot be, in words for a metric.
	Exactly bool
	Against []string
	// Skips says that the input can commit the offsets of records that are not
	// stored, when partitions move: see docs/kafka.md, "Which input".
	Skips bool
}

// Load is what arrives, and what is assumed about it.
type Load struct {
	// Rate is the number of records a second, over all replicas.
	Rate float64 `json:"rows_per_second"`
	// RowBytes is the mean size of a record as the output gets it.
	RowBytes float64 `json:"row_bytes"`
	// Partitions is how many folders and names get records at the same time.
	// They are taken to be equally busy.
	Partitions int `json:"partitions"`
	// KafkaPartitions is the number of partitions of the topics.
	KafkaPartitions int `json:"kafka_partitions"`
	// Replicas is the number of processes that share the load.
	Replicas int `json:"replicas"`
	// Ratio is how many bytes of the object a byte of the record becomes.
	Ratio float64 `json:"ratio"`
	// Upload is how long encoding and storing an object takes; 0 means the
	// estimate of this package.
	Upload time.Duration `json:"-"`
	// Cores is how many cores each process has; 0 means that nobody has said it:
	// then it is 2, and too few of them are no more than advice.
	Cores float64 `json:"cores"`
	// RequestPrice is the price of 1,000 PUT requests, CorePrice that of a core for
	// an hour.
	RequestPrice float64 `json:"price_of_1000_puts"`
	CorePrice    float64 `json:"price_of_core_hour"`
}

// Prediction is what the configuration makes of the load. Rates and amounts
// are totals of all replicas; memory, batches and un-acknowledged records are
// those of one process.
type Prediction struct {
	// Reason is why most objects end.
	Reason chunk.Reason
	// Rows and Bytes are the size of an object, Every how often a partition of
	// a process gets one.
	Rows  float64
	Bytes float64
	Every time.Duration
	// FullFrom is the rate of records from which objects reach the cap before
	// max_age; 0 where there is no cap.
	FullFrom float64
	// Objects, Requests, Stored and Cost are a day's: objects, PUT requests,
	// bytes stored, and the price of the requests.
	Objects, Requests, Stored, Cost float64
	// CPU is what it takes of processors.
	CPU CPU
	// Held is the memory that waiting records take at most, as memory_limit
	// counts it, and HeldNeeded the memory_limit with which no object is cut
	// short for memory.
	Held, HeldNeeded float64
	// Container is the memory to give to the process.
	Container float64
	// Disk is what a spool collects, and DiskOutage what it takes beside that for
	// an hour in which nothing can be stored; 0 without one.
	Disk, DiskOutage float64
	// InFlight is how many batches wait at once when none is cut short.
	InFlight float64
	// Unacknowledged is how many records of one Kafka partition wait when none
	// is cut short; 0 for other inputs.
	Unacknowledged float64
	// Uploads is how many objects are on their way at once.
	Uploads float64
	// Upload is how long an object takes to be encoded and stored.
	Upload time.Duration
	// DelayMost and DelayMean tell how long after its arrival at the input a
	// record can be read.
	DelayMost, DelayMean time.Duration
	// Duplicates is how many records are stored twice at most when one process
	// is killed.
	Duplicates float64
	// Findings are what should be changed.
	Findings []Finding
}

// Predict computes what the destination makes of the load.
func Predict(d Destination, in Input, l Load) Prediction {
	m := newModel(d, in, l.sane())
	m.told = l.Cores > 0
	var p Prediction
	m.objects(&p)
	m.memory(&p)
	m.costs(&p)
	m.processors(&p)
	m.waits(&p)
	m.spooled(&p)
	p.Findings = m.findings(&p)
	return p
}

// sane replaces what cannot be divided by.
func (l Load) sane() Load {
	l.Rate = math.Max(l.Rate, 1e-9)
	l.RowBytes = math.Max(l.RowBytes, 1)
	l.Ratio = math.Max(l.Ratio, 1e-6)
	l.Partitions = max(l.Partitions, 1)
	l.KafkaPartitions = max(l.KafkaPartitions, 1)
	l.Replicas = max(l.Replicas, 1)
	if l.Cores <= 0 {
		l.Cores = assumedCores
	}
	return l
}

const day = 24 * 60 * 60

// costs fills in what a day makes and costs.
func (m *model) costs(p *Prediction) {
	p.Objects = m.l.Rate * day / p.Rows
	p.Stored = p.Objects * p.Bytes
	p.Requests = p.Objects * m.requests(p.Bytes)
	if m.d.HealthInterval > 0 {
		p.Requests += float64(m.l.Replicas) * day / m.d.HealthInterval.Seconds()
	}
	p.Cost = p.Requests / 1000 * m.l.RequestPrice
	if m.d.MaxFileSize > 0 {
		p.FullFrom = float64(m.d.MaxFileSize) / m.stored / m.d.MaxAge.Seconds() * float64(m.l.Partitions) * m.works
	}
}

// requests is the number of PUT requests for an object: one, or its parts with
// a beginning and an end.
func (m *model) requests(size float64) float64 {
	if m.d.MultipartThreshold <= 0 || m.d.PartSize <= 0 || size <= float64(m.d.MultipartThreshold) {
		return 1
	}
	return math.Ceil(size/float64(m.d.PartSize)) + 2
}

// waits fills in delays and duplicates.
func (m *model) waits(p *Prediction) {
	batch := m.collecting
	longest, mean := p.Every.Seconds(), p.Every.Seconds()/2
	if p.Reason == chunk.Idle {
		longest += m.silence()
		mean += m.silence()
	}
	p.DelayMost = seconds(batch + longest + m.upload)
	p.DelayMean = seconds(batch/2 + mean + m.upload)
	// Offsets are committed in order: what came after the oldest waiting
	// record is read again, and it waits for max_age at most, or until
	// something rolls every partition.
	oldest := math.Min(m.d.MaxAge.Seconds(), m.everything)
	p.Duplicates = m.rate * (oldest + m.upload + m.in.CommitPeriod.Seconds())
	if m.in.CheckpointLimit > 0 {
		most := float64(m.in.CheckpointLimit*m.kafka) + m.rate*m.in.CommitPeriod.Seconds()
		p.Duplicates = math.Min(p.Duplicates, most)
	}
}

func seconds(s float64) time.Duration {
	if s > math.MaxInt64/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}
