package source

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// kafkaHeader is of the same form as a header of the Kafka client.
type kafkaHeader struct {
	Key   string
	Value []byte
}

// walkable is metadata that can be listed, as that of Benthos can.
type walkable struct{ meta }

func (w walkable) MetaWalkMut(fn func(string, any) error) error {
	for k, v := range w.meta {
		if err := fn(k, v); err != nil {
			return err
		}
	}
	return nil
}

func columns(t *testing.T, names ...string) *Columns {
	t.Helper()
	c, err := NewColumns(names, DefaultPrefix)
	require.NoError(t, err)
	return c
}

// members reads a record's columns as JSON.
func members(t *testing.T, c *Columns, m meta) map[string]any {
	t.Helper()
	text := c.NewReader().AppendMembers([]byte("{"), m, true)
	var out map[string]any
	require.NoError(t, json.Unmarshal(text, &out), "%s", text)
	assert.Len(t, out, c.Len(), "every column is there: %s", text)
	return out
}

func TestColumnsKeepTheirOrderAndTakeThePrefix(t *testing.T) {
	c, err := NewColumns([]string{"offset", "topic"}, "_k ")
	require.NoError(t, err)
	text := c.NewReader().AppendMembers(nil, meta{record.KafkaTopic: "t", record.KafkaOffset: 7}, false)
	assert.Equal(t, `,"_k offset":7,"_k topic":"t"}`, string(text))
	text = c.NewReader().AppendMembers([]byte("{"), nil, true)
	assert.Equal(t, `{"_k offset":null,"_k topic":null}`, string(text))

	all := columns(t, All)
	require.Equal(t, len(ColumnNames()), all.Len())
	assert.Equal(t, "kafka_topic", all.Name(0))
	assert.Equal(t, Headers, all.Column(5))
	none, err := NewColumns(nil, "x")
	require.NoError(t, err)
	assert.Nil(t, none)
	assert.Zero(t, none.Len())
}

func TestColumnsThatCannotBe(t *testing.T) {
	for want, names := range map[string][]string{
		"\"ofset\" is no column: write topic, partition, offset, timestamp, key, headers, or all": {"ofset"},
		"named twice": {"key", "topic", "key"},
		"every":       {"all", "key"},
	} {
		_, err := NewColumns(names, DefaultPrefix)
		assert.ErrorContains(t, err, want)
	}
	for _, prefix := range []string{"\xff", "a\nb", "\x00", strings.Repeat("x", 65)} {
		_, err := NewColumns([]string{"key"}, prefix)
		assert.ErrorContains(t, err, "prefix", "%q", prefix)
	}
}

func TestNamesOfColumnsAreRecognised(t *testing.T) {
	c, err := NewColumns([]string{All}, strings.Repeat("p", maxPrefix))
	require.NoError(t, err)
	for i := range c.Len() {
		assert.True(t, c.Has([]byte(c.Name(i))))
		assert.False(t, c.Has([]byte(c.Name(i)+"x")))
		assert.ErrorContains(t, c.In(map[string]any{c.Name(i): nil}), c.Name(i))
	}
	for _, other := range []string{"", "topic", strings.Repeat("x", 500), strings.Repeat("p", maxPrefix) + "topik"} {
		assert.False(t, c.Has([]byte(other)), other)
	}
	assert.NoError(t, c.In(map[string]any{"topic": 1}))
}

