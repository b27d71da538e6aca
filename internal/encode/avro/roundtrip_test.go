package avro_test

import (
	"bytes"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2/ocf"
	"github.com/linkedin/goavro/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

var inferred = []encodetest.Case{
	{Name: "scalars", Docs: []string{`{"b":true,"i":1,"d":1.5,"s":"x"}`, `{"b":false,"i":-9223372036854775808,"d":-0.25,"s":""}`}},
	{
		Name: "nulls, missing fields and another order",
		Docs: []string{`{"a":null,"b":1}`, `{"b":5,"a":2}`, `{}`, `{"b":null,"a":3}`, `{"a":4}`},
		Want: []string{`{"a":null,"b":1}`, `{"a":2,"b":5}`, `{"a":null,"b":null}`, `{"a":3,"b":null}`, `{"a":4,"b":null}`},
	},
	{
		Name: "conflicts become strings",
		Docs: []string{`{"v":1}`, `{"v":"a"}`, `{"v":true}`, `{"v":{"x": [1, 2]}}`},
		Want: []string{`{"v":"1"}`, `{"v":"a"}`, `{"v":"true"}`, `{"v":"{\"x\":[1,2]}"}`},
	},
	{
		Name: "groups in another order",
		Docs: []string{`{"g":{"a":1,"b":{"c":2}},"z":1}`, `{"z":2,"g":{"b":{"c":3},"a":4}}`, `{"g":null,"z":3}`, `{"g":{"b":null},"z":4}`},
		Want: []string{`{"g":{"a":1,"b":{"c":2}},"z":1}`, `{"g":{"a":4,"b":{"c":3}},"z":2}`, `{"g":null,"z":3}`, `{"g":{"a":null,"b":null},"z":4}`},
	},
	{Name: "lists", Docs: []string{`{"l":[1,2,3]}`, `{"l":[]}`, `{"l":null}`, `{"l":[null]}`, `{"l":[4,null,5.5]}`}},
	{Name: "lists of groups", Docs: []string{`{"l":[{"a":1,"t":["x","y"]},{"a":2,"t":[]},{"a":null,"t":null},null]}`, `{"l":[]}`}},
	{
		Name: "names that Avro does not allow",
		Docs: []string{`{"a-b":1,"a_b":2,"a.b":3,"0":4,"é":5,"":6}`},
	},
	{
		Name: "a field that is there twice: the last counts",
		Docs: []string{`{"a":1,"b":2,"a":3}`, `{"b":{"x":1}}`},
		Want: []string{`{"a":3,"b":"2"}`, `{"a":null,"b":"{\"x\":1}"}`},
	},
	{Name: "a long list", Docs: []string{longList(63), longList(64), longList(9000)}},
}

func longList(n int) string {
	items := make([]int, n)
	for i := range items {
		items[i] = i
	}
	return `{"l":` + encodetest.JSON(items) + `}`
}

func TestInferredRecordsComeBack(t *testing.T) {
	for _, test := range inferred {
		for _, parsed := range []bool{false, true} {
			name := test.Name
			if parsed {
				name += ", parsed"
			}
			t.Run(name, func(t *testing.T) {
				want, docs := test.Rows(), encodetest.Bytes(test.Docs)
				records := encodetest.Records(docs)
				if parsed {
					records = encodetest.Structured(docs)
				}
				var buf bytes.Buffer
				res, err := newEncoder(t, avro.Config{}, schema.Config{}).Encode(&buf, records, 0)
				require.NoError(t, err)
				require.Empty(t, res.Refused)
				rows, err := goavroRows(buf.Bytes())
				require.NoError(t, err)
				require.Len(t, rows, len(want))
				for i := range want {
					require.JSONEq(t, want[i], encodetest.JSON(rows[i]))
				}
			})
		}
	}
}

func TestEveryType(t *testing.T) {
	field := func(name, typ string) schema.FieldConfig {
		return schema.FieldConfig{Name: name, Type: typ, Optional: name != "id"}
	}
	price := field("price", "decimal")
	price.Precision, price.Scale = 10, 2
	mac := field("mac", "bytes")
	mac.Size = 6
	e := newEncoder(t, avro.Config{BinaryStrings: true}, schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{
		field("id", "int64"), field("i32", "int32"), field("ts", "timestamp"), field("date", "date"), field("time", "time"),
		price, field("uuid", "uuid"), field("bytes", "bytes"), field("s", "string"), field("j", "json"),
		field("f", "float"), mac,
	}})
	data, res := encodetest.Encode(t, e, `{"id":1,"i32":-5,"ts":"2025-07-01T12:00:00.123456+02:00","date":"2025-07-01","time":"01:02:03.5","price":-12.34,
		"uuid":"00112233-4455-6677-8899-aabbccddeeff","bytes":"raw","s":"x","j":{"a": 1},"f":0.1,"mac":"sixbyt"}`, `{"id":2}`, `{"i32":1}`)
	require.Len(t, res.Refused, 1)
	require.EqualError(t, res.Refused[0].Err, `the required field "id" is null or missing`)
	rows, err := goavroRows(data)
	require.NoError(t, err)
	row := rows[0]
	assert.Equal(t, time.Date(2025, 7, 1, 10, 0, 0, 123456000, time.UTC), row["ts"])
	assert.Equal(t, time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC), row["date"])
	assert.Equal(t, 3723500*time.Millisecond, row["time"])
	assert.Zero(t, big.NewRat(-1234, 100).Cmp(row["price"].(*big.Rat)))
	assert.Equal(t, "00112233-4455-6677-8899-aabbccddeeff", row["uuid"])
	assert.Equal(t, []byte("raw"), row["bytes"])
	assert.Equal(t, []byte("x"), row["s"])
	assert.Equal(t, []byte(`{"a":1}`), row["j"])
	assert.InDelta(t, float32(0.1), rows[0]["f"], 0)
	assert.Equal(t, []byte("sixbyt"), rows[0]["mac"])
	assert.Equal(t, int64(2), rows[1]["id"])
}

