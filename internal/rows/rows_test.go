package rows_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"
	other "github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	encodejson "github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/rows"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// format is a way to write objects.
type format struct {
	name    string // which a key ends with
	encoder func(t testing.TB, s schema.Config) encode.Encoder
}

func registry(t testing.TB, s schema.Config) *schema.Registry {
	t.Helper()
	r, err := schema.New(s)
	require.NoError(t, err)
	return r
}

func parquetWith(c parquet.Config) format {
	return format{"-" + c.Compression + ".parquet", func(t testing.TB, s schema.Config) encode.Encoder {
		e, err := parquet.New(c, registry(t, s))
		require.NoError(t, err)
		return e
	}}
}

func avroWith(c avro.Config) format {
	return format{"-" + c.Codec + ".avro", func(t testing.TB, s schema.Config) encode.Encoder {
		e, err := avro.New(c, registry(t, s))
		require.NoError(t, err)
		return e
	}}
}

func jsonWith(end string, c encodejson.Config) format {
	return format{end, func(testing.TB, schema.Config) encode.Encoder { return encodejson.New(c) }}
}

// typed are those that keep types and what is nested.
func typed() []format {
	all := []format{
		jsonWith(".json", encodejson.Config{}), jsonWith("-array.json", encodejson.Config{Layout: encodejson.Array}),
		jsonWith(".json.gz", encodejson.Config{Gzip: true}), jsonWith("-array.json.gz", encodejson.Config{Gzip: true, Layout: encodejson.Array}),
	}
	for _, codec := range []string{"zstd", "snappy", "gzip", "lz4_raw", "none"} {
		all = append(all, parquetWith(parquet.Config{Compression: codec, RowGroupSize: 64 << 10, PageSize: 4 << 10, Compatibility: parquet.Modern}))
	}
	for _, codec := range []string{"snappy", "deflate", "zstandard", "null"} {
		all = append(all, avroWith(avro.Config{Codec: codec, BlockSize: 8 << 10}))
	}
	return all
}

func object(key string, content []byte) rows.Object {
	return rows.Object{Key: key, Size: int64(len(content)), Content: readerAt(bytes.NewReader(content).ReadAt)}
}

// readerAt is what a store is: nothing that can be compared.
type readerAt func(p []byte, off int64) (int, error)

func (r readerAt) ReadAt(p []byte, off int64) (int, error) { return r(p, off) }

var comma = rows.Table{CSV: rows.CSV{Separator: ','}, Header: true}

// read returns all lines of an object.
func read(o rows.Object, table rows.Table) (lines []string, err error) {
	for line, err := range rows.Of(o, table) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, string(line))
	}
	return lines, nil
}

// sparse is a document without what is null.
func sparse(t require.TestingT, doc string) string {
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v))
	return encodetest.JSON(withoutNull(v))
}

func withoutNull(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if v[name] = withoutNull(inner); v[name] == nil {
				delete(v, name)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutNull(v[i])
		}
	}
	return v
}

func TestRecordsComeBackFromEveryFormatAndCodec(t *testing.T) {
	docs := encodetest.Clicks(encodetest.Sized(500, 100), 1)
	for _, f := range typed() {
		t.Run(f.name, func(t *testing.T) {
			content, _ := encodetest.EncodeRecords(t, f.encoder(t, schema.Config{}), encodetest.Records(docs))
			lines, err := read(object("in/f"+f.name, content), comma)
			require.NoError(t, err)
			require.Len(t, lines, len(docs))
			for i := range docs {
				require.JSONEq(t, sparse(t, string(docs[i])), sparse(t, lines[i]), "record %d", i)
			}
		})
	}
}

