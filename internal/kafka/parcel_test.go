package kafka

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/inflight"
	handed "github.com/s3-destination/s3-destination/internal/parcel"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/logs"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

var _ handed.Parcel = (*parcel)(nil)

// wholeInput is an input that hands its batches over as parcels.
func wholeInput(t *testing.T, c *kafkatest.Cluster) (in *Input, said *logs.Buffer) {
	t.Helper()
	inflight.SetStraight(true)
	defer inflight.SetStraight(false)
	said = &logs.Buffer{}
	return logging(t, c, "orders", "", said), said
}

// nextWhole reads a batch of ten records that is a parcel.
func nextWhole(t *testing.T, in *Input) (*parcel, read) {
	t.Helper()
	r := next(within(t, 20*time.Second), t, in)
	require.Len(t, r.batch, 1)
	p, ok := inflight.ParcelOf(r.batch[0].Context()).(*parcel)
	require.True(t, ok)
	require.Equal(t, 10, p.Len())
	require.Equal(t, 10, r.batch.CollapsedCount(), "Benthos counts records")
	return p, r
}

func TestAParcelIsCommittedWhenItsRecordsAreStored(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in, said := wholeInput(t, c)
	p, r := nextWhole(t, in)
	require.True(t, p.Take(r.batch[0]))
	for i := range p.Len() {
		rec := p.Record(i)
		require.Equal(t, fmt.Sprintf("0/%d", i), string(rec.Raw))
		require.EqualValues(t, i, p.Offset(i))
		place, ok := source.Certain(rec.Meta)
		require.True(t, ok)
		require.Equal(t, source.Coordinates{Topic: "orders", Offset: int64(i)}, place)
	}
	ctx := within(t, 20*time.Second)
	require.NoError(t, r.ack(ctx, nil))
	require.NoError(t, in.Close(ctx))
	committed, err := c.Committed(ctx, "g", "orders")
	require.NoError(t, err)
	require.Equal(t, int64(10), committed[0])
	require.NotContains(t, said.String(), "Each record is a message")
}

func TestOfAParcelOnlyWhatFailedComesAgainAsMessages(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in, said := wholeInput(t, c)
	p, r := nextWhole(t, in)
	require.True(t, p.Take(r.batch[0]))
	ctx := within(t, 20*time.Second)
	require.NoError(t, r.ack(ctx, service.NewBatchError(p.Messages(), errors.New("bad")).Failed(3, errors.New("bad"))))
	again := next(ctx, t, in)
	require.Equal(t, []string{"0/3"}, again.values)
	require.NoError(t, again.ack(ctx, nil))
	produce(t, c, "orders", 1, 10, 20)
	_, r = nextWhole(t, in)
	require.NoError(t, r.ack(ctx, nil))
	require.Contains(t, said.String(), "Each record is a message", "nobody took the last")
}

// TestAParcelThatNobodyTookIsNotAcknowledged: whatever stands between input and output
// although the configuration has nothing there.
func TestAParcelThatNobodyTookIsNotAcknowledged(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in, said := wholeInput(t, c)
	_, r := nextWhole(t, in)
	produce(t, c, "orders", 1, 10, 20)
	_, second := nextWhole(t, in)
	ctx := within(t, 20*time.Second)
	require.NoError(t, r.ack(ctx, nil))
	require.NoError(t, second.ack(ctx, errors.New("opened")))
	require.Equal(t, 1, strings.Count(said.String(), "Each record is a message from now on"), "%s", said)
	require.Contains(t, said.String(), errNotTaken.Error())
	again := next(ctx, t, in)
	require.Len(t, again.values, 10, "as messages")
	require.Equal(t, "0/0", again.values[0])
	require.NoError(t, again.ack(ctx, nil))
	again = next(ctx, t, in)
	require.Equal(t, "0/10", again.values[0], "and so is the second")
	require.NoError(t, again.ack(ctx, nil))
	produce(t, c, "orders", 1, 20, 30)
	later := next(ctx, t, in)
	require.Equal(t, "0/20", later.values[0], "and so are those after them")
	require.NoError(t, later.ack(ctx, nil))
}

