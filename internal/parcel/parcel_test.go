package parcel

import (
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/parceltest"
)

func TestTheMessagesOfAParcelAreMadeWhenTheyAreAskedFor(t *testing.T) {
	l := &parceltest.Lines{Texts: []string{"a", "b"}}
	b, err := Open(service.MessageBatch{parceltest.Carried(t.Context(), l)})
	require.NoError(t, err)
	require.Same(t, l, b.Parcel)
	require.Equal(t, 2, b.Len())
	text, _ := record.Lookup(b.Meta(1), "text")
	require.Equal(t, "b", text)
	require.Zero(t, l.Made)
	require.Len(t, b.Messages(), 2)
	require.Len(t, b.Messages(), 2)
	require.Equal(t, 1, l.Made, "once")
	b.Forget()
	require.Len(t, b.Messages(), 2)
	require.Equal(t, 2, l.Made, "and again when they were let go")
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
	whole := func() *service.Message {
		return parceltest.Carried(t.Context(), &parceltest.Lines{Texts: []string{"a"}})
	}
	for name, batch := range map[string]service.MessageBatch{
		"changed": {parceltest.Carried(t.Context(), &parceltest.Lines{Texts: []string{"a"}, Changed: true})},
		"unknown": {parceltest.Carried(t.Context(), "a string")},
		"merged":  {whole(), whole()},
		"among":   {service.NewMessage([]byte("a")), whole()},
	} {
		_, err := Open(batch)
		require.ErrorIs(t, err, errChanged, name)
	}
}
