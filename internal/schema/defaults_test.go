package schema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// ofFile is a configuration of the columns that the fields of an Avro record declare.
func ofFile(t *testing.T, fields string) schema.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.avsc")
	require.NoError(t, os.WriteFile(path, []byte(`{"type":"record","name":"r","fields":[`+fields+`]}`), 0o600))
	return schema.Config{Mode: schema.Fixed, File: path}
}

// TestDefaultsOfEveryType compares a default with what records have in its place, and
// with what the schema of a file has.
func TestDefaultsOfEveryType(t *testing.T) {
	for name, test := range map[string]struct {
		typ, value string
		record     any
		file       string // the default of a file; that of the schema unless it is another
	}{
		"boolean":          {typ: `"boolean"`, value: `false`, record: false},
		"int":              {typ: `"int"`, value: `-5`, record: int32(-5)},
		"long":             {typ: `"long"`, value: `9007199254740993`, record: int64(9007199254740993)},
		"float":            {typ: `"float"`, value: `0.1`, record: float32(0.1)},
		"double":           {typ: `"double"`, value: `0.1`, record: 0.1},
		"string":           {typ: `"string"`, value: `"é"`, record: "é"},
		"enum":             {typ: `{"type":"enum","name":"e","symbols":["A","B"]}`, value: `"B"`, record: "B"},
		"bytes of text":    {typ: `"bytes"`, value: `"ab"`, record: "ab"},
		"bytes":            {typ: `"bytes"`, value: `"\u00ff\u0000"`, record: []byte{0xFF, 0}},
		"fixed":            {typ: `{"type":"fixed","name":"f","size":2}`, value: `"\u00ff\u0000"`, record: []byte{0xFF, 0}},
		"timestamp-millis": {typ: `{"type":"long","logicalType":"timestamp-millis"}`, value: `1500`, record: int64(1500), file: `1500000`},
		"local timestamp":  {typ: `{"type":"long","logicalType":"local-timestamp-micros"}`, value: `-1`, record: int64(-1)},
		"date":             {typ: `{"type":"int","logicalType":"date"}`, value: `19000`, record: int32(19000)},
		"time-millis":      {typ: `{"type":"int","logicalType":"time-millis"}`, value: `1`, record: int32(1), file: `1000`},
		"decimal":          {typ: `{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}`, value: `"\u00ff\u009c"`, record: json.Number("-1.00")},
		"small decimal":    {typ: `{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}`, value: `"\u0000\u0005"`, record: json.Number("0.05")},
		"whole decimal":    {typ: `{"type":"fixed","name":"d","size":3,"logicalType":"decimal","precision":4}`, value: `"\u0000\u0001\u0000"`, record: json.Number("256")},
		"uuid": {
			typ: `{"type":"string","logicalType":"uuid"}`, value: `"00112233-4455-6677-8899-aabbccddeeff"`,
			record: "00112233-4455-6677-8899-aabbccddeeff",
		},
		"uuid of bytes": {
			typ: `{"type":"fixed","name":"u","size":16,"logicalType":"uuid"}`, value: `"0123456789abcdef"`,
			record: "30313233-3435-3637-3839-616263646566", file: `"30313233-3435-3637-3839-616263646566"`,
		},
		"array":       {typ: `{"type":"array","items":"long"}`, value: `[1,2]`, record: []any{int64(1), int64(2)}},
		"empty array": {typ: `{"type":"array","items":"long"}`, value: `[]`, record: []any{}},
		"map":         {typ: `{"type":"map","values":"bytes"}`, value: `{"k":"\u00ff"}`, record: map[string]any{"k": []byte{0xFF}}},
		"record": {
			typ:    `{"type":"record","name":"g","fields":[{"name":"a_b","type":"long","originalName":"a-b"},{"name":"c","type":"int","default":3},{"name":"d","type":["null","int"],"default":null}]}`,
			value:  `{"a_b":1}`,
			record: map[string]any{"a-b": int64(1), "c": int32(3)},
			file:   `{"a_b":1,"c":3,"d":null}`,
		},
		"several types":       {typ: `["bytes","long"]`, value: `"\u00ff"`, record: "ÿ", file: `"\"ÿ\""`},
		"one type in a union": {typ: `["string"]`, value: `"x"`, record: "x"},
		"array of unions":     {typ: `{"type":"array","items":["null","long"]}`, value: `[null]`, record: []any{nil}},
		"array of values": {
			typ: `{"type":"array","items":["long","null"]}`, value: `[1]`, record: []any{int64(1)},
			file: "none", // in the union of the file null comes first
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := ofFile(t, `{"name":"v","type":`+test.typ+`,"default":`+test.value+`}`)
			r, err := schema.New(c)
			require.NoError(t, err)
			r.UseAvroNames()
			s := dataset(t, r, "").Schema()
			assert.Equal(t, test.record, s.Fields[0].Default)

			text, err := s.AvroSchema("Out", false)
			require.NoError(t, err)
			_, err = avro.ParseBytesWithCache(text, "", &avro.SchemaCache{})
			require.NoError(t, err)
			var file struct {
				Fields []struct{ Default json.RawMessage }
			}
			require.NoError(t, json.Unmarshal(text, &file))
			want := test.file
			switch want {
			case "none":
				assert.Empty(t, file.Fields[0].Default)
				return
			case "":
				want = test.value
			}
			assert.JSONEq(t, want, string(file.Fields[0].Default))
		})
	}
}

