package spooled

import (
	"errors"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/testutil/parceltest"
)

// at is a message from Kafka.
func at(offset any, millis int64, text string) *service.Message {
	m := service.NewMessage([]byte(text))
	m.MetaSetMut("kafka_topic", "t")
	m.MetaSetMut("kafka_partition", 3)
	if s, is := offset.(string); is {
		m.MetaSetMut("kafka_partition", "3")
		offset = s
	}
	m.MetaSetMut("kafka_offset", offset)
	m.MetaSetMut("kafka_timestamp_ms", millis)
	m.MetaSetMut("kafka_lag", millis) // what differs from delivery to delivery
	return m
}

// bad is a message from Kafka that cannot be kept.
func bad(offset int64) *service.Message {
	m := at(offset, 1000, "")
	m.SetStructuredMut(map[string]any{"p": struct{}{}})
	return m
}

// total is the number of records in the spool of a way that is closed.
func total(t *testing.T, w *Way) int {
	t.Helper()
	n := 0
	for _, records := range waiting(t, w) {
		n += records
	}
	return n
}

func TestWhatAnEarlierProcessHasWrittenIsNotWrittenAgain(t *testing.T) {
	path := t.TempDir()
	const text = `{"p":"a"}`
	life := func(batches ...service.MessageBatch) int {
		w, _ := newWay(t, path)
		require.NoError(t, w.Connect(t.Context()))
		for _, b := range batches {
			require.NoError(t, write(t, w, b))
		}
		require.NoError(t, w.Close(t.Context()))
		return total(t, w)
	}
	first := service.MessageBatch{at(int64(1), 1000, text), at(int64(1), 1000, text), at(int64(2), 1000, text), bad(3)}
	assert.Equal(t, 4, life(first), "parts of a message may be the same")
	assert.Equal(t, 4, life(first[:3], first[3:]), "in other batches, too")
	assert.Equal(t, 5, life(first, first[:1]), "more often than it was written")
	assert.Equal(t, 6, life(service.MessageBatch{at(int64(2), 2000, text)}), "a topic that was made anew")
	assert.Equal(t, 7, life(service.MessageBatch{at(int64(2), 1000, `{"p":"a","more":1}`)}), "another payload")
	elsewhere := at(int64(2), 1000, text)
	elsewhere.MetaSetMut("q", "b")
	assert.Equal(t, 8, life(service.MessageBatch{elsewhere}), "another partition")
	without := parceltest.Batch(text)
	assert.Equal(t, 9, life(without))
	assert.Equal(t, 10, life(without), "without coordinates nothing is known")
	seconds := func(unix int64) service.MessageBatch {
		m := at(int64(8), 0, text)
		m.MetaDelete("kafka_timestamp_ms")
		m.MetaSetMut("kafka_timestamp_unix", unix)
		return service.MessageBatch{m}
	}
	assert.Equal(t, 11, life(seconds(1)))
	assert.Equal(t, 11, life(seconds(1)), "an input may tell the time in seconds only")
	assert.Equal(t, 12, life(seconds(2)), "and the topic was made anew")
	claimed := service.MessageBatch{at("7", 1000, text)}
	assert.Equal(t, 13, life(claimed))
	assert.Equal(t, 14, life(claimed), "what clients can send is not believed")
}

// Coordinates in text may be in names, and decide nothing about what is dropped;
// those that nobody believes are not remembered.
func TestWhoseWordIsTakenForWhatIsDropped(t *testing.T) {
	for trust, known := range map[source.Trust][2]bool{
		source.KafkaInputs: {true, false}, source.AnyMetadata: {true, false}, source.Nobody: {false, false},
	} {
		w, _ := newWay(t, t.TempDir())
		w.Conf.Trust = trust
		require.NoError(t, w.Connect(t.Context()))
		k := w.opened.Load()
		for i, m := range []*service.Message{at(int64(1), 1000, "{}"), at("1", 1000, "{}")} {
			var rec record.Record
			err := w.Conf.Read(m, &rec)
			require.NoError(t, err)
			_, ok := w.delivery(k).mark(&rec, rec.Raw, 0)
			assert.Equal(t, known[i], ok, "%d: %d", trust, i)
		}
		require.NoError(t, w.Close(t.Context()))
	}
}

// Of a batch of our own input a message counts only where its metadata says which
// record it is: without that it may be any of the batch.
func TestAMessageThatMayBeAnyOfItsBatchIsNotKnown(t *testing.T) {
	w, _ := newWay(t, t.TempDir())
	require.NoError(t, w.Connect(t.Context()))
	of := source.NewBatch(t.Context(), "t", 3, 1, 9)
	bare := service.NewMessage([]byte("{}"))
	beyond := at(int64(10), 1000, "{}")
	for i, m := range []*service.Message{at(int64(2), 1000, "{}"), bare, beyond} {
		var rec record.Record
		err := w.Conf.Read(m.WithContext(of.At(1)), &rec)
		require.NoError(t, err)
		mark, ok := w.delivery(w.opened.Load()).mark(&rec, rec.Raw, 0)
		assert.Equal(t, i == 0, ok, "%d: %v", i, mark)
	}
	w.Conf.Trust = source.Nobody
	var rec record.Record
	err := w.Conf.Read(at(int64(2), 1000, "{}").WithContext(of.At(1)), &rec)
	require.NoError(t, err)
	_, ok := w.delivery(w.opened.Load()).mark(&rec, rec.Raw, 0)
	assert.False(t, ok)
	require.NoError(t, w.Close(t.Context()))
}

// A batch that is not acknowledged comes once more.
func TestWhatIsKnownIsKnownOnceMoreAfterAFailure(t *testing.T) {
	path := t.TempDir()
	w, _ := newWay(t, path)
	require.NoError(t, w.Connect(t.Context()))
	b := service.MessageBatch{at(int64(1), 1000, `{"p":"a"}`)}
	require.NoError(t, write(t, w, b))
	require.NoError(t, w.Close(t.Context()))

	w, _ = newWay(t, path)
	require.NoError(t, w.Connect(t.Context()))
	k := w.opened.Load()
	counted := 0
	for _, c := range []struct {
		err  error
		news int
	}{{errors.New("not synced"), 0}, {nil, 0}, {nil, 1}} {
		d := w.delivery(k)
		buf := []byte{}
		assert.Len(t, w.encode(k, b, &inflight.Leases{}, &buf, d), c.news)
		d.settle(c.err, func(n int) { counted += n })
	}
	assert.Equal(t, 1, counted)
	require.NoError(t, w.Close(t.Context()))
}
