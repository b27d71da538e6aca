package parquet

import (
	"bytes"
	"hash/maphash"
)

var hashSeed = maphash.MakeSeed()

// dictionary gives equal values equal ids, in the order of first use. Ids do
// not depend on the hash, so the same values always give the same file.
type dictionary struct {
	table  []uint32 // open addressing: id+1, 0 for an empty slot
	hashes []uint32 // by id
	data   []byte   // the values, one after the other
	ends   []uint32 // by id: where the value ends in data
	first  []uint32 // by id: which use of the dictionary was the first
}

const minTable = 256

func (d *dictionary) reset() {
	if d.table == nil || len(d.ends)*16 < len(d.table) && len(d.table) > minTable {
		d.table = make([]uint32, max(minTable, len(d.table)/2))
	} else {
		clear(d.table)
	}
	d.hashes, d.data, d.ends, d.first = d.hashes[:0], d.data[:0], d.ends[:0], d.first[:0]
}

func (d *dictionary) len() int { return len(d.ends) }

// value returns the value with the given id.
func (d *dictionary) value(id int32) []byte {
	start := uint32(0)
	if id > 0 {
		start = d.ends[id-1]
	}
	return d.data[start:d.ends[id]]
}

// id returns the id of a value, which is the use-th that the column takes.
func (d *dictionary) id(b []byte, use int) int32 {
	sum := maphash.Bytes(hashSeed, b)
	hash, mask := uint32(sum>>32), uint32(len(d.table)-1)
	slot := uint32(sum) & mask
	for {
		entry := d.table[slot]
		if entry == 0 {
			break
		}
		if id := int32(entry - 1); d.hashes[id] == hash && bytes.Equal(d.value(id), b) {
			return id
		}
		slot = (slot + 1) & mask
	}
	d.hashes = append(d.hashes, hash)
	d.data = append(d.data, b...)
	d.ends = append(d.ends, uint32(len(d.data)))
	d.first = append(d.first, uint32(use))
	d.table[slot] = uint32(len(d.ends))
	if len(d.ends)*2 > len(d.table) {
		d.rebuild(len(d.table) * 2)
	}
	return int32(len(d.ends) - 1)
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
	for id := range d.ends {
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
	n := len(d.ends)
	for n > 0 && int(d.first[n-1]) >= use {
		n--
	}
	if n == len(d.ends) {
		return
	}
	d.hashes, d.ends, d.first = d.hashes[:n], d.ends[:n], d.first[:n]
	end := uint32(0)
	if n > 0 {
		end = d.ends[n-1]
	}
	d.data = d.data[:end]
	d.rebuild(len(d.table))
}
