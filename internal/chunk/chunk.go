package chunk

import (
	"container/heap"
	"time"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/record"
)

// partition is the identity of a stream of objects.
type partition struct {
	kind   Kind
	path   string
	schema string // of its records, where files must not mix them
	// lane is where the objects are announced before they are stored; nil where
	// they are not.
	lane *exactly.Ledger
}

// chunk is a list of records of one partition on its way to an object. Nothing
// is encoded before it is sealed, so that an open partition costs little more
// than the references it holds.
type chunk struct {
	id      string
	part    partition
	state   state
	opened  time.Time // when the chunk was opened
	first   time.Time // arrival of its oldest record
	gathers time.Time // until when it waits for others that were let in with it
	reason  Reason    // why it was sealed
	heap    int       // position in the heap of open chunks

	runs    runs // in the order of their coming, until they are sorted
	records int
	raw     int64 // size of the records
	charge  int64 // their part of what the memory limit counts for calls
	extra   int64 // memory beside that: dead letters, lists, the chunk itself
	beside  int64 // of it, what is there only for an encoder and an upload
	bytes   int64 // of the encoded form: expected until it is encoded
	notes   encode.Notes
	ratio   float64 // expected encoded bytes for each raw byte
	most    int64   // the largest size of an object, 0 for none

	announced *announcement // of what is stored exactly once, from its seal on

	parkedIn *parkedPartition // of the partition, while its objects are refused
	form     Encoded          // from the end of encoding to the end of the upload
	object   []record.Record  // that it holds, as long
	cancel   func()           // ends the encoding or the upload that runs
	// recalled is closed when some of the records of an upload are withdrawn.
	recalled signal
}

// signal is something that happens once.
type signal chan struct{}

// close makes it happen, unless it has.
func (s signal) close() {
	if !s.happened() {
		close(s)
	}
}

func (s signal) happened() bool {
	select {
	case <-s:
		return true
	default:
		return false
	}
}

// join appends a run.
func (c *chunk) join(r run) {
	c.runs = append(c.runs, r)
	c.count(r)
	c.expect(c.ratio)
}

func (c *chunk) count(r run) {
	c.records += r.len()
	c.raw += r.raw
	c.charge += r.charge
	c.extra += r.extra()
	if c.first.IsZero() || r.call.arrived.Before(c.first) {
		c.first = r.call.arrived
	}
}

// hold replaces the records by others. What has no dependence on records stays
// in extra.
func (c *chunk) hold(rs runs) {
	for i := range c.runs {
		c.extra -= c.runs[i].extra()
	}
	c.records, c.raw, c.charge, c.first = 0, 0, 0, time.Time{}
	for i := range rs {
		c.count(rs[i])
	}
	c.runs = rs
}

// expect takes the size of the encoded form from a ratio. The encoder takes no
// more than an object may have, however much there is.
func (c *chunk) expect(ratio float64) {
	c.ratio = ratio
	c.bytes = int64(float64(c.raw) * ratio)
	if c.most > 0 {
		c.bytes = min(c.bytes, int64(overshoot*float64(c.most)))
	}
}

// sorted brings the runs into the order of arrival. Calls that are placed at
// the same time may come the other way round. It takes hardly longer than a look
// at each when none has.
func (c *chunk) sorted() runs {
	c.runs.sort()
	return c.runs
}

// ageHeap orders open chunks by the arrival of their oldest record. It
// implements heap.Interface.
type ageHeap []*chunk

var _ heap.Interface = (*ageHeap)(nil)

func (h ageHeap) Len() int           { return len(h) }
func (h ageHeap) Less(i, j int) bool { return h[i].first.Before(h[j].first) }

func (h ageHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heap, h[j].heap = i, j
}

// Push adds x, a *chunk, for container/heap.
func (h *ageHeap) Push(x any) {
	c := x.(*chunk)
	c.heap = len(*h)
	*h = append(*h, c)
}

// Pop removes the last element, for container/heap.
func (h *ageHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return c
}
