package encodetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// Subject is an encoder under test.
type Subject struct {
	// Name labels the subtests.
	Name string
	// New makes an encoder that has learned nothing yet.
	New func() encode.Encoder
	// Decode reads an object back, with another implementation than the one
	// under test, into one map per row. Values are compared by how
	// fmt.Sprint prints them; absent and nil are the same.
	Decode func(object []byte) ([]map[string]any, error)
	// MinLimit is the smallest limit that the format can be expected to fill:
	// frames, schemas and footers are small against it. 0 stands for 32 KiB.
	MinLimit int64
	// MinFill is the mean fill expected from there on. 0 stands for 0.99.
	MinFill float64
	// AnyValue says that records may be JSON values other than objects.
	AnyValue bool
	// Random says that equal input need not give equal objects, for example
	// because of random sync markers.
	Random bool
	// Columns are the source columns that the encoder adds; nil for none. With
	// them records come with metadata, and rows must say what it says: numbers
	// in digits, times as RFC 3339 with milliseconds, headers as a JSON object or
	// its text.
	Columns *source.Columns
}

// parse reads a document as Benthos does, with numbers as json.Number.
func parse(doc []byte) (v any) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		panic(fmt.Sprintf("parsing test data %q: %v", doc, err))
	}
	return v
}

func sortByDraw(r *rand.Rand, keys []string) {
	slices.Sort(keys)
	r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
}

// tb is what both testing.TB and rapid.T offer.
type tb interface {
	require.TestingT
	Helper()
}

// object is one encoded object and what was said about it.
type object struct {
	encode.Result
	data []byte
}

// encodeOne encodes an object and checks what holds for every single one.
func (s *Subject) encodeOne(t tb, enc encode.Encoder, records []record.Record, limit int64) object {
	t.Helper()
	var buf bytes.Buffer
	res, err := enc.Encode(&buf, records, limit)
	require.NoError(t, err)
	require.Equal(t, int64(buf.Len()), res.Bytes, "Bytes is the size of the object")
	require.Equal(t, res.Taken, res.Rows+len(res.Refused), "Taken is Rows plus Refused")
	require.LessOrEqual(t, res.Taken, len(records))
	if len(records) > 0 {
		require.Positive(t, res.Taken, "every call makes progress")
	}
	if res.Rows == 0 {
		require.Zero(t, buf.Len(), "nothing is written without rows")
	}
	if limit > 0 && res.Rows != 1 {
		require.LessOrEqual(t, res.Bytes, limit, "the limit is exact")
	}
	last := -1
	for _, r := range res.Refused {
		require.Greater(t, r.Index, last, "refusals are in order")
		require.Less(t, r.Index, res.Taken, "refused records are taken")
		require.Error(t, r.Err)
		last = r.Index
	}
	return object{Result: res, data: buf.Bytes()}
}

// encodeAll encodes all records into as many objects as it takes.
func (s *Subject) encodeAll(t tb, enc encode.Encoder, records []record.Record, limit int64) []object {
	t.Helper()
	var objects []object
	for len(records) > 0 {
		o := s.encodeOne(t, enc, records, limit)
		records = records[o.Taken:]
		objects = append(objects, o)
	}
	return objects
}

// rows decodes an object.
func (s *Subject) rows(t tb, o object) []map[string]any {
	t.Helper()
	if o.Rows == 0 {
		return nil
	}
	rows, err := s.Decode(o.data)
	require.NoError(t, err)
	require.Len(t, rows, o.Rows)
	return rows
}

// requireRows checks that the objects together hold the documents, in order.
func (s *Subject) requireRows(t tb, docs [][]byte, objects []object) {
	t.Helper()
	i := 0
	for _, o := range objects {
		rows := s.rows(t, o)
		require.LessOrEqual(t, i+len(rows), len(docs), "a row too many")
		for _, row := range rows {
			s.requireRow(t, docs[i], row)
			i++
		}
	}
	require.Equal(t, len(docs), i, "rows are missing")
}

// requireRow compares with as few calls of t as it can: they are slow, and
// there are a million values.
func (s *Subject) requireRow(t tb, doc []byte, row map[string]any) {
	want := parse(doc).(map[string]any)
	s.expectSource(want, doc)
	for k, v := range want {
		if w, g := show(v), show(row[k]); w != g {
			require.Equal(t, w, g, "field %q", k)
		}
	}
	for k, v := range row {
		if _, ok := want[k]; !ok && show(v) != "" {
			require.Empty(t, show(v), "field %q comes from another record", k)
		}
	}
}

// show prints a value as every decoder can agree on.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case []byte:
		return string(v)
	case map[string]any: // headers, in an object of JSON
		text, err := json.Marshal(v)
		if err == nil {
			return string(text)
		}
	case time.Time:
		return v.UTC().Format(timeLayout)
	}
	return fmt.Sprint(v)
}

// Bench measures how many rows enc puts into one object in a second of
// processor time.
func Bench(b *testing.B, enc encode.Encoder, docs [][]byte, limit int64) {
	b.Helper()
	records, size := Records(docs), 0
	for _, d := range docs {
		size += len(d)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var out bytes.Buffer
	rows, start := 0, cpuTime()
	for b.Loop() {
		out.Reset()
		res, err := enc.Encode(&out, records, limit)
		if err != nil || res.Taken == 0 {
			b.Fatal(res, err)
		}
		rows += res.Rows
	}
	b.ReportMetric(float64(rows)/(cpuTime()-start).Seconds()/1000, "krows/cpu-s")
	b.ReportMetric(float64(out.Len())/float64(size), "out/raw")
}
