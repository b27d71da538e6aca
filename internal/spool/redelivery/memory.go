// Package redelivery recognises records that an input delivers once more, because
// the process ended after they were durable and before the input had noted that
// it is done with them.
//
// What is remembered of a record is its mark: its place in Kafka, and a sum of
// what it says. Of a message that became several records, several may have the
// same mark; each is then recognised as often as it is durable, and no more.
package redelivery

import (
	"encoding/binary"

	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// Source is a partition of a topic.
type Source struct {
	Topic     string
	Partition int64
}

// Mark is what is remembered of a record.
type Mark struct {
	Source
	Offset int64
	// Sum is of the payload and of all else that has to be the same.
	Sum uint64
}

// Memory is the marks of the records that were made durable last. It is not safe
// for concurrent use.
type Memory struct {
	limit   int
	marks   []mark // in the order of their arrival, from first on
	first   int
	sources []known // by number
	numbers map[Source]uint32
	free    []uint32 // numbers
	recent  uint32
}

// mark is a Mark with the number of its source.
type mark struct {
	source uint32
	offset int64
	sum    uint64
}

// known is a source with the number of its marks.
type known struct {
	Source
	marks int
}

// NewMemory returns a memory of so many marks; 0: of any number.
func NewMemory(limit int) *Memory {
	return &Memory{limit: limit, numbers: map[Source]uint32{}}
}

// Len is the number of marks; none of a nil Memory.
func (m *Memory) Len() int {
	if m == nil {
		return 0
	}
	return len(m.marks)
}

// Add remembers a record, and forgets the first one when they are too many.
func (m *Memory) Add(r Mark) {
	n := m.number(r.Source)
	m.add(mark{n, r.Offset, r.Sum})
	m.release(n)
}

// number returns the number of a source, which it keeps until release.
func (m *Memory) number(s Source) uint32 {
	n := m.recent
	if int(n) >= len(m.sources) || m.sources[n].marks == 0 || m.sources[n].Source != s {
		var is bool
		if n, is = m.numbers[s]; !is {
			n = m.another()
			m.sources[n].Source = s
			m.numbers[s] = n
		}
		m.recent = n
	}
	m.sources[n].marks++
	return n
}

// another returns a number that is not used.
func (m *Memory) another() uint32 {
	if last := len(m.free) - 1; last >= 0 {
		n := m.free[last]
		m.free = m.free[:last]
		return n
	}
	m.sources = append(m.sources, known{})
	return uint32(len(m.sources) - 1)
}

func (m *Memory) release(n uint32) {
	s := &m.sources[n]
	if s.marks--; s.marks == 0 {
		delete(m.numbers, s.Source)
		*s = known{}
		m.free = append(m.free, n)
	}
}

func (m *Memory) add(k mark) {
	m.sources[k.source].marks++
	if m.limit == 0 || len(m.marks) < m.limit {
		m.marks = append(m.marks, k)
		return
	}
	oldest := m.marks[m.first]
	m.marks[m.first] = k
	m.first = (m.first + 1) % m.limit
	m.release(oldest.source)
}

// each calls do for all marks, in the order of their arrival.
func (m *Memory) each(do func(mark)) {
	for _, part := range [][]mark{m.marks[m.first:], m.marks[:m.first]} {
		for _, k := range part {
			do(k)
		}
	}
}

// sumSize is how many bytes a sum takes.
const sumSize = 8

// Room is about how many bytes Append appends.
func (m *Memory) Room() int {
	if m.Len() == 0 {
		return 0
	}
	const source, mark = 32, sumSize + 3
	return source*len(m.sources) + mark*m.Len()
}

// Append appends the memory as bytes: none for none. It is the last of an entry.
func (m *Memory) Append(dst []byte) []byte {
	if m.Len() == 0 {
		return dst
	}
	places := make([]uint64, len(m.sources)) // of sources among those that are written
	last := make([]int64, len(m.sources))
	written := uint64(0)
	dst = binary.AppendUvarint(dst, uint64(len(m.numbers)))
	for n := range m.sources {
		if s := &m.sources[n]; s.marks > 0 {
			places[n] = written
			written++
			dst = frame.AppendBytes(dst, s.Topic)
			dst = binary.AppendVarint(dst, s.Partition)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(m.Len()))
	m.each(func(k mark) {
		dst = binary.AppendUvarint(dst, places[k.source])
		dst = binary.AppendVarint(dst, k.offset-last[k.source])
		last[k.source] = k.offset
		dst = binary.LittleEndian.AppendUint64(dst, k.sum)
	})
	return dst
}

// Read adds what Append has written.
func (m *Memory) Read(c *frame.Cursor) {
	if len(c.Rest) == 0 {
		return
	}
	var numbers []uint32
	for range c.Count() {
		s := Source{Topic: string(c.Bytes()), Partition: c.Int()}
		if c.Bad {
			break
		}
		numbers = append(numbers, m.number(s))
	}
	last := make([]int64, len(numbers))
	for range c.Count() {
		at := c.Uint()
		offset := c.Int()
		sum := c.Fixed(sumSize)
		if c.Bad || at >= uint64(len(numbers)) {
			c.Fail()
			break
		}
		last[at] += offset
		m.add(mark{numbers[at], last[at], binary.LittleEndian.Uint64(sum)})
	}
	for _, n := range numbers {
		m.release(n)
	}
}

// Clear forgets all.
func (m *Memory) Clear() { *m = *NewMemory(m.limit) }
