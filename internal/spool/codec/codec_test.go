package codec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/spool/codec"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func there(t require.TestingT, c codec.Codec, r record.Record) []byte {
	data, err := c.Append(nil, &r)
	require.NoError(t, err)
	return data
}

func back(t require.TestingT, data []byte) record.Record {
	r, err := codec.Decode(data)
	require.NoError(t, err)
	return r
}

func TestEveryTypeComesBackAsItWas(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	values := []any{
		nil, true, false, "", "text\x00",
		[]byte{0, 255},
		[]byte{},
		json.Number("12345678901234567890.10"),
		int(-1), int8(math.MinInt8), int16(-300), int32(math.MaxInt32), int64(math.MinInt64),
		uint(1), uint8(255), uint16(65535), uint32(math.MaxUint32), uint64(math.MaxUint64),
		float32(1.5), 0.1, math.Inf(-1), math.Copysign(0, -1),
		time.Date(2026, 11, 29, 14, 0, 0, 1, time.UTC), time.Date(1500, 1, 1, 0, 0, 0, 0, zone),
		[]any{},
		[]any{nil, "a", []any{1}},
		map[string]any{},
		map[string]any{"b": nil, "a": map[string]any{"c": int8(1)}},
	}
	for _, v := range values {
		got := back(t, there(t, codec.Codec{}, record.Record{Value: v, Added: 7}))
		assert.Equal(t, v, got.Value)
		assert.Equal(t, 7, got.Added)
		assert.True(t, got.Structured())
	}
	nan := back(t, there(t, codec.Codec{}, record.Record{Value: math.NaN()}))
	assert.True(t, math.IsNaN(nan.Value.(float64)))
}

func TestBytesStayBytesAlsoWhenThereAreNone(t *testing.T) {
	for _, raw := range [][]byte{{}, []byte(`{"a":1}`), {0, 255}} {
		got := back(t, there(t, codec.Codec{}, record.Record{Raw: raw}))
		assert.Equal(t, raw, got.Raw)
		assert.False(t, got.Structured())
	}
}

// noted is metadata of a message that an input of ours has read.
type noted struct {
	codec.Metadata
	ctx context.Context
}

func (n noted) Context() context.Context { return n.ctx }

func TestThePlaceInKafkaIsKeptWhateverMetadataSays(t *testing.T) {
	at := source.Coordinates{Topic: "orders", Partition: 3, Offset: 1 << 40}
	meta := noted{codec.Metadata{"kafka_topic": "forged"}, source.WithCoordinates(t.Context(), at)}
	got := back(t, there(t, codec.Codec{Keys: []string{"kafka_topic"}}, record.Record{Raw: []byte("x"), Meta: meta}))
	place, ok := source.KafkaInputs.Place(got.Meta)
	require.True(t, ok)
	assert.Equal(t, "orders/3/1099511627776", place)
	v, _ := got.Meta.MetaGetMut("kafka_topic")
	assert.Equal(t, "forged", v)
}

func TestOnlyTheMetadataThatIsAskedForIsKept(t *testing.T) {
	meta := codec.Metadata{"kafka_offset": int64(7), "kafka_topic": "t", "other": []any{"x"}, "strange": struct{}{}}
	r := record.Record{Raw: []byte("x"), Meta: meta}
	cases := map[string]struct {
		codec codec.Codec
		want  codec.Metadata
	}{
		"none":                {codec.Codec{}, nil},
		"some":                {codec.Codec{Keys: []string{"kafka_offset", "absent", "strange"}}, codec.Metadata{"kafka_offset": int64(7)}},
		"some, not the first": {codec.Codec{Keys: []string{"absent", "kafka_offset"}}, codec.Metadata{"kafka_offset": int64(7)}},
		"all":                 {codec.Codec{All: true}, codec.Metadata{"kafka_offset": int64(7), "kafka_topic": "t", "other": []any{"x"}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := back(t, there(t, c.codec, r))
			assert.Equal(t, c.want, got.Meta)
			var walked []string
			_ = got.Meta.(codec.Metadata).MetaWalkMut(func(key string, _ any) error {
				walked = append(walked, key)
				return nil
			})
			assert.Len(t, walked, len(c.want))
			_, ok := got.Meta.MetaGetMut("absent")
			assert.False(t, ok)
		})
	}
	bare := record.Record{Raw: []byte("x")}
	assert.Empty(t, back(t, there(t, codec.Codec{Keys: []string{"a"}, All: true}, bare)).Meta)
	stop := errors.New("stop")
	require.ErrorIs(t, meta.MetaWalkMut(func(string, any) error { return stop }), stop)
}

// unwalked tells nothing of what it has but to who asks by name.
type unwalked struct{}

func (unwalked) MetaGetMut(string) (any, bool) { return "v", true }

// A record with which nothing came is told from one that came with something, in whatever
// place that is, and is kept with the same bytes.
func TestRecordsWithWhichNothingCameAreKeptAsAny(t *testing.T) {
	at := source.WithCoordinates(t.Context(), source.Coordinates{Topic: "orders"})
	for name, c := range map[string]struct {
		meta  record.Metadata
		alone bool
	}{
		"no metadata":          {nil, true},
		"a message":            {codec.Metadata{}, true},
		"a message with some":  {codec.Metadata{"other": "x"}, false},
		"a noted place":        {noted{codec.Metadata{}, at}, false},
		"metadata that is mum": {unwalked{}, false},
	} {
		assert.Equal(t, c.alone, codec.Alone(c.meta), name)
		for _, added := range []int{-1, 0, 7, 300} {
			r := record.Record{Raw: []byte("x"), Meta: c.meta, Added: added}
			kept := codec.Codec{Keys: []string{"kafka_topic", "other"}}
			if c.alone {
				assert.Equal(t, kept.AppendRest([]byte("p"), &r), codec.AppendAlone([]byte("p"), &r), name)
			}
		}
	}
}

