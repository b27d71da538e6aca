// Package chunk collects records of many write calls into open chunks, one for
// each partition, decides when a chunk is rolled into an object, and settles
// every call when all of its records are durable or refused.
//
// It guarantees that a record is part of exactly one object or is reported
// back with an error, that an object never exceeds the size cap unless one
// record alone does, and that records inside an object keep the order in which
// they arrived.
package chunk

import (
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/record"
)

// Kind tells what a chunk holds, and so how it is encoded and where it lands.
type Kind uint8

const (
	// Data chunks hold records in the configured file format.
	Data Kind = iota
	// DeadLetter chunks hold JSON lines that describe refused records.
	DeadLetter
	kinds
)

// Reason says why a chunk was rolled.
type Reason string

// The reasons for which a chunk is rolled into an object.
const (
	Size       Reason = "size"
	Records    Reason = "records"
	Age        Reason = "age"
	Idle       Reason = "idle"
	Saturation Reason = "saturation"
	Memory     Reason = "memory"
	Partitions Reason = "partitions"
	Schema     Reason = "schema"
	Drain      Reason = "drain"
	Recovery   Reason = "recovery"
)

// Reasons are all of them.
var Reasons = []Reason{Size, Records, Age, Idle, Saturation, Memory, Partitions, Schema, Drain, Recovery}

// Object describes one encoded object on its way to the store.
type Object struct {
	// ID is the identity of the chunk, chosen when it was opened and unique
	// for ever.
	ID string
	// Kind and Path name the partition.
	Kind Kind
	Path string
	// Key is where the object landed; empty before.
	Key string
	// Opened is when the chunk was opened, the clock of its name.
	Opened time.Time
	// Reason is why the chunk was rolled.
	Reason Reason
	// Records are those the object holds, in order.
	Records []record.Record
	// Encoded is what the Pipeline's Encode returned.
	Encoded Encoded
	// Bytes is the size of the object.
	Bytes int64
}

// owner ties a record to the call that waits for it.
type owner struct {
	call  *Call
	index int // of the record in the call's batch
}

// before orders records by arrival.
func (o owner) before(p owner) bool {
	if o.call.seq != p.call.seq {
		return o.call.seq < p.call.seq
	}
	return o.index < p.index
}

// entries are records with their owners, in order of arrival.
type entries struct {
	records []record.Record
	owners  []owner
}

func (e *entries) len() int { return len(e.records) }

func (e *entries) add(r record.Record, o owner) {
	e.records = append(e.records, r)
	e.owners = append(e.owners, o)
}

// grow makes room for n more.
func (e *entries) grow(n int) {
	e.records = slices.Grow(e.records, n)
	e.owners = slices.Grow(e.owners, n)
}

func (e *entries) from(i int) entries {
	return entries{records: e.records[i:], owners: e.owners[i:]}
}

// merge returns the union of two ordered lists, in order.
func merge(a, b entries) entries {
	if a.len() == 0 {
		return b
	}
	if b.len() == 0 {
		return a
	}
	out := entries{
		records: make([]record.Record, 0, a.len()+b.len()),
		owners:  make([]owner, 0, a.len()+b.len()),
	}
	for a.len() > 0 && b.len() > 0 {
		from := &a
		if b.owners[0].before(a.owners[0]) {
			from = &b
		}
		out.add(from.records[0], from.owners[0])
		*from = from.from(1)
	}
	for _, rest := range []entries{a, b} {
		out.records = append(out.records, rest.records...)
		out.owners = append(out.owners, rest.owners...)
	}
	return out
}

// partition is the identity of a stream of objects.
type partition struct {
	kind   Kind
	path   string
	schema string // of its records, where files must not mix them
}

// chunk is an open or sealed list of records of one partition. Nothing is
// encoded before it is sealed, so that an open partition costs little more
// than the references it holds.
type chunk struct {
	entries
	id     string
	part   partition
	opened time.Time // when the chunk was opened
	first  time.Time // arrival of its oldest record
	raw    int64     // payload bytes
	charge int64     // bytes counted against the memory limit
	out    int64     // bytes of its encoded form: estimated until encoded
	ratio  float64   // expected encoded bytes for each raw byte
	reason Reason
	heap   int    // position in the manager's age heap
	ahead  int64  // bytes of the lists that were made before there were records
	cancel func() // ends the upload; set while it runs
}

func (c *chunk) append(r record.Record, o owner, overhead int64) {
	size := int64(r.Size())
	c.add(r, o)
	c.raw += size
	c.charge += size + overhead
	c.estimate(c.ratio)
	if o.call.arrived.Before(c.first) {
		c.first = o.call.arrived
	}
}

// estimate takes the expected encoded size from a ratio.
func (c *chunk) estimate(ratio float64) {
	c.ratio = ratio
	c.out = int64(float64(c.raw) * ratio)
}

// dropCancelled removes the records nobody waits for any more and reports
// whether any were removed.
func (c *chunk) dropCancelled(overhead int64) bool {
	kept := 0
	for i, o := range c.owners {
		if o.call.cancelled {
			size := int64(c.records[i].Size())
			c.raw -= size
			c.charge -= size + overhead
			continue
		}
		c.records[kept], c.owners[kept] = c.records[i], o
		kept++
	}
	removed := kept < len(c.owners)
	clear(c.records[kept:])
	clear(c.owners[kept:])
	c.records, c.owners = c.records[:kept], c.owners[:kept]
	return removed
}

// wanted reports whether any call still waits for a record of the chunk.
func (c *chunk) wanted() bool {
	for _, o := range c.owners {
		if !o.call.cancelled {
			return true
		}
	}
	return false
}

// ageHeap orders open chunks by the arrival of their oldest record. It
// implements heap.Interface.
type ageHeap []*chunk

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

// String names the kind in logs.
func (k Kind) String() string {
	if k == DeadLetter {
		return "dead_letter"
	}
	return "data"
}
