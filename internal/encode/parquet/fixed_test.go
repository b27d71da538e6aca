package parquet_test

import (
	"testing"
	"time"

	common "github.com/redpanda-data/benthos/v4/public/schema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func optional(name, typ string) schema.FieldConfig {
	return schema.FieldConfig{Name: name, Type: typ, Optional: true}
}

// allTypes declares a column of every type.
func allTypes() []schema.FieldConfig {
	small, big, huge := optional("small", "decimal"), optional("big", "decimal"), optional("huge", "decimal")
	small.Precision, small.Scale = 9, 2
	big.Precision, big.Scale = 18, 4
	huge.Precision, huge.Scale = 38, 10
	ms := optional("ms", "timestamp")
	ms.Unit = "millis"
	group, list, b64 := optional("group", "group"), optional("list", "list"), optional("b64", "bytes")
	group.Fields = []schema.FieldConfig{optional("x", "int64")}
	list.Items = &schema.FieldConfig{Type: "date", Optional: true}
	b64.Base64 = true
	mac := optional("mac", "bytes")
	mac.Size = 6
	return []schema.FieldConfig{
		{Name: "id", Type: "int64"},
		optional("bool", "bool"), optional("i32", "int32"), optional("double", "double"), optional("string", "string"),
		optional("bytes", "bytes"), b64, optional("ts", "timestamp"), ms, optional("date", "date"), optional("time", "time"),
		small, big, huge, optional("uuid", "uuid"), optional("json", "json"), group, list, optional("float", "float"), mac,
	}
}

func fixed(fields ...schema.FieldConfig) schema.Config {
	return schema.Config{Mode: schema.Fixed, Fields: fields}
}

const everyType = `{"id":1,"bool":true,"i32":-5,"double":12345678901234567890,"string":"x","bytes":"raw","b64":"AAEC",
"ts":"2025-07-01T12:00:00.123456+02:00","ms":1751364000123,"date":"2025-07-01","time":"23:59:59.5",
"small":-12.34,"big":"99999999999999.9999","huge":"-1234567890123456789012345678.0123456789",
"uuid":"00112233-4455-6677-8899-aabbccddeeff","json":{"a": [1, 2]},"group":{"x":7},"list":["1969-12-31",null],"float":0.1,"mac":"sixbyt"}`

const everyTypeRead = `{"id":1,"bool":true,"i32":-5,"double":12345678901234567000,"string":"x","bytes":"cmF3","b64":"AAEC",
"ts":"2025-07-01T10:00:00.123456Z","ms":"2025-07-01T10:00:00.123Z","date":"2025-07-01","time":"23:59:59.500000",
"small":"-12.34","big":"99999999999999.9999","huge":"-1234567890123456789012345678.0123456789",
"uuid":"00112233-4455-6677-8899-aabbccddeeff","json":"{\"a\":[1,2]}","group":{"x":7},"list":["1969-12-31",null],"float":0.1,"mac":"c2l4Ynl0"}`

func TestEveryType(t *testing.T) {
	data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{Compatibility: parquet.Modern, BloomColumns: []string{"uuid", "string", "id"}}, fixed(allTypes()...)), everyType, `{"id":2}`)
	require.Empty(t, res.Refused)
	rows, err := arrowRows(data)
	require.NoError(t, err)
	assert.JSONEq(t, everyTypeRead, encodetest.JSON(rows[0]))
	for name, v := range rows[1] {
		assert.True(t, v == nil || name == "id", name)
	}
	_, err = pageValues(data)
	require.NoError(t, err)
}

