package record

import (
	"encoding/json"
	"math/bits"
	"time"
)

// measurement adds up what a parsed value takes as JSON text, roughly, and on
// the heap. The latter follows how Go lays values out: a value in an interface
// is a block of its own unless it is a pointer or a boolean, and maps have slots
// for more than they hold.
type measurement struct{ size, footprint int }

const (
	scalarSize = 8 // about what a number takes as text
	word       = 8
	header     = 2 * word // of a string, and of an interface
)

func (m *measurement) value(v any) {
	switch t := v.(type) {
	case map[string]any:
		m.footprint += mapBytes(len(t))
		m.size += 2
		for k, e := range t {
			m.size += len(k) + 4
			m.footprint += text(len(k))
			m.value(e)
		}
	case []any:
		m.footprint += block(3*word) + block(cap(t)*header)
		m.size += 2 + len(t)
		for _, e := range t {
			m.value(e)
		}
	case string:
		m.text(len(t), 2)
	case json.Number:
		m.text(len(t), 0)
	case []byte:
		m.size += len(t) + 2
		m.footprint += block(3*word) + block(cap(t))
	case time.Time:
		m.size += len(time.RFC3339Nano)
		m.footprint += block(3 * word)
	case bool, nil:
		m.size += scalarSize
	default:
		m.size += scalarSize
		m.footprint += word
	}
}

func (m *measurement) text(length, quotes int) {
	m.size += length + quotes
	m.footprint += header + text(length)
}

// text is the memory of the bytes of a string. Short ones share blocks.
func text(length int) int {
	if length < 16 {
		return length
	}
	return block(length)
}

// block is the memory of one allocation: the allocator has sixteenths up to 128
// bytes, and eighths of a power of two from there on.
func block(n int) int {
	step := 16
	switch {
	case n <= 8:
		step = 8
	case n > 128:
		step = 1 << (bits.Len(uint(n-1)) - 4)
	}
	return (n + step - 1) / step * step
}

const (
	slots      = 8                            // of a group of a map
	groupBytes = word + slots*(header+header) // its control word, keys and values
	mapHeader  = 48                           // the map itself
	tableBytes = 48                           // what a table of groups has beside them, with its place in the directory
	loadable   = 7                            // slots of a group that are filled before the table grows
	mostSlots  = 1024                         // of a table; a larger map has several
	mostLoad   = mostSlots / slots * loadable // entries of such a table
	mostBytes  = mostSlots/slots*groupBytes + tableBytes
)

// mapBytes is the memory of a map[string]any of n entries, without what keys and
// values refer to. One of up to eight has one group; a larger one has tables
// whose slots double.
func mapBytes(n int) int {
	switch {
	case n <= slots:
		return mapHeader + block(groupBytes)
	case n <= mostLoad:
		capacity := 2 * slots
		for capacity/slots*loadable < n {
			capacity *= 2
		}
		return mapHeader + tableBytes + block(capacity/slots*groupBytes)
	default:
		tables := 1
		for tables*mostLoad < n {
			tables *= 2
		}
		return mapHeader + tables*block(mostBytes)
	}
}
