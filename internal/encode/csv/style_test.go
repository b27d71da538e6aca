package csv_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

func TestStyles(t *testing.T) {
	docs := []string{`{"a":"x\\y\"z","b":1,"c":null}`, `{"b":true,"a":"\\N"}`, `{"a":"=1","c":[1],"d":""}`, `{}`}
	for name, test := range map[string]struct {
		config csv.Config
		want   string
	}{
		"the default":      {csv.Config{}, "a,b,c,d\n\"x\\y\"\"z\",1,,\n\\N,true,,\n=1,,[1],\"\"\n,,,\n"},
		"a null":           {csv.Config{Null: `\N`}, "a,b,c,d\n\"x\\y\"\"z\",1,\\N,\\N\n\"\\N\",true,\\N,\\N\n=1,\\N,[1],\"\"\n\\N,\\N,\\N,\\N\n"},
		"all quoted":       {csv.Config{Quote: csv.All}, "\"a\",\"b\",\"c\",\"d\"\n\"x\\y\"\"z\",\"1\",,\n\"\\N\",\"true\",,\n\"=1\",,\"[1]\",\"\"\n,,,\n"},
		"strings quoted":   {csv.Config{Quote: csv.Strings}, "\"a\",\"b\",\"c\",\"d\"\n\"x\\y\"\"z\",1,,\n\"\\N\",true,,\n\"=1\",,\"[1]\",\"\"\n,,,\n"},
		"backslashes":      {csv.Config{Backslash: true}, "a,b,c,d\n\"x\\\\y\\\"z\",1,,\n\"\\\\N\",true,,\n=1,,[1],\"\"\n,,,\n"},
		"guarded formulas": {csv.Config{GuardFormulas: true}, "a,b,c,d\n\"x\\y\"\"z\",1,,\n\\N,true,,\n'=1,,[1],\"\"\n,,,\n"},
		"Windows":          {csv.Config{CRLF: true}, "a,b,c,d\r\n\"x\\y\"\"z\",1,,\r\n\\N,true,,\r\n=1,,[1],\"\"\r\n,,,\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.Header = true
			got, res := encodeText(t, test.config, 0, raw(docs...)...)
			require.Empty(t, res.Refused)
			assert.Equal(t, test.want, got)
			assert.Equal(t, int64(len(got)), res.Bytes)
			for limit := int64(1); limit < int64(len(got)); limit += 3 {
				part, res := encodeText(t, test.config, limit, raw(docs...)...)
				assert.Equal(t, int64(len(part)), res.Bytes, "the size is known before anything is written")
				assert.True(t, res.Rows == 1 || res.Bytes <= limit)
			}
		})
	}
	one, _ := encodeText(t, csv.Config{Null: "NULL"}, 0, raw(`{}`, `{"a":null}`, `{"a":"NULL"}`)...)
	assert.Equal(t, "NULL\nNULL\n\"NULL\"\n", one, "also in rows from before there was a column")
}

// TestColumnsFollowTheSchema is what positional readers need.
func TestColumnsFollowTheSchema(t *testing.T) {
	fields := []schema.FieldConfig{{Name: "a", Type: "int64"}, {Name: "b", Type: "string", Optional: true}}
	config := schema.Config{Mode: schema.Fixed, Fields: fields}
	with := func(c schema.Config) csv.Config { return csv.Config{Header: true, Schema: registry(t, c)} }

	got, res := encodeText(t, with(config), 0, raw(`{"b":"x","a":2}`, `{"a":"x"}`, `{"a":1,"new":1}`, `{"b":"y"}`, `{"a":3,"new":null}`)...)
	assert.Equal(t, "a,b\n2,x\n3,\n", got)
	require.Len(t, res.Refused, 3)
	require.ErrorContains(t, res.Refused[0].Err, "does not fit a column of type int64")
	require.ErrorContains(t, res.Refused[1].Err, `no field "new"`)
	require.ErrorContains(t, res.Refused[2].Err, `required field "a"`)

	config.OnUnknownField = schema.Drop
	got, _ = encodeText(t, with(config), 0, raw(`{"b":"x","new":{"x":[1]},"a":2}`, `{"new":1,"a":3}`)...)
	assert.Equal(t, "a,b\n2,x\n3,\n", got)
	got, _ = encodeText(t, with(config), 0, record.Record{Value: map[string]any{"a": 1, "new": 2}})
	assert.Equal(t, "a,b\n1,\n", got)

	config.OnUnknownField = schema.Add
	added := with(config)
	got, _ = encodeText(t, added, 0, raw(`{"new":1,"a":3}`)...)
	assert.Equal(t, "a,b,new\n3,,1\n", got)
	got, res = encodeText(t, added, 0, raw(`{"a":4}`, `{"a":5,"new":"other"}`)...)
	require.Empty(t, res.Refused)
	assert.Equal(t, "a,b,new\n4,,\n5,,other\n", got, "a column without a type takes any value")
}