func TestRescue(t *testing.T) {
	docs := []string{`{"n":1,"z":1}`, `{"n":"two","z":2}`, `{"z":"x","n":3}`, `{"n":4,"z":5}`}
	want := []string{
		`{"n":1,"z":1,"_rescued_data":null}`, `{"n":null,"z":2,"_rescued_data":"{\"/n\":\"two\"}"}`,
		`{"n":3,"z":null,"_rescued_data":"{\"/z\":\"x\"}"}`, `{"n":4,"z":5,"_rescued_data":null}`,
	}
	raw := make([][]byte, len(docs))
	for i := range docs {
		raw[i] = []byte(docs[i])
	}
	reg, err := schema.New(schema.Config{OnTypeMismatch: schema.Rescue})
	require.NoError(t, err)
	e, err := avro.New(avro.Config{}, reg)
	require.NoError(t, err)
	for _, records := range [][]string{docs, {`{"new":true}`, docs[1]}} {
		data, res := encodetest.Encode(t, e, records...)
		require.Empty(t, res.Refused)
		rows, err := goavroRows(data)
		require.NoError(t, err)
		if len(rows) == len(want) {
			for i := range want {
				assert.JSONEq(t, want[i], encodetest.JSON(rows[i]))
			}
		} else { // the column of rescued values is not the last any more
			assert.JSONEq(t, `{"n":null,"z":2,"new":null,"_rescued_data":"{\"/n\":\"two\"}"}`, encodetest.JSON(rows[1]))
		}
	}
	var buf bytes.Buffer
	_, err = e.Encode(&buf, encodetest.Structured(raw), 0)
	require.NoError(t, err)
	rows, err := goavroRows(buf.Bytes())
	require.NoError(t, err)
	assert.JSONEq(t, `{"n":null,"z":2,"new":null,"_rescued_data":"{\"/n\":\"two\"}"}`, encodetest.JSON(rows[1]))
}

