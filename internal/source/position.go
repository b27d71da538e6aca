package source

import (
	"context"
	"hash/maphash"

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
	return &positioned{ctx, p, maphash.Bytes(seed, payload)}
}

var seed = maphash.MakeSeed()

// positioned is a context with a position: there is one for each record.
type positioned struct {
	context.Context //nolint:containedctx // it is a context

	position Position
	sum      uint64 // of the payload
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
	if err != nil || maphash.Bytes(seed, payload) != p.sum {
		return Position{}, false
	}
	return p.position, true
}