func TestEveryTypeParsed(t *testing.T) {
	at := time.Date(2025, 7, 1, 12, 0, 0, 123456789, time.FixedZone("", 7200))
	rec := record.Record{Value: map[string]any{
		"id": 1, "bool": true, "i32": int32(-5), "double": uint64(1 << 62), "string": "x", "bytes": []byte("raw"),
		"b64": "AAEC", "ts": at, "ms": int64(1751364000123), "date": at, "time": "23:59:59.5", "small": -12.34,
		"big": "99999999999999.9999", "huge": "-1234567890123456789012345678.0123456789",
		"uuid": "00112233445566778899aabbccddeeff", "json": map[string]any{"a": []any{1, 2.0}},
		"group": map[string]any{"x": 7.0}, "list": []any{"1969-12-31", nil}, "float": float32(0.1), "mac": []byte("sixbyt"),
	}}
	data := encodeRecords(t, newEncoder(t, parquet.Config{Compatibility: parquet.Modern}, fixed(allTypes()...)), []record.Record{rec})
	rows, err := arrowRows(data)
	require.NoError(t, err)
	rows[0]["double"] = 12345678901234567890.0
	assert.JSONEq(t, everyTypeRead, encodetest.JSON(rows[0]))
}

func TestFixedSchemasRefuse(t *testing.T) {
	tests := map[string]string{
		`{"id":null}`:                        `the required field "id" is null or missing`,
		`{"string":"x"}`:                     `the required field "id" is missing`,
		`{"id":1.5}`:                         `field "id": 1.5 does not fit a column of type int64`,
		`{"id":1,"i32":2147483648}`:          `field "i32": 2147483648 does not fit a column of type int32`,
		`{"id":1,"small":1.234}`:             `field "small": 1.234 does not fit a column of type decimal`,
		`{"id":1,"small":12345678.9}`:        `field "small": 12345678.9 does not fit a column of type decimal`,
		`{"id":1,"date":"2025-02-29"}`:       `field "date": "2025-02-29" does not fit a column of type date`,
		`{"id":1,"ts":1751364000}`:           `field "ts": 1751364000 does not fit a column of type timestamp`,
		`{"id":1,"uuid":"xyz"}`:              `field "uuid": "xyz" does not fit a column of type uuid`,
		`{"id":1,"string":5}`:                `field "string": 5 does not fit a column of type string`,
		`{"id":1,"b64":"*"}`:                 `field "b64": "*" does not fit a column of type bytes`,
		`{"id":1,"group":{"y":1}}`:           `the schema has no field "group.y"`,
		`{"id":1,"what":1}`:                  `the schema has no field "what"`,
		`{"id":1,"list":["2025-01-01",1.5]}`: `field "list[]": 1.5 does not fit a column of type date`,
	}
	e := newEncoder(t, parquet.Config{}, fixed(allTypes()...))
	for doc, want := range tests {
		_, res := encodetest.Encode(t, e, doc)
		require.Len(t, res.Refused, 1, doc)
		require.EqualError(t, res.Refused[0].Err, want, doc)
	}
	data, res := encodetest.Encode(t, e, `{"id":1,"unknown":null}`)
	assert.Empty(t, res.Refused, "a null needs no column")
	assert.NotEmpty(t, data)
}

func TestPolicies(t *testing.T) {
	docs := []string{`{"id":1,"n":1,"l":[1,"x",{"a": 2}]}`, `{"id":2,"n":"two","new":true}`, `{"id":3,"n":2.5}`}
	list := optional("l", "list")
	list.Items = &schema.FieldConfig{Type: "int64", Optional: true}
	fields := []schema.FieldConfig{{Name: "id", Type: "int64"}, optional("n", "int64"), list}
	tests := map[string]struct {
		unknown  schema.UnknownField
		mismatch schema.Mismatch
		want     []string
	}{
		"drop and rescue": {schema.Drop, schema.Rescue, []string{
			`{"id":1,"n":1,"l":[1,null,null],"_rescued_data":"{\"/l/1\":\"x\",\"/l/2\":{\"a\":2}}"}`,
			`{"id":2,"n":null,"l":null,"_rescued_data":"{\"/n\":\"two\"}"}`,
			`{"id":3,"n":null,"l":null,"_rescued_data":"{\"/n\":2.5}"}`,
		}},
		"add and widen": {schema.Add, schema.Widen, []string{
			`{"id":1,"n":"1","l":"[1,\"x\",{\"a\":2}]","new":null}`,
			`{"id":2,"n":"two","l":null,"new":true}`,
			`{"id":3,"n":"2.5","l":null,"new":null}`,
		}},
		"add and reject": {schema.Add, schema.Reject, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config := fixed(fields...)
			config.OnUnknownField, config.OnTypeMismatch = test.unknown, test.mismatch
			data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, config), docs...)
			if test.want == nil {
				assert.Len(t, res.Refused, 3)
				return
			}
			require.Empty(t, res.Refused)
			rows, err := arrowRows(data)
			require.NoError(t, err)
			for i := range test.want {
				assert.JSONEq(t, test.want[i], encodetest.JSON(rows[i]))
			}
		})
	}
}