func TestHeader(t *testing.T) {
	config := avro.Config{Codec: "deflate", Metadata: []avro.KeyValue{{Key: "writer", Value: "me"}}}
	data, _ := encodetest.Encode(t, newEncoder(t, config, schema.Config{}), `{"a-b":1}`)
	r, err := goavro.NewOCFReader(bytes.NewReader(data))
	require.NoError(t, err)
	assert.Equal(t, "deflate", r.CompressionName())
	assert.Equal(t, "me", string(r.MetaData()["writer"]))
	assert.JSONEq(t, `{"type":"record","name":"Record","fields":[
		{"name":"a_b","type":["null","long"],"default":null,"originalName":"a-b"}]}`, string(r.MetaData()["avro.schema"]))
	again, _ := encodetest.Encode(t, newEncoder(t, config, schema.Config{}), `{"a-b":1}`)
	assert.Equal(t, data, again, "the sync marker is not random")
	other, _ := encodetest.Encode(t, newEncoder(t, config, schema.Config{}), `{"a-b":2}`)
	assert.NotEqual(t, data[len(data)-16:], other[len(other)-16:])
}

func TestCodecs(t *testing.T) {
	docs := []string{`{"s":"` + strings.Repeat("long ", 1000) + `","n":null}`, `{"s":"x","n":1}`}
	for _, c := range []string{"snappy", "deflate", "null"} { // goavro has no zstandard
		data, _ := encodetest.Encode(t, newEncoder(t, avro.Config{Codec: c, BlockSize: 100}, schema.Config{}), docs...)
		rows, err := goavroRows(data)
		require.NoError(t, err, c)
		for i := range docs {
			assert.JSONEq(t, docs[i], encodetest.JSON(rows[i]))
		}
	}
	data, _ := encodetest.Encode(t, newEncoder(t, avro.Config{Codec: "zstandard"}, schema.Config{}), docs...)
	d, err := ocf.NewDecoder(bytes.NewReader(data)) // a test may use hamba's decoder
	require.NoError(t, err)
	n := 0
	for ; d.HasNext(); n++ {
		var row map[string]any
		require.NoError(t, d.Decode(&row))
	}
	require.NoError(t, d.Error())
	assert.Equal(t, len(docs), n)
}

func TestObjectEndsBeforeANewField(t *testing.T) {
	encodetest.RequireStopsAtSchemaChange(t, newEncoder(t, avro.Config{BlockSize: 500}, schema.Config{}))
}

func TestBytesOfASize(t *testing.T) {
	plain := schema.FieldConfig{Name: "b", Type: "bytes", Size: 3, Optional: true}
	b64 := schema.FieldConfig{Name: "b64", Type: "bytes", Size: 3, Base64: true, Optional: true}
	config := schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{plain, b64}}
	data, res := encodetest.Encode(t, newEncoder(t, avro.Config{}, config),
		`{"b":"abc","b64":"AAEC"}`, `{"b":"ab"}`, `{"b64":"AAE="}`, `{"b":"abcd"}`, `{"b":null}`)
	assert.Equal(t, []string{
		`field "b": "ab" does not fit a column of type bytes`, `field "b64": "AAE=" does not fit a column of type bytes`,
		`field "b": "abcd" does not fit a column of type bytes`,
	}, encodetest.Refusals(res))
	rows, err := goavroRows(data)
	require.NoError(t, err)
	assert.Equal(t, []map[string]any{{"b": []byte("abc"), "b64": []byte{0, 1, 2}}, {"b": nil, "b64": nil}}, rows)
	_, res = encodetest.EncodeRecords(t, newEncoder(t, avro.Config{}, config), []record.Record{
		{Value: map[string]any{"b": []byte("abc")}}, {Value: map[string]any{"b": []byte("ab")}},
	})
	assert.Len(t, res.Refused, 1)
}
