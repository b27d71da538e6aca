package parquet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
)

var inferred = []encodetest.Case{
	{Name: "scalars", Docs: []string{`{"b":true,"i":1,"d":1.5,"s":"x"}`, `{"b":false,"i":-9223372036854775808,"d":-0.25,"s":""}`}},
	{
		Name: "nulls and missing fields",
		Docs: []string{`{"a":null,"b":1}`, `{"a":2}`, `{}`, `{"b":null,"a":3}`},
		Want: []string{`{"a":null,"b":1}`, `{"a":2,"b":null}`, `{"a":null,"b":null}`, `{"a":3,"b":null}`},
	},
	{
		Name: "integers and doubles become doubles",
		Docs: []string{`{"n":1}`, `{"n":2.5}`, `{"n":1e3}`},
	},
	{
		Name: "an integer that a double cannot hold makes a string",
		Docs: []string{`{"n":9007199254740993}`, `{"n":2.5}`},
		Want: []string{`{"n":"9007199254740993"}`, `{"n":"2.5"}`},
	},
	{
		Name: "an integer beyond 64 bits keeps its digits",
		Docs: []string{`{"n":18446744073709551615}`, `{"n":5}`},
		Want: []string{`{"n":"18446744073709551615"}`, `{"n":"5"}`},
	},
	{
		Name: "a number beyond doubles keeps its digits",
		Docs: []string{`{"n":1e400}`},
		Want: []string{`{"n":"1e400"}`},
	},
	{
		Name: "conflicts become strings",
		Docs: []string{`{"v":1}`, `{"v":"a"}`, `{"v":true}`, `{"v":{"x": [1, 2]}}`, `{"v":null}`},
		Want: []string{`{"v":"1"}`, `{"v":"a"}`, `{"v":"true"}`, `{"v":"{\"x\":[1,2]}"}`, `{"v":null}`},
	},
	{
		Name: "groups",
		Docs: []string{`{"g":{"a":1,"h":{"b":"x"}}}`, `{"g":null}`, `{"g":{"a":null,"h":null}}`, `{"g":{"h":{"b":null}}}`, `{"g":{"h":{"b":"y"},"a":3}}`},
		Want: []string{
			`{"g":{"a":1,"h":{"b":"x"}}}`, `{"g":null}`, `{"g":{"a":null,"h":null}}`,
			`{"g":{"a":null,"h":{"b":null}}}`, `{"g":{"a":3,"h":{"b":"y"}}}`,
		},
	},
	{
		Name: "lists",
		Docs: []string{`{"l":[1,2,3]}`, `{"l":[]}`, `{"l":null}`, `{"l":[null]}`, `{"l":[4,null,5.5]}`},
	},
	{
		Name: "lists of lists",
		Docs: []string{`{"l":[[1],[],[2,3]]}`, `{"l":[null,[null]]}`, `{"l":[]}`, `{"l":null}`, `{"l":[[]]}`},
	},
	{
		Name: "lists of groups",
		Docs: []string{`{"l":[{"a":1,"t":["x","y"]},{"a":2,"t":[]},{"a":null,"t":null},null]}`, `{"l":[]}`, `{"l":null}`},
	},
	{
		Name: "groups in lists with missing members",
		Docs: []string{`{"l":[{"a":1},{"b":[{"c":2}]}]}`, `{"l":[{}]}`},
		Want: []string{`{"l":[{"a":1,"b":null},{"a":null,"b":[{"c":2}]}]}`, `{"l":[{"a":null,"b":null}]}`},
	},
	{
		Name: "mixed lists become JSON",
		Docs: []string{`{"l":[1, "a"]}`, `{"l":[{"b": 1}, []]}`, `{"l":"plain"}`},
		Want: []string{`{"l":"[1,\"a\"]"}`, `{"l":"[{\"b\":1},[]]"}`, `{"l":"\"plain\""}`},
	},
	{
		Name: "empty containers decide nothing",
		Docs: []string{`{"l":[],"o":{},"a":1}`, `{"l":null,"o":{},"p":[null,{"x":[]}],"a":{}}`},
		Want: []string{`{"a":1}`, `{"a":null}`},
	},
	{
		Name: "empty containers in columns of other values",
		Docs: []string{`{"l":[],"o":{},"s":[]}`, `{"l":[1,[]],"o":{"x":1},"s":"x"}`, `{"l":{},"o":[],"s":{}}`},
		Want: []string{`{"l":[],"o":{"x":null},"s":"[]"}`, `{"l":[1,null],"o":{"x":1},"s":"x"}`, `{"l":null,"o":null,"s":"{}"}`},
	},
	{
		Name: "unicode and control characters",
		Docs: []string{`{"s":"é😀\u0000\u001f\"\\/"}`, `{"s":"\ud83d\ude00"}`, `{"ключ":"значение"}`},
		Want: []string{"{\"s\":\"é😀\\u0000\\u001f\\\"\\\\/\",\"ключ\":null}", `{"s":"😀","ключ":null}`, `{"s":null,"ключ":"значение"}`},
	},
	{
		Name: "a field that is there twice: the last counts",
		Docs: []string{`{"a":1,"b":2,"a":3}`, `{"g":{"x":1,"x":2}}`, `{"a":4}`},
		Want: []string{`{"a":3,"b":2,"g":null}`, `{"a":null,"b":null,"g":{"x":2}}`, `{"a":4,"b":null,"g":null}`},
	},
	{
		Name: "nothing but nulls",
		Docs: []string{`{"a":null}`, `{"a":null,"b":null}`},
		Want: []string{`{"_rescued_data":null}`, `{"_rescued_data":null}`},
	},
	{Name: "an empty name", Docs: []string{`{"":1,"a":2}`}},
}