func TestAChangedParcelIsNotTaken(t *testing.T) {
	d := newPartition(topicPartition{"t", 1}).deliver([]*kgo.Record{{Topic: "t", Partition: 1, Value: []byte("a")}}, 1)
	p, m := d.whole(false)
	for name, change := range map[string]func(m *service.Message){
		"payload":  func(m *service.Message) { m.SetBytes([]byte(string(p.cover))) },
		"parsed":   func(m *service.Message) { m.SetStructured(map[string]any{"a": 1}) },
		"metadata": func(m *service.Message) { m.MetaSetMut("a", 1) },
		"error":    func(m *service.Message) { m.SetError(errors.New("failed")) },
	} {
		changed := m.Copy()
		change(changed)
		require.False(t, p.Take(changed), name)
	}
	require.False(t, p.taken.Load())
	require.True(t, p.Take(m.Copy()))
	require.True(t, p.taken.Load())
}

// TestMetadataOfAParcelIsThatOfMessages compares what records have in a parcel with
// what they would have as messages.
func TestMetadataOfAParcelIsThatOfMessages(t *testing.T) {
	names := append([]string{"a", "b", ""}, ownNames[:]...)
	property.Check(t, func(t *rapid.T) {
		header := rapid.Custom(func(t *rapid.T) kgo.RecordHeader {
			return kgo.RecordHeader{Key: rapid.SampledFrom(names).Draw(t, "name"), Value: rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "value")}
		})
		offset := rapid.Int64Range(0, 1<<40).Draw(t, "offset")
		r := &kgo.Record{
			Topic: "t", Partition: 7, Offset: offset, Timestamp: time.UnixMilli(rapid.Int64Range(-1, 1<<42).Draw(t, "at")),
			Key:   rapid.SliceOfN(rapid.Byte(), -1, 3).Draw(t, "key"),
			Value: rapid.SampledFrom([][]byte{nil, {}, []byte("{}")}).Draw(t, "payload"), Headers: rapid.SliceOfN(header, 0, 4).Draw(t, "headers"),
		}
		d := newPartition(topicPartition{"t", 7}).deliver([]*kgo.Record{r}, 1)
		d.highWater = offset + rapid.Int64Range(-5, 5).Draw(t, "ahead")
		multi := rapid.Bool().Draw(t, "multi")
		p, _ := d.whole(multi)
		meta, m := p.Record(0).Meta, p.Messages()[0]
		want, got := map[string]any{}, map[string]any{}
		into := func(all map[string]any) func(string, any) error {
			return func(name string, value any) error {
				all[name] = value
				return nil
			}
		}
		require.NoError(t, m.MetaWalkMut(into(want)))
		require.NoError(t, meta.(*metadata).MetaWalkMut(into(got)))
		require.Equal(t, want, got)
		for _, name := range append(names, "none") {
			value, ok := m.MetaGetMut(name)
			same, also := meta.MetaGetMut(name)
			require.Equal(t, ok, also, name)
			require.Equal(t, value, same, name)
		}
		coordinates, ok := source.Certain(m)
		same, also := source.Certain(meta)
		require.Equal(t, ok, also)
		require.Equal(t, coordinates, same)
		key, _ := record.Lookup(meta, record.KafkaKey)
		require.Equal(t, string(r.Key), key)
	})
}

// TestSourceColumnsOfAParcelTakeFewAllocations: fewer than messages with all columns.
func TestSourceColumnsOfAParcelTakeFewAllocations(t *testing.T) {
	columns, err := source.NewColumns([]string{source.All}, source.DefaultPrefix)
	require.NoError(t, err)
	r := &kgo.Record{Topic: "t", Partition: 7, Offset: 1 << 40, Key: []byte("key"), Value: []byte("{}"), Timestamp: time.UnixMilli(1750000000123)}
	for _, name := range []string{"a", "b", "c"} {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte("value")})
	}
	d := newPartition(topicPartition{"t", 7}).deliver([]*kgo.Record{r}, 1)
	reader := columns.NewReader()
	look := func(meta record.Metadata) {
		columns.Size(meta)
		reader.Read(meta)
		source.Noted(meta)
	}
	p, _ := d.whole(false)
	parcels := testing.AllocsPerRun(100, func() { look(p.Record(0).Meta) })
	messages := testing.AllocsPerRun(100, func() { look(p.Messages()[0]) })
	t.Logf("%v allocations, %v as a message", parcels, messages)
	require.Less(t, parcels, messages/2)
}