func TestDefaultsThatDoNotFit(t *testing.T) {
	for name, test := range map[string]struct{ field, want string }{
		"text for a number": {`{"name":"v","type":"long","default":"5"}`, `v`},
		"beyond the years":  {`{"name":"v","type":{"type":"long","logicalType":"timestamp-millis"},"default":9000000000000000}`, `field "v": its default: `},
		"more digits":       {`{"name":"v","type":{"type":"bytes","logicalType":"decimal","precision":2,"scale":0},"default":"\u0001\u0000"}`, `field "v": its default: field "v": 256 does not fit a column of type decimal`},
		"no uuid":           {`{"name":"v","type":{"type":"string","logicalType":"uuid"},"default":"x"}`, `field "v": its default: field "v": "x" does not fit a column of type uuid`},
		"inside":            {`{"name":"v","type":{"type":"record","name":"g","fields":[{"name":"d","type":{"type":"int","logicalType":"date"}}]},"default":{"d":2147483647}}`, `field "v": its default: field "v.d": 2147483647 does not fit a column of type date`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := schema.New(ofFile(t, test.field))
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "r.avsc")
		})
	}
}

// TestDefaultsAreDeclared begins anew with what was remembered: a default comes from
// the configuration, whatever the column has become.
func TestDefaultsAreDeclared(t *testing.T) {
	c := ofFile(t, `{"name":"n","type":"int","default":5},{"name":"g","type":{"type":"record","name":"g","fields":[{"name":"x","type":"long"}]},"default":{"x":1}},
		{"name":"l","type":{"type":"array","items":"long"},"default":[]},{"name":"may","type":["int","null"],"default":5}`)
	c.State, c.OnUnknownField, c.OnTypeMismatch = filepath.Join(t.TempDir(), "columns.json"), schema.Add, schema.Widen
	before := dataset(t, started(t, c), "")
	s := learn(before, records(`{}`, `{"n":"text","new":1}`))
	assert.Equal(t, "n string!, g {x int64!}!, l [int64!]!, may int32, new int64", show(s.Fields))
	after := dataset(t, started(t, c), "").Schema()
	for _, s := range []*schema.Schema{s, after} {
		assert.Equal(t, []any{int32(5), map[string]any{"x": int64(1)}, []any{}, nil, nil},
			[]any{s.Fields[0].Default, s.Fields[1].Default, s.Fields[2].Default, s.Fields[3].Default, s.Fields[4].Default})
	}
	require.NoError(t, memory(t, ofFile(t, `{"name":"n","type":"int","default":5}`)).Checker().Check(&record.Record{Value: map[string]any{}}))
}

// TestDefaultsOfAFileThatExists has one that no column holds: the records of the file
// have their values.
func TestDefaultsOfAFileThatExists(t *testing.T) {
	avsc := []byte(`{"type":"record","name":"r","fields":[{"name":"d","type":{"type":"int","logicalType":"date"},"default":2147483647}]}`)
	_, err := schema.ParseAvro(avsc)
	require.ErrorContains(t, err, "its default")
	fields, err := schema.ParseAvroFile(avsc)
	require.NoError(t, err)
	assert.Nil(t, fields[0].Default)
}
