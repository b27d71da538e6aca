// Package record defines the one shape in which a record travels from the
// output to the encoders: its payload as it arrived, never parsed on the way,
// and a view of the metadata it came with. It also tells how large a record
// is: as text, and in memory.
package record

import "unique"

// Metadata looks up what travelled beside a record. *service.Message of
// Benthos satisfies it. Implementations are safe for concurrent reads.
type Metadata interface {
	// MetaGetMut returns the value stored under key and whether it exists.
	MetaGetMut(key string) (any, bool)
}

// Record is one record on its way to an object. It is a reference: payload and
// metadata belong to the message it came from and are never modified.
type Record struct {
	// Raw is the payload as bytes. It is nil when a processor has already
	// parsed the message, in which case Value is set.
	Raw []byte
	// Value is the parsed payload (map[string]any, []any, string, bool, nil,
	// json.Number, int64, float64, ...), used only when Raw is nil.
	Value any
	// Meta gives access to the message's metadata; it may be nil.
	Meta Metadata
	// Added is about the number of bytes that the output adds to the payload:
	// columns made from metadata.
	Added int
	// Dataset is what the record shares its columns with.
	Dataset Dataset
}

// Dataset names the records that have one schema: a table, mostly. Two of them
// are the same when their names are. The zero value is the dataset without a
// name.
type Dataset struct{ name unique.Handle[string] }

// DatasetOf returns the dataset of a name.
func DatasetOf(name string) Dataset {
	if name == "" {
		return Dataset{}
	}
	return Dataset{unique.Make(name)}
}

// Name is the name of the dataset.
func (d Dataset) Name() string {
	if d == (Dataset{}) {
		return ""
	}
	return d.name.Value()
}

// Structured reports whether the record carries a parsed value rather than
// bytes.
func (r *Record) Structured() bool { return r.Raw == nil }

// Size is the bytes of the payload with what is added to it: the payload
// exactly for bytes, and for a parsed value roughly what it would take as JSON
// text. It is what the size of an object is in proportion to.
func (r *Record) Size() int {
	size, _ := r.Measure()
	return size
}

// Footprint is the memory that the payload takes, in bytes: its length for
// bytes, and for a parsed value what its maps, lists and boxed values occupy,
// which is several times its size. What is added to it is in memory, too, as
// metadata; the message around them is not included.
func (r *Record) Footprint() int {
	_, footprint := r.Measure()
	return footprint
}

// Measure returns [Record.Size] and [Record.Footprint] for the price of one.
// A parsed value is walked from end to end.
func (r *Record) Measure() (size, footprint int) {
	if r.Raw != nil || r.Value == nil {
		return len(r.Raw) + r.Added, len(r.Raw) + r.Added
	}
	m := measurement{}
	m.value(r.Value)
	return m.size + r.Added, m.footprint + r.Added
}
