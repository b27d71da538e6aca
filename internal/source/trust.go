package source

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/record"
)

// Trust says whose word about where a record came from is taken. What it
// accepts decides names and metadata of objects, and any client of an HTTP
// input can send metadata of any name: its values are always text, while the
// Kafka inputs store partition and offset as numbers.
type Trust uint8

const (
	// AnyMetadata takes coordinates from metadata, also where they are text.
	AnyMetadata Trust = iota
	// KafkaInputs takes coordinates from the context of the message, where
	// [WithCoordinates] has put them, or from metadata whose partition and
	// offset are numbers.
	KafkaInputs
	// Nobody takes no coordinates at all.
	Nobody
)

// Coordinates are the place of a record in Kafka.
type Coordinates struct {
	Topic     string
	Partition int32
	Offset    int64
}

type contextKey struct{}

// marked is set once any context of this process has coordinates: until then
// no record is asked for them.
var marked atomic.Bool

// Batch are the contexts of the records of one Kafka partition that an input of
// this project hands out together. No client and no processor can put them there.
//
// A context does not stay with its message: Benthos gives the messages that a
// processor of batches returns the contexts of those that it got, by their index, so
// that behind a mapping which drops some the others have contexts of their
// neighbours. What all of a batch have in common is right all the same. Which of its
// records a message is of, its metadata says.
type Batch struct {
	ctx         context.Context //nolint:containedctx // that of all its messages
	topic       string
	partition   int32
	first, last int64
}

// NewBatch is a batch of the records of a partition from one offset to another.
func NewBatch(ctx context.Context, topic string, partition int32, first, last int64) *Batch {
	marked.Store(true)
	return &Batch{ctx, topic, partition, first, last}
}

// At returns the context for the message of a record.
func (b *Batch) At(offset int64) context.Context { return &located{b.ctx, b, offset} }

// WithCoordinates returns a context for a message of a batch of its own.
func WithCoordinates(ctx context.Context, c Coordinates) context.Context {
	return NewBatch(ctx, c.Topic, c.Partition, c.Offset, c.Offset).At(c.Offset)
}

// located is a context with coordinates, as small as one can be: there is one
// for each record.
type located struct {
	context.Context //nolint:containedctx // it is a context

	batch  *Batch
	offset int64
}

// Value implements context.Context.
func (l *located) Value(key any) any {
	if key == (contextKey{}) {
		return l
	}
	return l.Context.Value(key)
}

// original is metadata that nobody can have changed since an input of this project
// has made it: it needs neither a context nor a look at what it says.
type original interface {
	// Origin is the batch of the record, and its offset.
	Origin() (of *Batch, offset int64)
}

func originOf(meta record.Metadata) (Coordinates, bool) {
	o, ok := meta.(original)
	if !ok {
		return Coordinates{}, false
	}
	of, offset := o.Origin()
	return Coordinates{of.topic, of.partition, offset}, true
}

// Noted returns the coordinates that an input of this project has put into the
// context of a message. The offset is that of its metadata, as long as no processor
// has put another one there that its batch cannot have.
func Noted(meta record.Metadata) (Coordinates, bool) {
	if c, ok := originOf(meta); ok {
		return c, true
	}
	l, ok := locate(meta)
	if !ok {
		return Coordinates{}, false
	}
	offset := l.offset
	if l.batch.first != l.batch.last {
		if n, ok := l.batch.told(meta); ok {
			offset = n
		}
	}
	return Coordinates{l.batch.topic, l.batch.partition, offset}, true
}

// Certain is [Noted] for those who must not take a message for that of another
// record: it reports false where the metadata does not say which one it is.
func Certain(meta record.Metadata) (Coordinates, bool) {
	if c, ok := originOf(meta); ok {
		return c, true
	}
	l, ok := locate(meta)
	if !ok {
		return Coordinates{}, false
	}
	topic, _ := record.Lookup(meta, record.KafkaTopic)
	partition, also := KafkaInputs.integer(meta, record.KafkaPartition)
	offset, within := l.batch.told(meta)
	if topic != l.batch.topic || !also || partition != int64(l.batch.partition) || !within {
		return Coordinates{}, false
	}
	return Coordinates{l.batch.topic, l.batch.partition, offset}, true
}

