package parquet

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

var (
	hashSeed = maphash.MakeSeed()
	// The seeds of short values keep anybody from choosing values that collide.
	loSeed = maphash.String(hashSeed, "lo")
	hiSeed = maphash.String(hashSeed, "hi")
)

// dictionary gives equal values equal ids, in the order of first use. Ids do
// not depend on the hash, so the same values always give the same file.
type dictionary struct {
	table   []slot  // open addressing
	entries []entry // by id
	data    []byte  // the values, one after the other
}

// slot is a place of the table. It has all that a look-up needs but the text of
// long values: every other place that is visited may be out of the cache.
type slot struct {
	// lo and hi are the text of a value of at most maxShort bytes. Of a longer
	// one, lo is the hash and hi where it begins in the data.
	lo, hi uint64
	size   uint32
	id     uint32 // id+1, 0 for an empty slot
}

// entry is one value of a dictionary.
type entry struct {
	end   uint32 // of the value in data
	first uint32 // which use of the dictionary was the first
}

const (
	minTable = 64
	maxShort = 16
	slotSize = 24 // in bytes
)

func (d *dictionary) reset() {
	if d.table == nil || len(d.entries)*16 < len(d.table) && len(d.table) > minTable {
		d.table = make([]slot, max(minTable, len(d.table)/2))
	} else {
		clear(d.table)
	}
	d.entries, d.data = d.entries[:0], d.data[:0]
}

func (d *dictionary) len() int { return len(d.entries) }

// value returns the value with the given id.
func (d *dictionary) value(id int32) []byte { return d.data[d.start(id):d.entries[id].end] }

// start returns where a value begins in the data.
func (d *dictionary) start(id int32) uint32 {
	if id == 0 {
		return 0
	}
	return d.entries[id-1].end
}

// find returns the id of a value, or -1 and the place that the value is to have.
func (d *dictionary) find(b []byte) (id int32, at place) {
	if len(b) > maxShort {
		return d.long(b)
	}
	lo, hi := pack(b)
	mask := len(d.table) - 1
	i := int(mix(lo, hi)) & mask
	for ; d.table[i].id != 0; i = (i + 1) & mask {
		if s := &d.table[i]; s.lo == lo && s.hi == hi && s.size == uint32(len(b)) {
			return int32(s.id - 1), place{}
		}
	}
	return -1, place{i, lo, hi}
}

func (d *dictionary) long(b []byte) (id int32, at place) {
	sum := maphash.Bytes(hashSeed, b)
	mask := len(d.table) - 1
	i := int(sum) & mask
	for ; d.table[i].id != 0; i = (i + 1) & mask {
		s := &d.table[i]
		if s.lo == sum && s.size == uint32(len(b)) && bytes.Equal(d.data[s.hi:][:s.size], b) {
			return int32(s.id - 1), place{}
		}
	}
	return -1, place{i, sum, 0}
}

// place is where the table shall have a value, and what the slot says of it, but
// for where a long one begins.
type place struct {
	slot   int
	lo, hi uint64
}

// add takes a value that was not found, and is the use-th that the column has.
func (d *dictionary) add(b []byte, use int, at place) int32 {
	d.data = append(d.data, b...)
	d.entries = append(d.entries, entry{end: uint32(len(d.data)), first: uint32(use)})
	id := int32(len(d.entries) - 1)
	d.put(id, at)
	if len(d.entries)*2 > len(d.table) {
		d.rebuild(len(d.table) * 2)
	}
	return id
}

// put makes the table know a value.
func (d *dictionary) put(id int32, at place) {
	start := d.start(id)
	s := slot{lo: at.lo, hi: at.hi, size: d.entries[id].end - start, id: uint32(id + 1)}
	if s.size > maxShort {
		s.hi = uint64(start)
	}
	d.table[at.slot] = s
}

// pack returns the text of a value of at most maxShort bytes as two numbers.
// Among values of one size, other values have other numbers.
func pack(b []byte) (lo, hi uint64) {
	switch n := len(b); {
	case n > 8:
		return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(b))<<32 | uint64(binary.LittleEndian.Uint32(b[n-4:])), uint64(n)
	case n > 0:
		return uint64(b[0])<<16 | uint64(b[n/2])<<8 | uint64(b[n-1]), uint64(n)
	}
	return 0, 0
}

// mix is the hash of a short value.
func mix(lo, hi uint64) uint64 {
	high, low := bits.Mul64(lo^loSeed, hi^hiSeed)
	return high ^ low
}

// rebuild fills a table of the given size.
func (d *dictionary) rebuild(size int) {
	if size > len(d.table) {
		d.table = make([]slot, size)
	} else {
		clear(d.table)
	}
	for id := range int32(len(d.entries)) {
		_, at := d.find(d.value(id))
		d.put(id, at)
	}
}

// forget drops the values that were first used at use or later: rows that are
// taken back must leave no trace.
func (d *dictionary) forget(use int) {
	n := len(d.entries)
	for n > 0 && int(d.entries[n-1].first) >= use {
		n--
	}
	if n == len(d.entries) {
		return
	}
	d.data = d.data[:d.start(int32(n))]
	d.entries = d.entries[:n]
	d.rebuild(len(d.table))
}