func TestInferredRecordsComeBack(t *testing.T) {
	for _, test := range inferred {
		t.Run(test.Name, func(t *testing.T) {
			data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), test.Docs...)
			require.Empty(t, res.Refused)
			requireRows(t, test.Rows(), data)
		})
	}
}

// requireRows compares what two readers see with JSON documents.
func requireRows(t *testing.T, want []string, data []byte) {
	t.Helper()
	for name, read := range map[string]func([]byte) ([]map[string]any, error){"arrow": arrowRows} {
		rows, err := read(data)
		require.NoError(t, err, name)
		require.Len(t, rows, len(want), name)
		for i := range want {
			require.JSONEq(t, want[i], encodetest.JSON(rows[i]), "%s, row %d", name, i)
		}
	}
	values, err := pageValues(data)
	require.NoError(t, err)
	assert.Positive(t, values)
}

func TestParsedRecordsComeBackLikeBytes(t *testing.T) {
	for _, test := range inferred {
		t.Run(test.Name, func(t *testing.T) {
			records := encodetest.Structured(encodetest.Bytes(test.Docs))
			data := encodeRecords(t, newEncoder(t, parquet.Config{}, schema.Config{}), records)
			requireRows(t, test.Rows(), data)
		})
	}
}

func TestManyColumns(t *testing.T) {
	var doc strings.Builder
	doc.WriteString("{")
	for i := range 1000 {
		fmt.Fprintf(&doc, `"column_%03d":%d,`, i, i)
	}
	doc.WriteString(`"last":"x"}`)
	docs := []string{doc.String(), `{"last":"y"}`, doc.String()}
	data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), docs...)
	rows, err := arrowRows(data)
	require.NoError(t, err)
	require.Len(t, rows, 3)
	assert.Len(t, rows[0], 1001)
	assert.JSONEq(t, docs[2], encodetest.JSON(rows[2]))
	assert.Nil(t, rows[1]["column_500"])
}

func TestDeepNesting(t *testing.T) {
	deep := func(n int) string {
		return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n)
	}
	data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), deep(50))
	requireRows(t, []string{deep(50)}, data)

	lists := `{"l":` + strings.Repeat("[", 20) + "1" + strings.Repeat("]", 20) + "}"
	data, _ = encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), lists)
	requireRows(t, []string{lists}, data)

	// What is deeper than engines accept is kept as text.
	data, _ = encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), deep(900))
	rows, err := arrowRows(data)
	require.NoError(t, err)
	assert.Contains(t, encodetest.JSON(rows[0]), `\"a\":1}}`)
}