func TestValuesOfARecordFromRedpanda(t *testing.T) {
	got := members(t, columns(t, All), meta{
		record.KafkaTopic: "orders", record.KafkaPartition: 3, record.KafkaOffset: 9007199254740993, record.KafkaMillis: int64(1751328000123),
		record.KafkaSeconds: int64(1751328000), record.KafkaKey: []byte("k"), "table": "set by a mapping",
		record.KafkaHeaders: []kafkaHeader{{"b", []byte("2")}, {"a", []byte("x\"y")}, {"b", nil}, {"", []byte{}}, {"b", []byte{0xFF}}},
	})
	assert.Equal(t, map[string]any{
		"kafka_topic": "orders", "kafka_partition": 3.0, "kafka_offset": 9007199254740992.0, // as encoding/json reads it
		"kafka_timestamp": "2025-07-01T00:00:00.123Z", "kafka_key": "k",
		"kafka_headers": map[string]any{"": "", "a": `x"y`, "b": []any{"2", nil, "base64:/w=="}},
	}, got)
	text := columns(t, "offset").NewReader().AppendMembers(nil, meta{record.KafkaOffset: 9007199254740993}, true)
	assert.Equal(t, `"kafka_offset":9007199254740993}`, string(text), "digit for digit")
}

func TestHeadersAmongOtherMetadata(t *testing.T) {
	c := columns(t, "headers")
	m := meta{
		record.KafkaTopic: "t", record.KafkaPartition: "0", record.KafkaOffset: "1", record.KafkaKey: "k", "kafka_lag": 5, "kafka_tombstone_message": false,
		record.KafkaMillis: 1, record.KafkaSeconds: 1,
		"one": "1", "many": []any{"a", "b", 3}, "bytes": []byte("x"), "schema": map[string]any{"type": "record"},
	}
	text := c.NewReader().AppendMembers([]byte("{"), walkable{m}, true)
	assert.JSONEq(t, `{"kafka_headers":{"one":"1","many":["a","b"],"bytes":"x"}}`, string(text))

	assert.Equal(t, map[string]any{"kafka_headers": nil}, members(t, c, m), "metadata that cannot be listed")
	m[record.KafkaKey] = []byte(nil)
	text = c.NewReader().AppendMembers([]byte("{"), walkable{m}, true)
	assert.Equal(t, `{"kafka_headers":null}`, string(text), "redpanda keeps a list where there are headers")
	delete(m, record.KafkaKey)
	text = c.NewReader().AppendMembers([]byte("{"), walkable{m}, true)
	assert.Equal(t, `{"kafka_headers":null}`, string(text), "not from Kafka")
}

func TestWhatIsNotTextIsBase64(t *testing.T) {
	c := columns(t, "key")
	for key, want := range map[any]any{
		"text":                           "text",
		"a\tb\r\nc":                      "a\tb\r\nc",
		"Grüße 日本":                       "Grüße 日本",
		"\x00\x00\x00\x07":               "base64:AAAABw==",
		"del\x7f":                        "base64:ZGVsfw==",
		"\xff":                           "base64:/w==",
		"base64:AAAABw==":                "base64:YmFzZTY0OkFBQUFCdz09",
		"":                               nil, // kafka and kafka_franz say so of no key
		5:                                "5",
		[1]string{"printed by Bloblang"}: `["printed by Bloblang"]`,
		make(chan int):                   nil,
	} {
		assert.Equal(t, map[string]any{"kafka_key": want}, members(t, c, meta{record.KafkaKey: key}), "%q", key)
	}
	assert.Equal(t, map[string]any{"kafka_key": ""}, members(t, c, meta{record.KafkaKey: []byte{}}))
	assert.Equal(t, map[string]any{"kafka_key": nil}, members(t, c, meta{record.KafkaKey: []byte(nil)}))
	assert.Equal(t, map[string]any{"kafka_key": nil}, members(t, c, meta{record.KafkaKey: nil}))
}

func TestEveryKeyIsReadBackInOneWay(t *testing.T) {
	c := columns(t, "key")
	seen := map[string]string{}
	property.Check(t, func(t *rapid.T) {
		key := rapid.OneOf(
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.String(),
			rapid.Map(rapid.String(), func(s string) string { return binary + s }),
		).Draw(t, "key")
		v := c.NewReader().Read(meta{record.KafkaKey: []byte(key)})[0]
		require.Equal(t, Text, v.Kind)
		require.True(t, utf8.Valid(v.Bytes))
		if before, ok := seen[string(v.Bytes)]; ok {
			require.Equal(t, before, key, "two keys must not look alike")
		}
		seen[string(v.Bytes)] = key
	})
}