// The types of columns, and how records have their values.
func TestEveryTypeIsWrittenAsRecordsHaveIt(t *testing.T) {
	number := &schema.FieldConfig{Type: "int64", Optional: true}
	declared := schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{
		{Name: "b", Type: "bool", Optional: true},
		{Name: "i", Type: "int32", Optional: true},
		{Name: "l", Type: "int64"},
		{Name: "f", Type: "float", Optional: true},
		{Name: "d", Type: "double", Optional: true},
		{Name: "s t", Type: "string", Optional: true},
		{Name: "by", Type: "bytes", Base64: true, Optional: true},
		{Name: "fixed", Type: "bytes", Size: 2, Base64: true, Optional: true},
		{Name: "ts", Type: "timestamp", Optional: true},
		{Name: "wall", Type: "timestamp", Local: true, Optional: true},
		{Name: "date", Type: "date", Optional: true},
		{Name: "time", Type: "time", Optional: true},
		{Name: "dec", Type: "decimal", Precision: 12, Scale: 2, Optional: true},
		{Name: "big", Type: "decimal", Precision: 38, Scale: 3, Optional: true},
		{Name: "uuid", Type: "uuid", Optional: true},
		{Name: "g", Type: "group", Optional: true, Fields: []schema.FieldConfig{{Name: "x-y", Type: "int64", Optional: true}}},
		{Name: "list", Type: "list", Optional: true, Items: &schema.FieldConfig{Type: "list", Optional: true, Items: number}},
		{Name: "map", Type: "map", Optional: true, Values: number},
	}}
	docs := []string{
		`{"b":true,"i":-5,"l":9007199254740993,"f":1.5,"d":0.1,"s t":"ü \"<\n","by":"//4=","fixed":"AP8=",` +
			`"ts":"2025-07-01T12:00:00.000001Z","wall":"2025-07-01T12:00:00","date":"2025-07-01","time":"12:30:00.5",` +
			`"dec":-12.30,"big":12345678901234567890123456789.125,"uuid":"0197c1e0-0000-7000-8000-000000000001",` +
			`"g":{"x-y":1},"list":[[1,null],[],null],"map":{"a":1,"b":null}}`,
		`{"b":null,"i":null,"l":-1,"f":null,"d":1e+300,"s t":"","by":"dGV4dA==","fixed":null,"ts":"1969-12-31T23:59:59.5Z","wall":null,` +
			`"date":"0001-01-01","time":"00:00:00","dec":0.00,"big":-0.001,"uuid":null,"g":null,"list":[],"map":{}}`,
		`{"b":null,"i":null,"l":0,"f":null,"d":null,"s t":null,"by":null,"fixed":null,"ts":null,"wall":null,` +
			`"date":null,"time":null,"dec":null,"big":null,"uuid":null,"g":{"x-y":null},"list":null,"map":null}`,
	}
	want := append([]string{}, docs...)
	want[1] = strings.Replace(want[1], `"dGV4dA=="`, `"text"`, 1) // bytes that are text
	for _, f := range typed()[4:] {
		t.Run(f.name, func(t *testing.T) {
			content, res := encodetest.Encode(t, f.encoder(t, declared), docs...)
			require.Empty(t, encodetest.Refusals(res))
			lines, err := read(object("f"+f.name, content), comma)
			require.NoError(t, err)
			assert.Equal(t, want, lines)
		})
	}
}

func TestNestedMapsComeBack(t *testing.T) {
	for _, f := range []format{parquetWith(parquet.Config{}), avroWith(avro.Config{})} {
		content, res := encodetest.Encode(t, f.encoder(t, schema.Config{Mode: schema.Fixed, Fields: encodetest.NestedMapFields()}), encodetest.NestedMaps...)
		require.Empty(t, encodetest.Refusals(res))
		lines, err := read(object("f"+f.name, content), comma)
		require.NoError(t, err)
		for i, doc := range encodetest.NestedMaps {
			require.JSONEq(t, doc, lines[i])
		}
	}
}

// Strings that files have as bytes are text, also as keys.
func TestBytesThatAreTextAreText(t *testing.T) {
	declared := schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{
		{Name: "s", Type: "string"}, {Name: "m", Type: "map", Values: &schema.FieldConfig{Type: "string"}}, {Name: "j", Type: "json"},
	}}
	for _, binary := range []bool{false, true} {
		for _, f := range []format{parquetWith(parquet.Config{BinaryStrings: binary}), avroWith(avro.Config{BinaryStrings: binary})} {
			content, _ := encodetest.Encode(t, f.encoder(t, declared), `{"s":"ü","m":{"k":"v"},"j":{"a":[1, 2]}}`)
			lines, err := read(object("f"+f.name, content), comma)
			require.NoError(t, err)
			assert.Equal(t, []string{`{"s":"ü","m":{"k":"v"},"j":"{\"a\":[1,2]}"}`}, lines)
		}
	}
}