func locate(meta record.Metadata) (*located, bool) {
	if !marked.Load() {
		return nil, false
	}
	m, ok := meta.(interface{ Context() context.Context })
	if !ok {
		return nil, false
	}
	l, ok := m.Context().Value(contextKey{}).(*located)
	return l, ok
}

// told is the offset that metadata has, if the batch can have it.
func (b *Batch) told(meta record.Metadata) (int64, bool) {
	n, ok := KafkaInputs.integer(meta, record.KafkaOffset)
	return n, ok && n >= b.first && n <= b.last
}

// trusts are the values of the setting.
var trusts = [...]string{KafkaInputs: "auto", AnyMetadata: "metadata", Nobody: "off"}

// ParseTrust returns the Trust of a configured value: auto, metadata or off.
func ParseTrust(value string) (Trust, error) {
	for t, name := range trusts {
		if name == value {
			return Trust(t), nil
		}
	}
	return Nobody, fmt.Errorf("%q is unknown: write %s, %s or %s",
		value, trusts[KafkaInputs], trusts[AnyMetadata], trusts[Nobody])
}

// coordinates returns where a record came from, as far as that is believed.
func (t Trust) coordinates(meta record.Metadata) (p partition, offset int64, ok bool) {
	if meta == nil || t == Nobody {
		return p, 0, false
	}
	if c, ok := Noted(meta); ok {
		return partition{topic: c.Topic, number: int64(c.Partition)}, c.Offset, true
	}
	topic, ok := record.Lookup(meta, record.KafkaTopic)
	if !ok {
		return p, 0, false
	}
	if p.topic, ok = record.Text(topic); !ok {
		return p, 0, false
	}
	if p.number, ok = t.integer(meta, record.KafkaPartition); !ok {
		return p, 0, false
	}
	offset, ok = t.integer(meta, record.KafkaOffset)
	return p, offset, ok
}

// At is the place of a record in Kafka, as far as that is believed.
func (t Trust) At(meta record.Metadata) (topic string, partition, offset int64, ok bool) {
	p, offset, ok := t.coordinates(meta)
	return p.topic, p.number, offset, ok
}

// Surely is At for those who must not take a record for another one: of records that
// an input of this project has read it reports false where [Certain] does.
func (t Trust) Surely(meta record.Metadata) (topic string, partition, offset int64, ok bool) {
	if _, noted := Noted(meta); !noted || t == Nobody {
		return t.At(meta)
	}
	c, ok := Certain(meta)
	return c.Topic, int64(c.Partition), c.Offset, ok
}

// Place is the place of a record in Kafka as text, as far as that is believed.
func (t Trust) Place(meta record.Metadata) (place string, ok bool) {
	p, offset, ok := t.coordinates(meta)
	if !ok {
		return "", false
	}
	return fmt.Sprintf("%s/%d/%d", p.topic, p.number, offset), true
}

// FromKafka reports whether a Kafka input has read the record.
func FromKafka(meta record.Metadata) bool { return KafkaInputs.believes(meta) }

// believes reports whether the metadata of a record may fill columns. The type
// of the offset is enough to tell text that a client has sent.
func (t Trust) believes(meta record.Metadata) bool {
	switch {
	case meta == nil || t == Nobody:
		return false
	case t == AnyMetadata:
		return true
	}
	if _, ok := originOf(meta); ok {
		return true
	}
	if _, ok := t.integer(meta, record.KafkaOffset); ok {
		return true
	}
	_, ok := Noted(meta)
	return ok
}

// integer reads a number, which may be text where any metadata is trusted.
func (t Trust) integer(meta record.Metadata, key string) (int64, bool) {
	v, ok := record.Lookup(meta, key)
	if !ok {
		return 0, false
	}
	switch v.(type) {
	case string, []byte:
		if t != AnyMetadata {
			return 0, false
		}
	}
	return record.Integer(v)
}
