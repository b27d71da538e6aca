package parquet

import (
	"bytes"
	"hash/maphash"
)

var hashSeed = maphash.MakeSeed()

// dictionary gives equal values equal ids, in the order of first use. Ids do
// not depend on the hash, so the same values always give the same file.
type dictionary struct {
	table   []uint32 // open addressing: id+1, 0 for an empty slot
	entries []entry  // by id
	data    []byte   // the values, one after the other
}

// entry is one value of a dictionary.
type entry struct {
	start, end uint32 // of the value in data
	hash       uint32 // the high half
	first      uint32 // which use of the dictionary was the first
}

const minTable = 256

func (d *dictionary) reset() {
	if d.table == nil || len(d.entries)*16 < len(d.table) && len(d.table) > minTable {
		d.table = make([]uint32, max(minTable, len(d.table)/2))
	} else {
		clear(d.table)
	}
	d.entries, d.data = d.entries[:0], d.data[:0]
}

func (d *dictionary) len() int { return len(d.entries) }

// value returns the value with the given id.
func (d *dictionary) value(id int32) []byte {
	e := &d.entries[id]
	return d.data[e.start:e.end]
}

// id returns the id of a value, which is the use-th that the column takes.
func (d *dictionary) id(b []byte, use int) int32 {
	sum := maphash.Bytes(hashSeed, b)
	hash, mask := uint32(sum>>32), uint32(len(d.table)-1)
	slot := uint32(sum) & mask
	for {
		id := d.table[slot]
		if id == 0 {
			break
		}
		e := &d.entries[id-1]
		if e.hash == hash && bytes.Equal(d.data[e.start:e.end], b) {
			return int32(id - 1)
		}
		slot = (slot + 1) & mask
	}
	start := uint32(len(d.data))
	d.data = append(d.data, b...)
	d.entries = append(d.entries, entry{start: start, end: uint32(len(d.data)), hash: hash, first: uint32(use)})
	d.table[slot] = uint32(len(d.entries))
	if len(d.entries)*2 > len(d.table) {
		d.rebuild(len(d.table) * 2)
	}
	return int32(len(d.entries) - 1)
}

// rebuild fills a table of the given size. The low half of a hash is gone by
// then; it is computed again.
func (d *dictionary) rebuild(size int) {
	if size > len(d.table) {
		d.table = make([]uint32, size)
	} else {
		clear(d.table)
	}
	mask := uint32(len(d.table) - 1)
	for id := range d.entries {
		sum := maphash.Bytes(hashSeed, d.value(int32(id)))
		slot := uint32(sum) & mask
		for d.table[slot] != 0 {
			slot = (slot + 1) & mask
		}
		d.table[slot] = uint32(id + 1)
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
	d.data = d.data[:d.entries[n].start]
	d.entries = d.entries[:n]
	d.rebuild(len(d.table))
}
