package parcel

import (
	"context"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/record"
)

// lines is a parcel of records.
type lines struct {
	texts  []string
	intact bool
	made   int // how often messages were made of it
}

func (l *lines) Take(*service.Message) bool { return l.intact }
func (l *lines) Len() int                   { return len(l.texts) }
func (l *lines) Offset(i int) int64         { return int64(i) }

func (l *lines) Record(i int) record.Record {
	m := service.NewMessage([]byte(l.texts[i]))
	m.MetaSetMut("text", l.texts[i])
	return record.Record{Raw: []byte(l.texts[i]), Meta: m}
}

func (l *lines) Messages() (batch service.MessageBatch) {
	l.made++
	for _, text := range l.texts {
		batch = append(batch, service.NewMessage([]byte(text)))
	}
	return batch
}

// carried is the message that something comes with.
func carried(ctx context.Context, what any) *service.Message {
	return service.NewMessageWithContext(inflight.WithParcel(ctx, what), []byte("a parcel"))
}

func TestTheMessagesOfAParcelAreMadeWhenTheyAreAskedFor(t *testing.T) {
	l := &lines{texts: []string{"a", "b"}, intact: true}
	b, err := Open(service.MessageBatch{carried(t.Context(), l)})
	require.NoError(t, err)
	require.Same(t, l, b.Parcel)
	require.Equal(t, 2, b.Len())
	text, _ := record.Lookup(b.Meta(1), "text")
	require.Equal(t, "b", text)
	require.Zero(t, l.made)
	require.Len(t, b.Messages(), 2)
	require.Len(t, b.Messages(), 2)
	require.Equal(t, 1, l.made, "once")
	b.Forget()
	require.Len(t, b.Messages(), 2)
	require.Equal(t, 2, l.made, "and again when they were let go")
}

func TestMessagesWithoutAParcelAreTheRecords(t *testing.T) {
	m := service.NewMessage([]byte("a"))
	m.MetaSetMut("k", "v")
	b, err := Open(service.MessageBatch{m})
	require.NoError(t, err)
	require.Nil(t, b.Parcel)
	require.Equal(t, 1, b.Len())
	require.Same(t, m, b.Messages()[0])
	value, _ := record.Lookup(b.Meta(0), "k")
	require.Equal(t, "v", value)
}

func TestAParcelThatWasChangedOrMergedIsNotOpened(t *testing.T) {
	whole := func() *service.Message { return carried(t.Context(), &lines{texts: []string{"a"}, intact: true}) }
	for name, batch := range map[string]service.MessageBatch{
		"changed": {carried(t.Context(), &lines{texts: []string{"a"}})},
		"unknown": {carried(t.Context(), "a string")},
		"merged":  {whole(), whole()},
		"among":   {service.NewMessage([]byte("a")), whole()},
	} {
		_, err := Open(batch)
		require.ErrorIs(t, err, errChanged, name)
	}
}