// The list of headers is of a type of the Kafka client.
func TestTheListOfHeadersIsKept(t *testing.T) {
	type kafkaHeader struct {
		Key   string
		Value []byte
	}
	list := []kafkaHeader{{"b", []byte("1")}, {"a", nil}, {"b", []byte("2")}}
	c := codec.Codec{Keys: []string{record.KafkaHeaders}}
	got := back(t, there(t, c, record.Record{Raw: []byte("x"), Meta: codec.Metadata{record.KafkaHeaders: list}}))
	want := []any{
		map[string]any{"name": "b", "value": "1"},
		map[string]any{"name": "a", "value": nil},
		map[string]any{"name": "b", "value": "2"},
	}
	assert.Equal(t, codec.Metadata{record.KafkaHeaders: want}, got.Meta)
	again := back(t, there(t, c, got))
	assert.Equal(t, got, again)
}

func TestAValueThatNoProcessorMakesIsRefused(t *testing.T) {
	c := codec.Codec{}
	for _, v := range []any{struct{}{}, make(chan int), []any{map[string]any{"a": []string{"x"}}}} {
		_, err := c.Append(nil, &record.Record{Value: v})
		require.ErrorIs(t, err, codec.ErrType)
	}
	deep := any(nil)
	for range 20_000 {
		deep = []any{deep}
	}
	_, err := c.Append(nil, &record.Record{Value: deep})
	require.ErrorContains(t, err, "nested too deep")
}

func value() *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Int64().AsAny(), rapid.Uint8().AsAny(),
		rapid.Float64().AsAny(), rapid.Map(rapid.Int64(), func(i int64) any { return time.Unix(i%1e10, i&1023).UTC() }),
	)
	lists := rapid.Map(rapid.SliceOfN(leaf, 0, 5), func(l []any) any { return append([]any{}, l...) })
	return rapid.OneOf(leaf, lists, rapid.MapOfN(rapid.String(), rapid.OneOf(leaf, lists), 0, 5).AsAny())
}

func TestAnyRecordComesBack(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		r := record.Record{Value: value().Draw(t, "value"), Added: rapid.IntRange(0, 1000).Draw(t, "added")}
		r.Meta = codec.Metadata(nil)
		if m := rapid.MapOfN(rapid.String(), value(), 0, 3).Draw(t, "metadata"); len(m) > 0 {
			r.Meta = codec.Metadata(m)
		}
		data := there(t, codec.Codec{All: true}, r)
		got := back(t, data)
		require.Equal(t, r, got)
		require.Equal(t, data, there(t, codec.Codec{All: true}, got), "equal records have equal bytes")
		_, err := codec.Decode(append(data, 0))
		require.ErrorIs(t, err, codec.ErrCorrupt)
		for _, cut := range []int{0, len(data) / 2, len(data) - 1} {
			if cut < len(data) {
				_, err := codec.Decode(data[:cut])
				require.ErrorIs(t, err, codec.ErrCorrupt)
			}
		}
	})
}

// A hint tells of a record what its bytes do, and there is one for every record of
// bytes that nothing came with.
func TestAHintSparesALookAtTheBytes(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		r := record.Record{Raw: rapid.SliceOf(rapid.Byte()).Draw(t, "raw"), Added: rapid.IntRange(0, 2).Draw(t, "added")}
		if rapid.Bool().Draw(t, "parsed") {
			r = record.Record{Value: "x"}
		}
		switch rapid.IntRange(0, 3).Draw(t, "metadata") {
		case 0:
			r.Meta = codec.Metadata{"a": nil}
		case 1:
			r.Meta = noted{ctx: source.WithCoordinates(context.Background(), source.Coordinates{})}
		case 2:
			r.Meta = codec.Metadata{}
		}
		c := codec.Codec{Keys: []string{"a"}}
		with, err := codec.AppendPayload(nil, &r)
		require.NoError(t, err)
		data := c.AppendRest(with, &r)
		want := back(t, data)
		hint := codec.Hint(&r, data[len(with):])
		bare := !r.Structured() && len(r.Raw) > 0 && reflect.DeepEqual(want, record.Record{Raw: r.Raw, Meta: codec.Metadata(nil)})
		require.Equal(t, bare, hint > 0)
		if bare {
			require.Equal(t, want, codec.DecodeBare(data, hint))
		}
	})
}

func FuzzDecode(f *testing.F) {
	c := codec.Codec{All: true}
	for _, r := range []record.Record{
		{Raw: []byte("x"), Meta: codec.Metadata{"a": int8(1)}},
		{Value: map[string]any{"a": []any{1.5, json.Number("1"), time.Unix(1, 0).UTC(), []byte{1}}}},
	} {
		f.Add(there(f, c, r))
	}
	f.Add(bytes.Repeat([]byte{1, 19, 1}, 100))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := codec.Decode(data)
		if err != nil {
			return
		}
		again := there(t, c, r)
		require.Equal(t, again, there(t, c, back(t, again)))
	})
}
