package source

import (
	"context"
	"unsafe"

	"github.com/s3-destination/s3-destination/internal/record"
)

// Names of a position in dead letters. Where letters are replayed it comes back
// as metadata.
const (
	MetaLine = "source_line"
	MetaByte = "source_byte"
	// MetaError says what is wrong with a record that could not be read.
	MetaError = "source_error"
)

// Position is the place of a record in a file or stream: the line on which it
// begins, from 1 on, and the bytes before it.
type Position struct{ Line, Byte int64 }

type positionKey struct{}

// WithPosition returns a context for a message with that payload, which was read at
// that place. It is not in the metadata, where it would take more memory than the
// record has beside its payload.
func WithPosition(ctx context.Context, p Position, payload []byte) context.Context {
	return new(Positions).With(ctx, p, payload)
}

// Positions are the contexts of messages that are made together: they share their
// memory, so that one that is held holds all.
type Positions struct{ unused []positioned }

// Reserve makes room for so many contexts. Those behind have memory of their own.
func (p *Positions) Reserve(n int) { p.unused = make([]positioned, n) }

// With is WithPosition in that room.
func (p *Positions) With(ctx context.Context, at Position, payload []byte) context.Context {
	if len(p.unused) == 0 {
		p.Reserve(1)
	}
	c := &p.unused[0]
	p.unused = p.unused[1:]
	*c = positioned{ctx, at, unsafe.String(unsafe.SliceData(payload), len(payload))} //nolint:gosec // the payload of a message does not change
	return c
}

// positioned is a context with a position: there is one for each record.
type positioned struct {
	context.Context //nolint:containedctx // it is a context

	position Position
	payload  string
}

// Value implements context.Context.
func (p *positioned) Value(key any) any {
	if key == (positionKey{}) {
		return p
	}
	return p.Context.Value(key)
}

// others are metadata of records that come from elsewhere, although a file is
// what they were read from now: replayed dead letters.
var others = [...]string{MetaLine, record.KafkaTopic, "http_server_request_path"}

// PositionOf returns the place at which a record was read, unless its metadata says
// that it comes from elsewhere. It is not known of a record that a processor has
// changed: Benthos gives the messages that a processor of batches leaves the contexts
// of the first ones.
func PositionOf(meta record.Metadata) (Position, bool) {
	m, ok := meta.(interface {
		Context() context.Context
		AsBytes() ([]byte, error)
	})
	if !ok {
		return Position{}, false
	}
	for _, key := range others {
		if _, there := record.Lookup(meta, key); there {
			return Position{}, false
		}
	}
	p, ok := m.Context().Value(positionKey{}).(*positioned)
	if !ok {
		return Position{}, false
	}
	payload, err := m.AsBytes()
	if err != nil || string(payload) != p.payload {
		return Position{}, false
	}
	return p.position, true
}