func TestCSVNamesThatDifferOnlyInCase(t *testing.T) {
	docs := raw(`{"id":1,"x":0}`, `{"ID":2,"x":1}`, `{"id":3,"ID":4}`)
	got, _ := encodeText(t, csv.Config{Header: true}, 0, docs...)
	assert.Equal(t, "id,x,ID_2\n1,0,\n,1,2\n3,,4\n", got)
	got, res := encodeText(t, csv.Config{Header: true, Schema: registry(t, schema.Config{OnCaseCollision: schema.Merge})}, 0, docs...)
	assert.Equal(t, "id,x\n1,0\n2,1\n", got)
	require.Len(t, res.Refused, 1)
	got, res = encodeText(t, csv.Config{Header: true, Schema: registry(t, schema.Config{OnCaseCollision: schema.RejectName})}, 0, docs...)
	assert.Equal(t, "id,x\n1,0\n", got)
	assert.Len(t, res.Refused, 2)
}

// TestColumnsOfTwoEncodersAtOnce: while one encoder reads a record with a new
// field, another one writes an object with a new field of its own.
func TestColumnsOfTwoEncodersAtOnce(t *testing.T) {
	offset, err := source.NewColumns([]string{"offset"}, source.DefaultPrefix)
	require.NoError(t, err)
	for _, zip := range []bool{false, true} {
		r := registry(t, schema.Config{})
		first := csv.New(csv.Config{Header: true, Gzip: zip, Schema: r, Columns: offset})
		second := csv.New(csv.Config{Header: true, Schema: r})
		var one, two bytes.Buffer
		meanwhile := &hook{then: func() {
			_, err := second.Encode(&two, raw(`{"a":2,"c":3}`), 0)
			require.NoError(t, err)
		}}
		res, err := first.Encode(&one, []record.Record{{Raw: []byte(`{"a":1,"b":2}`), Meta: meanwhile}}, 0)
		require.NoError(t, err)
		assert.Equal(t, int64(one.Len()), res.Bytes, "nothing was written of the first attempt")
		object := one.Bytes()
		if zip {
			object, err = encodetest.Gunzip(object)
			require.NoError(t, err)
		}
		assert.Equal(t, "a,c\n2,3\n", two.String())
		assert.Equal(t, "kafka_offset,a,c,b\n,1,,2\n", string(object))
	}
}

// hook is metadata that does something when it is read first.
type hook struct{ then func() }

func (h *hook) MetaGetMut(string) (any, bool) {
	if then := h.then; then != nil {
		h.then = nil
		then()
	}
	return nil, false
}

func TestNamesThatAreHalfACharacter(t *testing.T) {
	got, res := encodeText(t, csv.Config{Header: true}, 0, raw(`{"\ud800":1,"a":2}`, `{"\ud800":1,"\udc00":2}`, `{"a":3}`)...)
	assert.Equal(t, "\ufffd,a\n1,2\n,3\n", got)
	require.Len(t, res.Refused, 1, "one of the values would be lost")
}