func TestColumnsNeverFlip(t *testing.T) {
	reg := registry(t, schema.Config{})
	first, err := parquet.New(parquet.Config{}, reg)
	require.NoError(t, err)
	second, err := parquet.New(parquet.Config{}, reg)
	require.NoError(t, err)

	data, _ := encodetest.Encode(t, first, `{"b":null,"a":1,"c":1}`)
	assert.Equal(t, []string{"a:INT64", "c:INT64"}, columns(t, data))
	data, _ = encodetest.Encode(t, second, `{"a":1.5,"b":"x"}`)
	assert.Equal(t, []string{"a:DOUBLE", "c:INT64", "b:BYTE_ARRAY"}, columns(t, data))
	data, _ = encodetest.Encode(t, first, `{"c":1,"a":2,"b":"y"}`)
	assert.Equal(t, []string{"a:DOUBLE", "c:INT64", "b:BYTE_ARRAY"}, columns(t, data))
	data, _ = encodetest.Encode(t, first, `{"c":"s","a":2}`, `{"a":1,"c":5}`)
	assert.Equal(t, []string{"a:DOUBLE", "c:BYTE_ARRAY", "b:BYTE_ARRAY"}, columns(t, data))
}

func TestRefusedRecordsLeaveNoTrace(t *testing.T) {
	good := []string{`{"id":1,"t":["a"]}`, `{"id":2,"t":["b","c"]}`}
	bad := []string{`{"id":3,"new":1`, `{"id":4,"t":["zz",}`, `nonsense`, `[]`, `{"id":"\xff"}`, ``}
	mixed := []string{bad[0], good[0], bad[1], bad[2], good[1], bad[3], bad[4], bad[5]}
	clean, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), good...)
	dirty, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), mixed...)
	assert.Equal(t, 2, res.Rows)
	assert.Len(t, res.Refused, 6)
	assert.Equal(t, clean, dirty)
	assert.EqualError(t, res.Refused[3].Err, "the record is an array, not an object")
}

func TestNothingButEmptyObjects(t *testing.T) {
	data, res := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), `{}`, `{}`)
	assert.Empty(t, data)
	assert.Len(t, res.Refused, 2)
	data, res = encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), `{}`, `{"a":1}`)
	assert.Empty(t, res.Refused)
	requireRows(t, []string{`{"a":null}`, `{"a":1}`}, data)
}

func TestTooManyColumns(t *testing.T) {
	e := newEncoder(t, parquet.Config{}, schema.Config{MaxColumns: 2})
	data, res := encodetest.Encode(t, e, `{"a":1,"b":2}`, `{"a":1,"c":3}`, `{"b":4}`)
	require.Len(t, res.Refused, 1)
	require.ErrorContains(t, res.Refused[0].Err, "limit of columns")
	requireRows(t, []string{`{"a":1,"b":2}`, `{"a":null,"b":4}`}, data)
}

func TestCompressions(t *testing.T) {
	docs := []string{`{"s":"` + strings.Repeat("long ", 1000) + `","n":null}`, `{"s":"x","n":1}`}
	for _, c := range []string{"zstd", "snappy", "gzip", "lz4_raw", "none"} {
		for _, level := range []int{0, 1, 9} {
			data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{Compression: c, Level: level}, schema.Config{}), docs...)
			requireRows(t, docs, data)
		}
	}
}

func TestObjectEndsBeforeANewField(t *testing.T) {
	for name, cores := range map[string]*parquet.Cores{"one core": nil, "three cores": parquet.NewCores(3)} {
		t.Run(name, func(t *testing.T) {
			config := parquet.Config{RowGroupSize: 2 << 10, Cores: cores}
			encodetest.RequireStopsAtSchemaChange(t, newEncoder(t, config, schema.Config{}))
		})
	}
}
