package codec

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// Metadata is what was kept of the metadata of a record.
type Metadata map[string]any

var _ record.Metadata = Metadata(nil)

// MetaGetMut implements record.Metadata.
func (m Metadata) MetaGetMut(key string) (any, bool) {
	v, ok := m[key]
	return v, ok
}

// MetaWalkMut calls fn for each key, in their order, until it fails.
func (m Metadata) MetaWalkMut(fn func(key string, value any) error) error {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if err := fn(key, m[key]); err != nil {
			return err
		}
	}
	return nil
}

// Decode returns the record that Append made the bytes of. Its payload is a part
// of them.
func Decode(data []byte) (record.Record, error) {
	d := decoder{frame.Cursor{Rest: data}}
	var r record.Record
	switch d.byte() {
	case payloadBytes:
		r.Raw = d.Bytes()
		if r.Raw == nil {
			r.Raw = []byte{}
		}
	case payloadValue:
		r.Value = d.value(0)
	default:
		d.Bad = true
	}
	r.Added = int(d.uint(math.MaxInt32))
	ctx := d.coordinates()
	var meta Metadata
	if n := d.Count(); n > 0 {
		meta = make(Metadata, n)
		for range n {
			key := string(d.Bytes())
			meta[key] = d.value(0)
		}
	}
	r.Meta = meta
	if ctx != nil {
		r.Meta = located{meta, ctx}
	}
	if d.Bad || len(d.Rest) > 0 {
		return record.Record{}, fmt.Errorf("%d bytes of the spool: %w", len(data), ErrCorrupt)
	}
	return r, nil
}

// bare is how many bytes AppendRest appends to a record that nothing came with.
const bare = 3

// Hint is what DecodeBare needs to know of a record and of what AppendRest has
// appended to it; 0 when it is for Decode.
func Hint(r *record.Record, rest []byte) uint32 {
	if r.Structured() || r.Added > 0 || len(rest) != bare || len(r.Raw) > math.MaxUint32 {
		return 0
	}
	return uint32(len(r.Raw))
}

// DecodeBare is Decode without a look at the bytes.
func DecodeBare(data []byte, hint uint32) record.Record {
	end := len(data) - bare
	return record.Record{Raw: data[end-int(hint) : end : end], Meta: Metadata(nil)}
}

// located is the metadata of a record whose place in Kafka was noted, which is in
// the context as it was in that of the message.
type located struct {
	Metadata

	ctx context.Context //nolint:containedctx // it holds the coordinates
}

// Context is what [source.Noted] asks for.
func (l located) Context() context.Context { return l.ctx }

// coordinates returns a context with the place in Kafka, nil for none.
func (d *decoder) coordinates() context.Context {
	if d.byte() == 0 {
		return nil
	}
	at := source.Coordinates{Topic: string(d.Bytes())}
	at.Partition = int32(d.int(math.MinInt32, math.MaxInt32))
	at.Offset = d.Int()
	return source.WithCoordinates(context.Background(), at)
}

// decoder reads values, too.
type decoder struct{ frame.Cursor }

func (d *decoder) byte() byte {
	if len(d.Rest) == 0 {
		d.Fail()
		return 0
	}
	b := d.Rest[0]
	d.Rest = d.Rest[1:]
	return b
}

func (d *decoder) uint(most uint64) uint64 {
	v := d.Uint()
	if v > most {
		d.Fail()
		return 0
	}
	return v
}

func (d *decoder) int(least, most int64) int64 {
	v := d.Int()
	if v < least || v > most {
		d.Fail()
		return 0
	}
	return v
}

func (d *decoder) value(depth int) any {
	if depth > maxDepth {
		d.Fail()
		return nil
	}
	switch kind := d.byte(); kind {
	case typeNil:
		return nil
	case typeFalse, typeTrue:
		return kind == typeTrue
	case typeString:
		return string(d.Bytes())
	case typeBytes:
		return d.Bytes()
	case typeNumber:
		return json.Number(d.Bytes())
	case typeTime:
		var t time.Time
		if t.UnmarshalBinary(d.Bytes()) != nil {
			d.Fail()
		}
		return t
	case typeList:
		list := []any{}
		for range d.Count() {
			if list = append(list, d.value(depth+1)); d.Bad {
				return nil
			}
		}
		return list
	case typeMap:
		return d.object(depth)
	default:
		return d.scalar(kind)
	}
}

func (d *decoder) object(depth int) any {
	m := map[string]any{}
	for range d.Count() {
		key := string(d.Bytes())
		if m[key] = d.value(depth + 1); d.Bad {
			return nil
		}
	}
	return m
}

func (d *decoder) scalar(kind byte) any {
	switch kind {
	case typeInt:
		return int(d.int(math.MinInt, math.MaxInt))
	case typeInt8:
		return int8(d.int(math.MinInt8, math.MaxInt8))
	case typeInt16:
		return int16(d.int(math.MinInt16, math.MaxInt16))
	case typeInt32:
		return int32(d.int(math.MinInt32, math.MaxInt32))
	case typeInt64:
		return d.int(math.MinInt64, math.MaxInt64)
	case typeUint:
		return uint(d.uint(math.MaxUint))
	case typeUint8:
		return uint8(d.uint(math.MaxUint8))
	case typeUint16:
		return uint16(d.uint(math.MaxUint16))
	case typeUint32:
		return uint32(d.uint(math.MaxUint32))
	case typeUint64:
		return d.uint(math.MaxUint64)
	case typeFloat32:
		return math.Float32frombits(uint32(d.uint(math.MaxUint32)))
	case typeFloat64:
		return math.Float64frombits(d.uint(math.MaxUint64))
	}
	d.Fail()
	return nil
}
