package direct

import (
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
	opened int // how often messages were made of it
}

func (l *lines) Take(*service.Message) bool { return l.intact }
func (l *lines) Len() int                   { return len(l.texts) }
func (l *lines) Offset(i int) int64         { return int64(i) }
func (l *lines) Record(i int) record.Record { return record.Record{Raw: []byte(l.texts[i])} }

func (l *lines) Messages() (batch service.MessageBatch) {
	l.opened++
	for _, text := range l.texts {
		batch = append(batch, service.NewMessage([]byte(text)))
	}
	return batch
}

// carried is the batch that a parcel comes as.
func carried(t *testing.T, l *lines) service.MessageBatch {
	t.Helper()
	return service.MessageBatch{service.NewMessageWithContext(inflight.WithParcel(t.Context(), l), []byte("a parcel"))}
}

func TestTheRecordsOfAParcelAreStoredWithoutMessages(t *testing.T) {
	b := &bucket{}
	w, _ := newWay(t, b)
	require.NoError(t, w.Connect(t.Context()))
	w.Drain()
	l := &lines{texts: []string{`{"p":1}`, `{"p":2}`, `{"p":1,"q":2}`}, intact: true}
	require.NoError(t, write(t, w, carried(t, l)))
	require.ElementsMatch(t, l.texts, b.stored)
	require.Zero(t, l.opened)
	require.NoError(t, w.Close(t.Context()))
}

func TestBloblangReadsTheMessagesOfAParcel(t *testing.T) {
	b := &bucket{}
	w, _ := newWayOf(t, b, `${! json("p").uppercase() }`)
	require.NoError(t, w.Connect(t.Context()))
	w.Drain()
	l := &lines{texts: []string{`{"p":"a"}`, `{"p":"b"}`}, intact: true}
	require.NoError(t, write(t, w, carried(t, l)))
	require.ElementsMatch(t, l.texts, b.stored)
	require.Equal(t, 1, l.opened)
	require.NoError(t, w.Close(t.Context()))
}

func TestWhatFailedOfAParcelIsNamedByItsMessages(t *testing.T) {
	b := &bucket{}
	w, _ := newWay(t, b)
	require.NoError(t, w.Connect(t.Context()))
	w.Drain()
	l := &lines{texts: []string{`{"p":1}`, `{"p":"bad"}`, `{`}, intact: true}
	var failed *service.BatchError
	require.ErrorAs(t, write(t, w, carried(t, l)), &failed)
	var which []string
	failed.WalkMessages(func(_ int, m *service.Message, err error) bool { //nolint:staticcheck // the messages are those of the batch
		if err != nil {
			text, _ := m.AsBytes()
			which = append(which, string(text))
		}
		return true
	})
	require.Equal(t, l.texts[1:], which)
	require.Equal(t, l.texts[:1], b.stored)
	require.NoError(t, w.Close(t.Context()))
}
