package parquet_test

import (
	"bytes"
	"encoding/json"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// BenchmarkParquetCompare sets the encoder against parquet-go's own writers,
// on the same records with the same codec: its column writers, fed by the same
// tokeniser, and its generic writer, fed with maps.
func BenchmarkParquetCompare(b *testing.B) {
	docs := encodetest.Clicks(20_000, 1)
	sample, _ := encodePrefix(b, newEncoder(b, parquet.Config{}, schema.Config{}), encodetest.Records(docs))
	file, err := open(sample)
	require.NoError(b, err)
	codecs := map[string]compress.Codec{
		"zstd": &zstd.Codec{Level: zstd.SpeedDefault}, "snappy": &parquetgo.Snappy,
	}
	for _, codec := range []string{"zstd", "snappy"} {
		b.Run(codec+"/s3-destination", func(b *testing.B) {
			encodetest.Bench(b, newEncoder(b, parquet.Config{Compression: codec}, schema.Config{}), docs, 0)
		})
		b.Run(codec+"/parquet-go columns", func(b *testing.B) {
			benchWriter(b, docs, func(out *bytes.Buffer) error {
				w := parquetgo.NewGenericWriter[any](out, file.Schema(), parquetgo.Compression(codecs[codec]))
				return writeColumns(w, file, docs)
			})
		})
		b.Run(codec+"/parquet-go maps", func(b *testing.B) {
			benchWriter(b, docs, func(out *bytes.Buffer) error {
				w := parquetgo.NewGenericWriter[any](out, file.Schema(), parquetgo.Compression(codecs[codec]))
				return writeMaps(w, docs)
			})
		})
	}
}

func benchWriter(b *testing.B, docs [][]byte, write func(*bytes.Buffer) error) {
	b.ReportAllocs()
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		require.NoError(b, write(&out))
	}
	size := 0
	for _, d := range docs {
		size += len(d)
	}
	b.ReportMetric(float64(b.N*len(docs))/b.Elapsed().Seconds()/1000, "krows/s")
	b.ReportMetric(float64(out.Len())/float64(size), "out/raw")
}

func writeMaps(w *parquetgo.GenericWriter[any], docs [][]byte) error {
	rows := make([]any, 0, 1000)
	for i, d := range docs {
		var v map[string]any
		if err := json.Unmarshal(d, &v); err != nil {
			return err
		}
		if rows = append(rows, v); len(rows) == cap(rows) || i == len(docs)-1 {
			if _, err := w.Write(rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	return w.Close()
}

// columnBuilder collects the values of one column for parquet-go.
type columnBuilder struct {
	index, def int
	kind       parquetgo.Kind
	values     []parquetgo.Value
}

func (c *columnBuilder) add(cur *jsonscan.Cursor, rep, def int) error {
	var v parquetgo.Value
	switch cur.Kind() {
	case jsonscan.Null:
		c.values = append(c.values, parquetgo.Value{}.Level(rep, def-1, c.index))
		return cur.Null()
	case jsonscan.String:
		s, err := cur.String()
		if err != nil {
			return err
		}
		v = parquetgo.ByteArrayValue(bytes.Clone(s))
	case jsonscan.Number:
		s, err := cur.Number()
		if err != nil {
			return err
		}
		if c.kind == parquetgo.Double {
			d, _ := scalar.Double(s)
			v = parquetgo.DoubleValue(d)
		} else {
			i, _ := scalar.Int64(s)
			v = parquetgo.Int64Value(i)
		}
	default:
		t, err := cur.Bool()
		if err != nil {
			return err
		}
		v = parquetgo.BooleanValue(t)
	}
	c.values = append(c.values, v.Level(rep, def, c.index))
	return nil
}

// writeColumns feeds parquet-go's column writers as directly as they allow. It
// knows groups of scalars and lists of scalars, which is what the records have.
func writeColumns(w *parquetgo.GenericWriter[any], file *parquetgo.File, docs [][]byte) error {
	builders := map[string]*columnBuilder{}
	for i, path := range file.Schema().Columns() {
		leaf, _ := file.Schema().Lookup(path...)
		name := path[0]
		if len(path) == 2 {
			name += "." + path[1]
		}
		builders[name] = &columnBuilder{index: i, def: leaf.MaxDefinitionLevel, kind: leaf.Node.Type().Kind()}
	}
	writers := w.ColumnWriters()
	var c jsonscan.Cursor
	const batch = 1000
	for i, d := range docs {
		c.Reset(d)
		if err := writeObject(&c, builders, ""); err != nil {
			return err
		}
		if (i+1)%batch == 0 || i == len(docs)-1 {
			for _, b := range builders {
				if _, err := writers[b.index].WriteRowValues(b.values); err != nil {
					return err
				}
				b.values = b.values[:0]
			}
		}
	}
	return w.Close()
}

func writeObject(c *jsonscan.Cursor, builders map[string]*columnBuilder, prefix string) error {
	if err := c.EnterObject(); err != nil {
		return err
	}
	for {
		key, ok, err := c.NextField()
		if err != nil || !ok {
			return err
		}
		switch c.Kind() {
		case jsonscan.Object:
			err = writeObject(c, builders, string(key)+".")
		case jsonscan.Array:
			err = writeList(c, builders[string(key)])
		default:
			b := builders[string(key)]
			if prefix != "" {
				b = builders[prefix+string(key)]
			}
			err = b.add(c, 0, b.def)
		}
		if err != nil {
			return err
		}
	}
}

func writeList(c *jsonscan.Cursor, b *columnBuilder) error {
	if err := c.EnterArray(); err != nil {
		return err
	}
	for rep := 0; ; rep = 1 {
		ok, err := c.NextElement()
		if err != nil || !ok {
			return err
		}
		if err := b.add(c, rep, b.def); err != nil {
			return err
		}
	}
}
