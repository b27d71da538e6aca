package chunk

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"
	"unsafe"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Encoded is the encoded form of a chunk, opaque to this package.
type Encoded interface {
	// Release frees what the encoded form holds. It is called exactly once.
	Release()
}

// Pipeline turns a sealed chunk into a durable object. Its methods are called
// from several goroutines at once.
type Pipeline interface {
	// Encode encodes the longest prefix of records that fits in limit bytes
	// (0: no limit). It returns a nil Encoded when an error occurs or when no
	// record was stored.
	Encode(ctx context.Context, kind Kind, records []record.Record, limit int64) (Encoded, encode.Result, error)
	// Land returns once the object is durable, with its key, or with the
	// reason why it cannot be.
	Land(ctx context.Context, o Object) (key string, err error)
}

// DeadLetters describes refused records as records of their own.
type DeadLetters interface {
	// Describe returns the path of the dead letter's partition and its line.
	// from is the path of the partition the record belonged to, empty when it
	// never had one.
	Describe(r *record.Record, from string, reason error, at time.Time) (path string, line []byte)
}

// BadRecordPolicy says what becomes of a record that cannot be stored.
type BadRecordPolicy uint8

// The policies for bad records.
const (
	// Reject reports the record to the call that brought it.
	Reject BadRecordPolicy = iota
	// ToDeadLetter stores a description of the record instead.
	ToDeadLetter
	// Drop acknowledges the record and counts it.
	Drop
)

// Config holds the roll rules and limits of a Manager. A zero limit means
// none, except where noted.
type Config struct {
	// MaxFileSize caps the encoded bytes of an object.
	MaxFileSize int64
	// MaxRecords caps the records of an object.
	MaxRecords int
	// MaxAge rolls a chunk this long after its first record arrived.
	MaxAge time.Duration
	// IdleTimeout rolls everything when nothing arrived for that long.
	IdleTimeout time.Duration
	// MaxOpenPartitions caps the open chunks.
	MaxOpenPartitions int
	// MemoryLimit caps the bytes of records whose call has not returned, with
	// overheads and encoded objects.
	MemoryLimit int64
	// MaxInFlight is the number of calls the caller can keep waiting.
	MaxInFlight int
	// Workers is the number of chunks encoded or uploaded at once; at least 1.
	Workers int
	// CallOverhead and RecordOverhead are what one waiting call and one
	// waiting record cost beside the payload, in bytes.
	CallOverhead, RecordOverhead int64
	// InitialRatio is the encoded size of one raw byte expected for each kind
	// until objects have been measured; 0 means 1.
	InitialRatio [kinds]float64
	// OnBadRecord says what becomes of records that cannot be stored.
	OnBadRecord BadRecordPolicy
	// DeadLetters is needed by the policy ToDeadLetter.
	DeadLetters DeadLetters
	// NewID returns a new chunk identity.
	NewID func() string
	// Observer is told what happens; it may be nil.
	Observer Observer
}

// ErrClosed is what calls get that were still waiting when the manager was
// closed, and calls that come later. Their records are not durable.
var ErrClosed = errors.New("closing the output: the record was not yet durable and will be delivered again")

// Manager owns the open chunks of one destination. It is safe for concurrent
// use.
type Manager struct {
	cfg  Config
	pipe Pipeline

	mu        sync.Mutex
	calls     int // waiting at the gate, or admitted and not released
	unsettled int // waiting for their records
	seq       uint64
	ahead     int64 // bytes of the lists of open chunks made ahead
	groups    int   // partitions of the latest call, as a hint for the next
	open      map[partition]*chunk
	byAge     ageHeap
	queue     []*chunk            // sealed, waiting for a worker
	busy      map[*chunk]struct{} // being encoded or uploaded
	gate      gate
	held      int64 // charge of the admitted calls
	waiting   int64 // of it, that of calls whose records are in chunks
	openOut   int64 // expected encoded bytes of the open chunks
	sealed    int64 // charge of the sealed chunks
	out       int64 // encoded bytes of the sealed chunks
	ratios    ratios
	rhythm    rhythm
	draining  bool
	flushing  bool // as draining, until nothing is open
	hurried   bool // a call must not wait for fuller objects
	dirty     bool // a call was cancelled: sweep
	closed    bool

	wake  chan struct{}   // to the roller, capacity 1
	ready *sync.Cond      // to the workers: queue or closed changed
	ctx   context.Context //nolint:containedctx // of the workers, ended by Close: it outlives every call
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// New starts a manager, whose goroutines run until Close.
func New(cfg Config, pipe Pipeline) *Manager {
	if cfg.Observer == nil {
		cfg.Observer = silent{}
	}
	m := &Manager{
		cfg:    cfg,
		pipe:   pipe,
		open:   map[partition]*chunk{},
		busy:   map[*chunk]struct{}{},
		ratios: newRatios(cfg.MaxFileSize, cfg.InitialRatio),
		rhythm: rhythm{window: max(5*cfg.MaxAge, time.Minute)},
		wake:   make(chan struct{}, 1),
	}
	m.ready = sync.NewCond(&m.mu)
	m.ctx, m.stop = context.WithCancel(context.Background())
	m.done.Go(m.roll)
	for range max(cfg.Workers, 1) {
		m.done.Go(m.work)
	}
	return m
}

// Drain rolls everything now, and whatever still arrives almost at once. It
// returns immediately and can be called again.
func (m *Manager) Drain() {
	m.mu.Lock()
	m.draining = true
	m.mu.Unlock()
	m.poke()
}

// Close stops the manager. Uploads under way are cancelled, and calls that
// still wait get ErrClosed.
func (m *Manager) Close() {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		m.done.Wait()
		return
	}
	m.closed = true
	m.stop()
	m.gate.close()
	for _, c := range m.byAge {
		m.fail(c.entries, ErrClosed)
	}
	for _, c := range m.queue {
		m.fail(c.entries, ErrClosed)
	}
	m.open, m.byAge, m.queue = map[partition]*chunk{}, nil, nil
	m.ready.Broadcast()
	m.mu.Unlock()
	m.done.Wait()
}

