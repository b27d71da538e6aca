// Package codec makes bytes of records, and the same records of these bytes. A
// payload that is bytes stays as it is; a parsed value comes back with the types
// that it had, so that it is encoded into an object as if it had never been on
// disk. Of the metadata only what is asked for is kept.
package codec

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// Codec says what is kept of a record. It is safe for concurrent use.
type Codec struct {
	// Keys of the metadata that are kept, each once and fewer than 128; All keeps
	// the others, too.
	Keys []string
	All  bool
}

// The types of values, by their first byte. Their numbers are on disk.
const (
	typeNil byte = iota
	typeFalse
	typeTrue
	typeString
	typeBytes
	typeNumber // json.Number
	typeInt
	typeInt8
	typeInt16
	typeInt32
	typeInt64
	typeUint
	typeUint8
	typeUint16
	typeUint32
	typeUint64
	typeFloat32
	typeFloat64
	typeTime
	typeList
	typeMap
)

// The first byte of a record.
const (
	payloadBytes byte = iota
	payloadValue
)

// maxDepth is how deep lists and maps may be nested, so that no bytes on disk
// exhaust the stack.
const maxDepth = 10_000

var (
	// ErrType says that a value has a type that parsed records do not have.
	ErrType = errors.New("its type cannot be kept on disk")
	// ErrCorrupt says that bytes are not a record.
	ErrCorrupt = errors.New("not a record")
	errDepth   = errors.New("nested too deep")
)

// Append appends a record. It fails when a parsed value has a type of which no
// processor makes one; metadata of such a type is left out.
func (c *Codec) Append(dst []byte, r *record.Record) ([]byte, error) {
	dst, err := AppendPayload(dst, r)
	if err != nil {
		return nil, err
	}
	return c.AppendRest(dst, r), nil
}

// AppendPayload appends what the record says, and nothing of what came with it:
// equal payloads have equal bytes.
func AppendPayload(dst []byte, r *record.Record) ([]byte, error) {
	if !r.Structured() {
		return frame.AppendBytes(append(dst, payloadBytes), r.Raw), nil
	}
	dst, err := appendValue(append(dst, payloadValue), r.Value, 0)
	if err != nil {
		return nil, fmt.Errorf("keeping a parsed record: %w", err)
	}
	return dst, nil
}

// AppendRest appends what came with a record behind its payload.
func (c *Codec) AppendRest(dst []byte, r *record.Record) []byte {
	dst = binary.AppendUvarint(dst, uint64(max(r.Added, 0)))
	dst = appendCoordinates(dst, r.Meta)
	switch {
	case r.Meta == nil:
		return append(dst, 0)
	case c.All:
		return c.appendAll(dst, r.Meta)
	}
	return c.appendKeys(dst, r.Meta)
}

// Alone reports whether nothing came with a record that could be kept.
func Alone(meta record.Metadata) bool {
	if meta == nil {
		return true
	}
	_, noted := source.Noted(meta)
	return !noted && none(meta)
}

// AppendAlone is AppendRest for records that are alone.
func AppendAlone(dst []byte, r *record.Record) []byte {
	return append(binary.AppendUvarint(dst, uint64(max(r.Added, 0))), 0, 0)
}

// appendCoordinates appends the place in Kafka that an input of ours has noted.
func appendCoordinates(dst []byte, meta record.Metadata) []byte {
	at, ok := source.Noted(meta)
	if !ok {
		return append(dst, 0)
	}
	dst = frame.AppendBytes(append(dst, 1), at.Topic)
	dst = binary.AppendVarint(dst, int64(at.Partition))
	return binary.AppendVarint(dst, at.Offset)
}

// appendKeys appends the metadata that is asked for by name.
func (c *Codec) appendKeys(dst []byte, meta record.Metadata) []byte {
	count := len(dst)
	dst = append(dst, 0)
	for _, key := range c.Keys {
		v, ok := meta.MetaGetMut(key)
		if !ok {
			continue
		}
		if with, kept := appendMember(dst, key, v); kept {
			dst = with
			dst[count]++
		}
	}
	return dst
}

// errSome ends a walk through metadata.
var errSome = errors.New("there is some")