// What others have written into the folder is read as well.
func TestParquetOfOtherWriters(t *testing.T) {
	type row struct {
		U32      uint32           `parquet:"u32"`
		U64      uint64           `parquet:"u64"`
		Millis   int64            `parquet:"millis,timestamp(millisecond)"`
		Nanos    int64            `parquet:"nanos,timestamp(nanosecond)"`
		Time     int32            `parquet:"time,time(millisecond)"`
		JSON     string           `parquet:"json,json"`
		Enum     string           `parquet:"enum,enum"`
		Bare     []int32          `parquet:"bare"`
		Price    int64            `parquet:"price,decimal(3:10)"`
		Numbered map[int32]string `parquet:"numbered"`
		Float    float64          `parquet:"float"`
	}
	var out bytes.Buffer
	w := other.NewGenericWriter[row](&out)
	_, err := w.Write([]row{
		{1<<32 - 1, 1<<64 - 1, 1500, 1, 1500, `{"a": [1, 2]}`, "e", []int32{1, 2}, -1234, map[int32]string{7: "x"}, math.Inf(1)},
		{0, 0, -1, 0, 0, `null`, "", nil, 0, nil, math.NaN()},
	})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	lines, err := read(object("f.parquet", out.Bytes()), comma)
	require.NoError(t, err)
	assert.Equal(t, []string{
		`{"u32":4294967295,"u64":18446744073709551615,"millis":"1970-01-01T00:00:01.5Z","nanos":"1970-01-01T00:00:00.000000001Z",` +
			`"time":"00:00:01.5","json":{"a":[1,2]},"enum":"e","bare":[1,2],"price":-1.234,"numbered":[{"key":7,"value":"x"}],"float":"+Inf"}`,
		`{"u32":0,"u64":0,"millis":"1969-12-31T23:59:59.999Z","nanos":"1970-01-01T00:00:00Z","time":"00:00:00","json":null,"enum":"","bare":[],"price":0.000,"numbered":[],"float":"NaN"}`,
	}, lines)
}

// Unions of several types have no column, and their values still read well.
func TestAvroOfOtherWriters(t *testing.T) {
	codec, err := goavro.NewCodec(`{"type":"record","name":"r","fields":[
		{"name":"u","type":["null","long","string",{"type":"array","items":"double"}]},
		{"name":"e","type":{"type":"enum","name":"e","symbols":["A","B"]}},
		{"name":"f","type":{"type":"fixed","name":"f","size":2}}]}`)
	require.NoError(t, err)
	var out bytes.Buffer
	w, err := goavro.NewOCFWriter(goavro.OCFConfig{W: &out, Codec: codec})
	require.NoError(t, err)
	require.NoError(t, w.Append([]any{
		map[string]any{"u": goavro.Union("long", 5), "e": "B", "f": []byte{0xff, 0}},
		map[string]any{"u": goavro.Union("array", []any{0.5}), "e": "A", "f": []byte("ok")},
		map[string]any{"u": nil, "e": "A", "f": []byte("ok")},
	}))
	lines, err := read(object("f.avro", out.Bytes()), comma)
	require.NoError(t, err)
	assert.Equal(t, []string{`{"u":5,"e":"B","f":"/wA="}`, `{"u":[0.5],"e":"A","f":"ok"}`, `{"u":null,"e":"A","f":"ok"}`}, lines)
}