func TestNumbersAndTimesThatCannotBe(t *testing.T) {
	c := columns(t, "partition", "offset", "timestamp")
	null := map[string]any{"kafka_partition": nil, "kafka_offset": nil, "kafka_timestamp": nil}
	for name, m := range map[string]meta{
		"nothing":                 {},
		"no numbers":              {record.KafkaPartition: "x", record.KafkaOffset: true, record.KafkaMillis: "now"},
		"more than 32 bits":       {record.KafkaPartition: 1 << 31},
		"no timestamp":            {record.KafkaMillis: int64(-1)},
		"no timestamp in seconds": {record.KafkaSeconds: int64(-1)},
		"the zero time":           {record.KafkaMillis: int64(-62135596800000), record.KafkaSeconds: int64(-62135596800)},
		"no place":                {record.KafkaPartition: -1, record.KafkaOffset: -1},
		"fractions":               {record.KafkaPartition: 1.5, record.KafkaOffset: json.Number("0.1")},
		"before the year 0":       {record.KafkaMillis: int64(firstTime - 1)},
		"after the year 9999":     {record.KafkaMillis: int64(lastTime + 1)},
		"seconds of no year":      {record.KafkaSeconds: int64(1 << 62)},
	} {
		assert.Equal(t, null, members(t, c, m), name)
	}
	for want, m := range map[string]meta{
		"0000-01-01T00:00:00.000Z": {record.KafkaMillis: int64(firstTime)},
		"9999-12-31T23:59:59.999Z": {record.KafkaMillis: int64(lastTime)},
		"1969-12-31T23:59:59.998Z": {record.KafkaMillis: int64(-2)},
		"2025-07-01T00:00:00.000Z": {record.KafkaSeconds: int64(1751328000)},
	} {
		assert.Equal(t, want, members(t, c, m)["kafka_timestamp"])
	}
}

// TestCoordinatesAreReadHoweverTheyAreStored writes the same place in the ways
// of inputs, mappings and JSON.
func TestCoordinatesAreReadHoweverTheyAreStored(t *testing.T) {
	c := columns(t, "topic", "partition", "offset", "timestamp")
	want := `{"kafka_topic":"t","kafka_partition":3,"kafka_offset":42,"kafka_timestamp":"2025-07-01T00:00:00.000Z"}`
	type named string
	for name, number := range map[string]func(int64) any{
		"int":      func(n int64) any { return int(n) },
		"int64":    func(n int64) any { return n },
		"uint64":   func(n int64) any { return uint64(n) },
		"float64":  func(n int64) any { return float64(n) },
		"text":     func(n int64) any { return fmt.Sprint(n) },
		"bytes":    func(n int64) any { return fmt.Append(nil, n) },
		"JSON":     func(n int64) any { return json.Number(fmt.Sprint(n)) },
		"exponent": func(n int64) any { return json.Number(fmt.Sprintf("%d.0e0", n)) },
		"a type":   func(n int64) any { return named(fmt.Sprint(n)) },
	} {
		m := meta{
			record.KafkaTopic: []byte("t"), record.KafkaPartition: number(3), record.KafkaOffset: number(42),
			record.KafkaMillis: number(1751328000000),
		}
		assert.Equal(t, want, string(c.NewReader().AppendMembers([]byte("{"), m, true)), name)
		assert.Equal(t, map[string]string{MetaRanges: "t/3:42-42"}, AnyMetadata.Describe([]record.Record{{Meta: m}}), name)
	}
	for _, partition := range []any{int8(3), int16(3), int32(3), uint(3), uint8(3), uint16(3), uint32(3), float32(3)} {
		m := meta{record.KafkaPartition: partition}
		assert.Equal(t, `"kafka_partition":3}`, string(columns(t, "partition").NewReader().AppendMembers(nil, m, true)), "%T", partition)
	}
}