// none reports whether there is no metadata at all, as far as it tells.
func none(meta record.Metadata) bool {
	w, walks := meta.(walker)
	return walks && w.MetaWalkMut(func(string, any) error { return errSome }) == nil
}

// walker is metadata that tells all that it has.
type walker interface {
	MetaWalkMut(fn func(key string, value any) error) error
}

// appendAll appends all metadata.
func (c *Codec) appendAll(dst []byte, meta record.Metadata) []byte {
	all, walks := meta.(walker)
	if !walks {
		return c.appendKeys(dst, meta)
	}
	kept := map[string]any{}
	_ = all.MetaWalkMut(func(key string, value any) error {
		kept[key] = value
		return nil
	})
	var members []byte
	n := uint64(0)
	for _, key := range slices.Sorted(maps.Keys(kept)) {
		if with, ok := appendMember(members, key, kept[key]); ok {
			members = with
			n++
		}
	}
	return append(binary.AppendUvarint(dst, n), members...)
}

// appendMember appends metadata of one name, unless its type cannot be kept.
func appendMember(dst []byte, key string, value any) ([]byte, bool) {
	if key == record.KafkaHeaders {
		if plain, ok := source.PlainHeaders(value); ok {
			value = plain
		}
	}
	with, err := appendValue(frame.AppendBytes(dst, key), value, 0)
	return with, err == nil
}

func appendValue(dst []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	switch t := v.(type) {
	case nil:
		return append(dst, typeNil), nil
	case bool:
		if t {
			return append(dst, typeTrue), nil
		}
		return append(dst, typeFalse), nil
	case string:
		return frame.AppendBytes(append(dst, typeString), t), nil
	case []byte:
		return frame.AppendBytes(append(dst, typeBytes), t), nil
	case json.Number:
		return frame.AppendBytes(append(dst, typeNumber), string(t)), nil
	case time.Time:
		b, err := t.MarshalBinary()
		if err != nil {
			return nil, err
		}
		return frame.AppendBytes(append(dst, typeTime), b), nil
	case []any:
		return appendList(dst, t, depth)
	case map[string]any:
		return appendMap(dst, t, depth)
	}
	return appendScalar(dst, v)
}

func appendScalar(dst []byte, v any) ([]byte, error) {
	signed := func(kind byte, n int64) ([]byte, error) { return binary.AppendVarint(append(dst, kind), n), nil }
	unsigned := func(kind byte, n uint64) ([]byte, error) { return binary.AppendUvarint(append(dst, kind), n), nil }
	switch t := v.(type) {
	case int:
		return signed(typeInt, int64(t))
	case int8:
		return signed(typeInt8, int64(t))
	case int16:
		return signed(typeInt16, int64(t))
	case int32:
		return signed(typeInt32, int64(t))
	case int64:
		return signed(typeInt64, t)
	case uint:
		return unsigned(typeUint, uint64(t))
	case uint8:
		return unsigned(typeUint8, uint64(t))
	case uint16:
		return unsigned(typeUint16, uint64(t))
	case uint32:
		return unsigned(typeUint32, uint64(t))
	case uint64:
		return unsigned(typeUint64, t)
	case float32:
		return unsigned(typeFloat32, uint64(math.Float32bits(t)))
	case float64:
		return unsigned(typeFloat64, math.Float64bits(t))
	}
	return nil, fmt.Errorf("a value of type %T: %w", v, ErrType)
}

func appendList(dst []byte, list []any, depth int) ([]byte, error) {
	dst = binary.AppendUvarint(append(dst, typeList), uint64(len(list)))
	var err error
	for _, e := range list {
		if dst, err = appendValue(dst, e, depth+1); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// appendMap appends a map by its keys in order, so that equal records have equal
// bytes.
func appendMap(dst []byte, m map[string]any, depth int) ([]byte, error) {
	dst = binary.AppendUvarint(append(dst, typeMap), uint64(len(m)))
	var err error
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if dst, err = appendValue(frame.AppendBytes(dst, key), m[key], depth+1); err != nil {
			return nil, err
		}
	}
	return dst, nil
}
