// Package parceltest makes batches for tests: messages of texts, and a parcel of
// texts.
package parceltest

import (
	"context"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Batch is messages with these texts.
func Batch(texts ...string) (all service.MessageBatch) {
	for _, text := range texts {
		all = append(all, service.NewMessage([]byte(text)))
	}
	return all
}

// Lines is a parcel of texts. It is not safe for concurrent use.
type Lines struct {
	Texts []string
	// Changed says that the message is not the one that the input has made.
	Changed bool
	// Made counts how often messages were made of it.
	Made int
}

// Take reports whether nobody has changed the message.
func (l *Lines) Take(*service.Message) bool { return !l.Changed }

// Len is the number of texts.
func (l *Lines) Len() int { return len(l.Texts) }

// Offset is the place of a text.
func (l *Lines) Offset(i int) int64 { return int64(i) }

// Record is a text, with itself as the metadata "text".
func (l *Lines) Record(i int) record.Record {
	m := service.NewMessage(nil)
	m.MetaSetMut("text", l.Texts[i])
	return record.Record{Raw: []byte(l.Texts[i]), Meta: m}
}

// Messages are those of the texts.
func (l *Lines) Messages() service.MessageBatch {
	l.Made++
	return Batch(l.Texts...)
}

// Carried is the message that a parcel, or what is said to be one, comes as.
func Carried(ctx context.Context, parcel any) *service.Message {
	return service.NewMessageWithContext(inflight.WithParcel(ctx, parcel), []byte("a parcel"))
}