// TestHeadersFromAMapping are the list that the configuration writes that
// replays dead letters.
func TestHeadersFromAMapping(t *testing.T) {
	c := columns(t, "headers")
	list := []any{
		map[string]any{"name": "b", "value": "2"},
		map[string]any{"name": "a", "value": []byte{0xFF}},
		map[string]any{"name": "b", "value": nil},
		map[string]any{"name": []byte("c"), "value": ""},
	}
	text := c.NewReader().AppendMembers([]byte("{"), walkable{meta{record.KafkaHeaders: list, record.KafkaKey: "k", "loose": "x"}}, true)
	assert.JSONEq(t, `{"kafka_headers":{"a":"base64:/w==","b":["2",null],"c":""}}`, string(text))
	text = c.NewReader().AppendMembers([]byte("{"), walkable{meta{record.KafkaHeaders: []any{}, record.KafkaKey: "k", "loose": "x"}}, true)
	assert.Equal(t, `{"kafka_headers":null}`, string(text), "a list without headers is a list")
	text = c.NewReader().AppendMembers([]byte("{"), walkable{meta{record.KafkaHeaders: []any{"x"}, record.KafkaKey: "k", "loose": "x"}}, true)
	assert.JSONEq(t, `{"kafka_headers":{"loose":"x"}}`, string(text), "no list of headers")
}

func TestReaderForgetsTheRecordBefore(t *testing.T) {
	r := columns(t, All).NewReader()
	full := meta{record.KafkaTopic: "t", record.KafkaPartition: 1, record.KafkaOffset: 2, record.KafkaMillis: 3, record.KafkaKey: []byte("k"), record.KafkaHeaders: []kafkaHeader{{"h", nil}}}
	first := string(r.AppendMembers(nil, full, true))
	for _, v := range r.Read(meta{}) {
		assert.Equal(t, Value{}, v)
	}
	assert.Equal(t, first, string(r.AppendMembers(nil, full, true)))
}

func TestSizeIsAboutWhatIsAdded(t *testing.T) {
	var many []kafkaHeader
	for i := range 50 {
		many = append(many, kafkaHeader{fmt.Sprint("header-", i), []byte(strings.Repeat("v", i))})
	}
	for name, m := range map[string]meta{
		"few":          {record.KafkaTopic: "t", record.KafkaPartition: 1, record.KafkaOffset: 12345678, record.KafkaMillis: 1751328000123, record.KafkaKey: []byte("k")},
		"a large key":  {record.KafkaTopic: "orders", record.KafkaPartition: 11, record.KafkaOffset: 12345678, record.KafkaMillis: 1751328000123, record.KafkaKey: []byte(strings.Repeat("k", 5000))},
		"many headers": {record.KafkaTopic: "orders", record.KafkaPartition: 11, record.KafkaOffset: 12345678, record.KafkaMillis: 1751328000123, record.KafkaKey: []byte("k"), record.KafkaHeaders: many},
	} {
		c := columns(t, All)
		added := len(c.NewReader().AppendMembers(nil, m, false))
		assert.InEpsilon(t, added, c.Size(m), 0.1, name)
	}
	assert.Positive(t, columns(t, All).Size(nil))
	loose := walkable{meta{record.KafkaKey: "k", "a": strings.Repeat("x", 1000)}}
	assert.Greater(t, columns(t, "headers").Size(loose), 1000)
}

func BenchmarkRead(b *testing.B) {
	c, _ := NewColumns([]string{All}, DefaultPrefix)
	m := meta{
		record.KafkaTopic: "orders", record.KafkaPartition: 3, record.KafkaOffset: 123456789, record.KafkaMillis: int64(1751328000123), record.KafkaKey: []byte("customer-17"),
		record.KafkaHeaders: []kafkaHeader{{"trace", []byte("0af7651916cd43dd8448eb211c80319c")}, {"source", []byte("web")}},
	}
	r, out := c.NewReader(), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		out = r.AppendMembers(out[:0], m, false)
		_ = c.Size(m)
	}
}
