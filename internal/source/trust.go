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

// WithCoordinates returns a context for a message that an input of this
// project has read at that place. No client and no processor can put it there.
func WithCoordinates(ctx context.Context, c Coordinates) context.Context {
	marked.Store(true)
	return &located{ctx, c}
}

// located is a context with coordinates, as small as one can be: there is one
// for each record.
type located struct {
	context.Context //nolint:containedctx // it is a context

	coordinates Coordinates
}

// Value implements context.Context.
func (l *located) Value(key any) any {
	if key == (contextKey{}) {
		return l
	}
	return l.Context.Value(key)
}

// FromContext returns what [WithCoordinates] has put into a context.
func FromContext(ctx context.Context) (Coordinates, bool) {
	l, ok := ctx.Value(contextKey{}).(*located)
	if !ok {
		return Coordinates{}, false
	}
	return l.coordinates, true
}

// Noted returns the coordinates that an input of this project has put into the
// context of a message.
func Noted(meta record.Metadata) (Coordinates, bool) {
	if !marked.Load() {
		return Coordinates{}, false
	}
	m, ok := meta.(interface{ Context() context.Context })
	if !ok {
		return Coordinates{}, false
	}
	return FromContext(m.Context())
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
