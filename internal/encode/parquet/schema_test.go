package parquet_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// shown are fields as a line of text.
func shown(fields []schema.Field) string {
	all := make([]string, len(fields))
	for i := range fields {
		all[i] = strings.TrimSpace(fields[i].Name + " " + shownType(&fields[i]))
	}
	return strings.Join(all, ", ")
}

func shownType(f *schema.Field) string {
	text := f.Type.String()
	if f.Local {
		text = "local " + text
	}
	switch f.Type { //nolint:exhaustive // the others have nothing inside
	case schema.Group:
		text = "{" + shown(f.Fields) + "}"
	case schema.List:
		text = "[" + shownType(f.Elem) + "]"
	case schema.Map:
		text = "map of " + shownType(f.Elem)
	case schema.Decimal:
		text = fmt.Sprintf("decimal(%d,%d)", f.Precision, f.Scale)
	}
	if !f.Optional {
		text += "!"
	}
	return text
}

func TestReadSchema(t *testing.T) {
	for compatibility, want := range map[parquet.Compatibility]string{
		parquet.Modern: "time time, small decimal(9,2), big decimal(18,4), huge decimal(38,10), uuid uuid",
		parquet.Widest: "time int64, small decimal(9,2), big decimal(18,4), huge decimal(38,10), uuid string",
	} {
		data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{Compatibility: compatibility}, fixed(allTypes()...)), everyType)
		fields, err := parquet.ReadSchema(bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		assert.Equal(t, "id int64!, bool bool, i32 int32, double double, string string, bytes bytes, b64 bytes, ts timestamp, ms timestamp, date date, "+
			want+", json string, group {x int64}, list [date], float float, mac bytes", shown(fields))
	}
	data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), `{"id":1,"ID":[{"x":1,"X":2}]}`)
	fields, err := parquet.ReadSchema(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	assert.Equal(t, "id int64, ID [{x int64, X int64}]", shown(fields), "columns that were renamed get the names of records back")
	assert.Equal(t, "ID_2", fields[1].Column)
}

// TestReadSchemaOfOthers: files of Arrow have types that ours have not.
func TestReadSchemaOfOthers(t *testing.T) {
	s := arrow.NewSchema([]arrow.Field{
		{Name: "u8", Type: arrow.PrimitiveTypes.Uint8},
		{Name: "u32", Type: arrow.PrimitiveTypes.Uint32, Nullable: true},
		{Name: "u64", Type: arrow.PrimitiveTypes.Uint64},
		{Name: "f32", Type: arrow.PrimitiveTypes.Float32},
		{Name: "ms", Type: arrow.FixedWidthTypes.Timestamp_ms},
		{Name: "t", Type: arrow.FixedWidthTypes.Time32ms},
		{Name: "local", Type: &arrow.TimestampType{Unit: arrow.Microsecond}},
		{Name: "fixed", Type: &arrow.FixedSizeBinaryType{ByteWidth: 4}},
		{Name: "map", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64)},
		{Name: "lists", Type: arrow.ListOf(arrow.ListOf(arrow.BinaryTypes.String)), Nullable: true},
		{Name: "last", Type: arrow.FixedWidthTypes.Boolean},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	for _, f := range b.Fields() {
		f.AppendEmptyValue()
	}
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(s, &out, nil, pqarrow.DefaultWriterProps())
	require.NoError(t, err)
	require.NoError(t, w.Write(b.NewRecordBatch()))
	require.NoError(t, w.Close())
	fields, err := parquet.ReadSchema(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	assert.Equal(t, "u8 int32!, u32 int64, u64 decimal(20,0)!, f32 float!, ms timestamp!, t time!, local local timestamp!, fixed bytes!, map map of int64!, lists [[string]], last bool!", shown(fields))
}

func TestFootersTellRowsAndSource(t *testing.T) {
	conf := parquet.Config{Metadata: func([]record.Record) []parquet.KeyValue {
		return []parquet.KeyValue{{Key: parquet.MetaSource, Value: "t/0:1-3"}}
	}}
	data, _ := encodetest.Encode(t, newEncoder(t, conf, schema.Config{}), `{"id":1}`, `{"id":2}`, `{"id":3}`)
	footer, err := parquet.ReadFooter(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	assert.EqualValues(t, 3, footer.Rows)
	assert.Equal(t, "t/0:1-3", footer.Source)
	assert.Equal(t, "id int64", shown(footer.Fields))
}

func TestReadSchemaOfWhatIsNone(t *testing.T) {
	data, _ := encodetest.Encode(t, newEncoder(t, parquet.Config{}, schema.Config{}), `{"a":{"b":[1]}}`)
	for name, text := range map[string]string{
		"empty": "", "text": strings.Repeat("x", 100), "cut": string(data[:len(data)-1]), "too long": "PAR1\xff\xff\xff\x7fPAR1", "no schema": "PAR1\x00\x01\x00\x00\x00PAR1",
	} {
		_, err := parquet.ReadSchema(strings.NewReader(text), int64(len(text)))
		assert.Error(t, err, name)
	}
	for i := range data { // no byte that is wrong makes it panic
		broken := bytes.Clone(data)
		broken[i] ^= 0x55
		_, _ = parquet.ReadSchema(bytes.NewReader(broken), int64(len(broken)))
	}
}