func TestStylesOfCSVComeBack(t *testing.T) {
	docs := []string{
		`{"a":"x, \"y\"\n","b":1.50,"c":true}`, `{"a":"","b":null,"c":false}`, `{"a":"\\N","b":-1e5,"c":null}`,
		`{"a":"a\\b;\t","b":12345678901234567890,"c":true}`,
	}
	for name, c := range map[string]struct {
		config csv.Config
		table  rows.Table
	}{
		"plain":       {csv.Config{Header: true}, comma},
		"gzip":        {csv.Config{Header: true, Gzip: true, GzipLevel: 5}, comma},
		"semicolons":  {csv.Config{Header: true, Separator: ';', CRLF: true, Null: `\N`}, rows.Table{CSV: rows.CSV{Separator: ';', Null: `\N`}, Header: true}},
		"backslashes": {csv.Config{Header: true, Backslash: true, Quote: csv.Strings, Null: `\N`}, rows.Table{CSV: rows.CSV{Separator: ',', Backslash: true, Null: `\N`}, Header: true}},
		"no header":   {csv.Config{Separator: '\t'}, rows.Table{CSV: rows.CSV{Separator: '\t'}, Columns: []string{"a", "b", "c"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Schema = registry(t, schema.Config{})
			content, _ := encodetest.Encode(t, csv.New(c.config), docs...)
			end := ".csv"
			if c.config.Gzip {
				end = ".csv.gz"
			}
			lines, err := read(object("f"+end, content), c.table)
			require.NoError(t, err)
			assert.Equal(t, docs, lines)
		})
	}
}

func TestAnyTextComesBack(t *testing.T) {
	property.Check(t, func(rt *rapid.T) {
		f := rapid.SampledFrom(typed()).Draw(rt, "format")
		doc := encodetest.JSON(map[string]any{"a": rapid.String().Draw(rt, "a"), "b": rapid.SliceOfN(rapid.String(), 1, 5).Draw(rt, "b"), "c": rapid.Int64().Draw(rt, "c")})
		content, _ := encodetest.Encode(t, f.encoder(t, schema.Config{}), doc)
		lines, err := read(object("f"+f.name, content), comma)
		require.NoError(rt, err)
		require.Len(rt, lines, 1)
		require.JSONEq(rt, sparse(rt, doc), sparse(rt, lines[0]))
	})
}

// An object that is cut anywhere is an error with its place, and never records that it
// has not; what stands in front of the cut is read.
func TestDamageIsAnError(t *testing.T) {
	docs := encodetest.Clicks(100, 1)
	step := 10
	if long.Wanted() {
		step = 1
	}
	for _, f := range append(typed(), format{".csv", func(t testing.TB, s schema.Config) encode.Encoder {
		return csv.New(csv.Config{Header: true, Schema: registry(t, s)})
	}}) {
		t.Run(f.name, func(t *testing.T) {
			content, _ := encodetest.EncodeRecords(t, f.encoder(t, schema.Config{}), encodetest.Records(docs))
			whole, err := read(object("f"+f.name, content), comma)
			require.NoError(t, err)
			for _, part := range []float64{0.1, 0.5, 0.9, 0.999} {
				lines, err := read(object("f"+f.name, content[:int(part*float64(len(content)))]), comma)
				require.ErrorContains(t, err, fmt.Sprintf("behind record %d: ", len(lines)))
				require.Equal(t, strings.Join(whole[:len(lines)], "\n"), strings.Join(lines, "\n"))
			}
			for i := 0; i < 50; i += step { // what is damaged may look like something else, but the reader stays
				damaged := bytes.Clone(content)
				damaged[i*len(damaged)/50] ^= 0xff
				_, _ = read(object("f"+f.name, damaged), comma)
			}
		})
	}
}

func TestWhatHasNoFormatIsAnError(t *testing.T) {
	_, err := read(object("f.txt", []byte("x")), comma)
	require.ErrorContains(t, err, "its name ends with none of")
	_, err = read(object("f.json", []byte("{\"a\":1}\n{a}\n")), comma)
	require.EqualError(t, err, "behind record 1: line 2 is no JSON")
	_, err = read(object("f.csv", []byte("a,b\n1,2\n3\n")), comma)
	require.EqualError(t, err, "behind record 1: the next row has 1 cells, and there are 2 columns")
	_, err = read(object("f.avro", []byte("Obj")), comma)
	require.ErrorContains(t, err, "reading the header")
	lines, err := read(object("f.csv", nil), comma)
	require.NoError(t, err)
	assert.Empty(t, lines)
}

// A library that gives up on what is damaged ends the object and nothing else; a panic of
// the loop is not the object's.
func TestAPanicIsThatOfTheObjectOrOfTheLoop(t *testing.T) {
	o := rows.Object{Key: "f.json", Size: 10, Content: readerAt(func([]byte, int64) (int, error) { panic("a bad page") })}
	_, err := read(o, comma)
	require.EqualError(t, err, "behind record 0: what is there is damaged: a bad page")
	assert.PanicsWithValue(t, "of the loop", func() {
		for range rows.Of(object("f.json", []byte("{}\n")), comma) {
			panic("of the loop")
		}
	})
}

// counted counts what is read.
type counted struct {
	io.ReaderAt
	bytes, most int
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.bytes += len(p)
	c.most = max(c.most, len(p))
	return c.ReaderAt.ReadAt(p, off)
}

// Who wants the first records is not kept waiting for the others, and nobody holds a
// whole object.
func TestOnlyWhatIsWantedIsRead(t *testing.T) {
	docs := encodetest.Clicks(encodetest.Sized(8_000, 2_000), 1)
	for _, f := range []format{jsonWith(".json", encodejson.Config{}), parquetWith(parquet.Config{Compression: "none", RowGroupSize: 256 << 10, PageSize: 64 << 10}), avroWith(avro.Config{Codec: "null"})} {
		t.Run(f.name, func(t *testing.T) {
			content, _ := encodetest.EncodeRecords(t, f.encoder(t, schema.Config{}), encodetest.Records(docs))
			in := &counted{ReaderAt: bytes.NewReader(content)}
			o := rows.Object{Key: "f" + f.name, Size: int64(len(content)), Content: in}
			n := 0
			for _, err := range rows.Of(o, comma) {
				require.NoError(t, err)
				if n++; n == 10 {
					break
				}
			}
			assert.Less(t, in.bytes, len(content)/2, "of %d bytes", len(content))
			lines, err := read(o, comma)
			require.NoError(t, err)
			assert.Len(t, lines, len(docs))
			assert.LessOrEqual(t, in.most, 4<<20)
		})
	}
}
