package direct

import (
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/parceltest"
)

// carried is the batch that a parcel comes as.
func carried(t *testing.T, l *parceltest.Lines) service.MessageBatch {
	t.Helper()
	return service.MessageBatch{parceltest.Carried(t.Context(), l)}
}

func TestTheRecordsOfAParcelAreStoredWithoutMessages(t *testing.T) {
	b := &bucket{}
	w, _ := newWay(t, b)
	require.NoError(t, w.Connect(t.Context()))
	w.Drain()
	l := &parceltest.Lines{Texts: []string{`{"p":1}`, `{"p":2}`, `{"p":1,"q":2}`}}
	require.NoError(t, write(t, w, carried(t, l)))
	require.ElementsMatch(t, l.Texts, b.stored)
	require.Zero(t, l.Made)
	require.NoError(t, w.Close(t.Context()))
}

func TestBloblangReadsTheMessagesOfAParcel(t *testing.T) {
	b := &bucket{}
	w, _ := newWayOf(t, b, `${! json("p").uppercase() }`)
	require.NoError(t, w.Connect(t.Context()))
	w.Drain()
	l := &parceltest.Lines{Texts: []string{`{"p":"a"}`, `{"p":"b"}`}}
	require.NoError(t, write(t, w, carried(t, l)))
	require.ElementsMatch(t, l.Texts, b.stored)
	require.Equal(t, 1, l.Made)
	require.NoError(t, w.Close(t.Context()))
}

func TestWhatFailedOfAParcelIsNamedByItsMessages(t *testing.T) {
	b := &bucket{}
	w, _ := newWay(t, b)
	require.NoError(t, w.Connect(t.Context()))
	w.Drain()
	l := &parceltest.Lines{Texts: []string{`{"p":1}`, `{"p":"bad"}`, `{`}}
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
	require.Equal(t, l.Texts[1:], which)
	require.Equal(t, l.Texts[:1], b.stored)
	require.NoError(t, w.Close(t.Context()))
}