// poke makes the roller look at its rules again.
func (m *Manager) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// place appends records to the partition's open chunk, rolling it as often as
// they fill it. The caller holds the lock.
func (m *Manager) place(p partition, e entries) {
	c := m.open[p]
	if c != nil {
		before := c.out
		c.estimate(m.ratios.of(p).ratio)
		m.openOut += c.out - before
	}
	for i := range e.records {
		if e.owners[i].call.cancelled {
			continue
		}
		if c == nil {
			c = m.openChunk(p, e.owners[i].call.arrived)
		}
		before := c.out
		c.append(e.records[i], e.owners[i], m.cfg.RecordOverhead)
		m.openOut += c.out - before
		if reason, full := m.full(c); full {
			m.seal(c, reason)
			c = nil
		}
	}
	if c != nil {
		heap.Fix(&m.byAge, c.heap)
	}
}

// openChunk opens a chunk for a partition that has none, making room first.
func (m *Manager) openChunk(p partition, first time.Time) *chunk {
	if limit := m.cfg.MaxOpenPartitions; limit > 0 && len(m.byAge) >= limit {
		m.seal(m.byAge[0], Partitions)
	}
	known := m.ratios.of(p)
	c := &chunk{id: m.cfg.NewID(), part: p, opened: time.Now(), first: first, ratio: known.ratio}
	if n := m.affordable(known.rows); n > 0 {
		c.grow(n)
		c.ahead = int64(n) * entrySize
		m.ahead += c.ahead
	}
	m.open[p] = c
	heap.Push(&m.byAge, c)
	return c
}

// overshoot is how far beyond the cap a chunk is filled before it is rolled:
// the encoder takes what fits and the rest goes back, so that an estimate a
// little too high does not make the object smaller than it could be.
const overshoot = 1.05

// full reports whether the chunk alone must be rolled, and why.
func (m *Manager) full(c *chunk) (Reason, bool) {
	switch {
	case m.cfg.MaxRecords > 0 && c.len() >= m.cfg.MaxRecords:
		return Records, true
	case m.cfg.MaxFileSize > 0 && float64(c.out) >= overshoot*float64(m.cfg.MaxFileSize):
		return Size, true
	default:
		return "", false
	}
}

// seal closes an open chunk and hands it to the workers.
func (m *Manager) seal(c *chunk, reason Reason) {
	m.forget(c)
	if c.len() == 0 {
		return
	}
	c.reason = reason
	m.sealed += c.charge
	m.out += c.out
	m.queue = append(m.queue, c)
	m.ready.Signal()
}

// forget takes a chunk off the open ones.
func (m *Manager) forget(c *chunk) {
	heap.Remove(&m.byAge, c.heap)
	delete(m.open, c.part)
	m.openOut -= c.out
	m.ahead -= c.ahead
}

// entrySize is what one record takes in the lists of a chunk.
const entrySize = int64(unsafe.Sizeof(record.Record{}) + unsafe.Sizeof(owner{}))

// affordable bounds the rows for which a new chunk makes room ahead: those of
// all open chunks take an eighth of the memory limit at most. Partitions that
// were large one after the other may be open all at once later, and small.
func (m *Manager) affordable(rows int) int {
	if m.cfg.MemoryLimit <= 0 {
		return rows
	}
	return int(min(int64(rows), max(0, m.cfg.MemoryLimit/8-m.ahead)/entrySize))
}

// putBack returns what did not fit into an object to the partition's open
// chunk: before, between or after its records, wherever it belongs.
func (m *Manager) putBack(p partition, rest entries) {
	if m.closed {
		m.fail(rest, ErrClosed)
		return
	}
	if c := m.open[p]; c != nil {
		m.forget(c)
		rest = merge(rest, c.entries)
	}
	m.place(p, rest)
	m.poke()
}