// metadata is a record's metadata with one key.
type metadata struct{ schema any }

func (m metadata) MetaGetMut(key string) (any, bool) {
	return m.schema, key == "schema" && m.schema != nil
}

func TestSchemasFromMetadata(t *testing.T) {
	v1 := common.Common{Type: common.Object, Name: "r", Children: []common.Common{
		{Type: common.Int64, Name: "id"}, {Type: common.Timestamp, Name: "at", Optional: true},
	}}
	v2 := v1
	v2.Children = append(v2.Children[:2:2], common.Common{
		Type: common.Decimal, Name: "price", Optional: true,
		Logical: &common.LogicalParams{Decimal: &common.DecimalParams{Precision: 10, Scale: 2}},
	})
	reg := registry(t, schema.Config{Mode: schema.Metadata, MetadataKey: "schema"})
	rec := func(s *common.Common, doc string) record.Record {
		r := record.Record{Raw: []byte(doc), Meta: metadata{}}
		if s != nil {
			r.Meta = metadata{s.ToAny()}
		}
		return r
	}
	records := []record.Record{
		rec(nil, `{"id":0}`), rec(&v1, `{"id":1,"at":1751364000123}`), rec(&v1, `{"id":2}`), rec(nil, `{"id":3}`),
		rec(&v2, `{"id":4,"price":9.99}`), rec(&v1, `{"id":5}`),
	}
	one, err := reg.Identity(&records[1])
	require.NoError(t, err)
	two, err := reg.Identity(&records[4])
	require.NoError(t, err)
	assert.NotEqual(t, one, two)
	_, err = reg.Identity(&records[0])
	require.Error(t, err)

	e, err := parquet.New(parquet.Config{}, reg)
	require.NoError(t, err)
	data, res := encodePrefix(t, e, records)
	assert.Equal(t, encode.Result{Taken: 4, Rows: 2, Bytes: int64(len(data)), Refused: res.Refused, Stopped: encode.SchemaChanged}, res)
	require.Len(t, res.Refused, 2)
	requireRows(t, []string{`{"id":1,"at":"2025-07-01T10:00:00.123Z"}`, `{"id":2,"at":null}`}, data)
	data, res = encodePrefix(t, e, records[4:])
	assert.Equal(t, 1, res.Taken)
	requireRows(t, []string{`{"id":4,"at":null,"price":"9.99"}`}, data)
}

func TestBytesOfASize(t *testing.T) {
	field := optional("b", "bytes")
	field.Size = 3
	_, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, fixed(field)), `{"b":"abc"}`, `{"b":"ab"}`)
	assert.Equal(t, []string{`field "b": "ab" does not fit a column of type bytes`}, encodetest.Refusals(res))
	_, res = encodetest.EncodeRecords(t, newEncoder(t, parquet.Config{}, fixed(field)), []record.Record{
		{Value: map[string]any{"b": []byte("abc")}}, {Value: map[string]any{"b": []byte("ab")}},
	})
	assert.Len(t, res.Refused, 1)
}
