// Package record defines the one shape in which a record travels from the
// output to the encoders: its payload as it arrived, never parsed on the way,
// and a view of the metadata it came with.
package record

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
}

// Structured reports whether the record carries a parsed value rather than
// bytes.
func (r *Record) Structured() bool { return r.Raw == nil }

// Size estimates the bytes of the payload with what is added to it: the payload
// exactly for bytes, and for a parsed value roughly what it would take as JSON
// text.
func (r *Record) Size() int {
	if r.Raw != nil || r.Value == nil {
		return len(r.Raw) + r.Added
	}
	return valueSize(r.Value) + r.Added
}

func valueSize(v any) int {
	const scalar = 8
	switch t := v.(type) {
	case map[string]any:
		n := 2
		for k, e := range t {
			n += len(k) + 4 + valueSize(e)
		}
		return n
	case []any:
		n := 2
		for _, e := range t {
			n += 1 + valueSize(e)
		}
		return n
	case string:
		return len(t) + 2
	case []byte:
		return len(t) + 2
	default:
		return scalar
	}
}
