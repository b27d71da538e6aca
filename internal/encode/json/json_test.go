package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

func decodeLines(object []byte) (rows []map[string]any, err error) {
	body, ok := bytes.CutSuffix(object, []byte("\n"))
	if !ok {
		return nil, errors.New("the last line has no end")
	}
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		dec := stdjson.NewDecoder(bytes.NewReader(line))
		dec.UseNumber()
		var row map[string]any
		if err := dec.Decode(&row); err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func decodeArray(object []byte) (rows []map[string]any, err error) {
	dec := stdjson.NewDecoder(bytes.NewReader(object))
	dec.UseNumber()
	return rows, dec.Decode(&rows)
}

func TestConformanceWithSourceColumns(t *testing.T) {
	long.Skip(t)
	columns := encodetest.SourceColumns()
	encodetest.Run(t, encodetest.Subject{
		Name:    "lines",
		New:     func() encode.Encoder { return json.New(json.Config{Columns: columns}) },
		Decode:  decodeLines,
		Columns: columns,
	})
	encodetest.Run(t, encodetest.Subject{
		Name: "array gzip",
		New:  func() encode.Encoder { return json.New(json.Config{Layout: json.Array, Gzip: true, Columns: columns}) },
		Decode: func(object []byte) ([]map[string]any, error) {
			raw, err := encodetest.Gunzip(object)
			if err != nil {
				return nil, err
			}
			return decodeArray(raw)
		},
		Columns: columns,
	})
}

func TestConformance(t *testing.T) {
	for _, layout := range []json.Layout{json.Lines, json.Array} {
		decode := decodeLines
		if layout == json.Array {
			decode = decodeArray
			if testing.Short() {
				continue
			}
		}
		encodetest.Run(t, encodetest.Subject{
			Name:     fmt.Sprintf("layout %d plain", layout),
			New:      func() encode.Encoder { return json.New(json.Config{Layout: layout}) },
			Decode:   decode,
			AnyValue: true,
		})
		encodetest.Run(t, encodetest.Subject{
			Name: fmt.Sprintf("layout %d gzip", layout),
			New:  func() encode.Encoder { return json.New(json.Config{Layout: layout, Gzip: true}) },
			Decode: func(object []byte) ([]map[string]any, error) {
				raw, err := encodetest.Gunzip(object)
				if err != nil {
					return nil, err
				}
				return decode(raw)
			},
			AnyValue: true,
		})
	}
}

func encodeText(t *testing.T, cfg json.Config, records ...record.Record) (string, encode.Result) {
	var buf bytes.Buffer
	res, err := json.New(cfg).Encode(&buf, records, 0)
	require.NoError(t, err)
	return buf.String(), res
}

func raw(docs ...string) (records []record.Record) {
	for _, d := range docs {
		records = append(records, record.Record{Raw: []byte(d)})
	}
	return records
}

func TestLines(t *testing.T) {
	tests := map[string]struct{ doc, want string }{
		"untouched":              {`{"b": 1.50, "a":"\u00e9"}`, `{"b": 1.50, "a":"\u00e9"}` + "\n"},
		"line break at the end":  {"{\"a\": 1}\r\n", "{\"a\": 1}\n"},
		"line breaks inside":     {"{\n  \"a b\": [1,\r\n 2]\n}\n", "{\"a b\":[1,2]}\n"},
		"any value":              {`[1,"x"]`, `[1,"x"]` + "\n"},
		"escaped line break":     {`"a\nb"`, `"a\nb"` + "\n"},
		"white space at the end": {`{} `, "{} \n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := encodeText(t, json.Config{}, raw(test.doc)...)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestArray(t *testing.T) {
	got, _ := encodeText(t, json.Config{Layout: json.Array}, raw(`{"a":1}`, `oops`, `{"a":2}`)...)
	assert.Equal(t, "[\n{\"a\":1},\n{\"a\":2}\n]\n", got)
}

func TestParsedRecordsHaveSortedKeys(t *testing.T) {
	got, _ := encodeText(t, json.Config{}, record.Record{Value: map[string]any{"b": stdjson.Number("1.0"), "a": nil}}, record.Record{})
	assert.Equal(t, "{\"a\":null,\"b\":1.0}\nnull\n", got)
}

func TestRefusalsAreInWordsForTheProducer(t *testing.T) {
	_, res := encodeText(t, json.Config{}, append(raw(`{"a":1,}`, ``), record.Record{Value: map[string]any{"f": func() {}}})...)
	require.Len(t, res.Refused, 3)
	assert.EqualError(t, res.Refused[0].Err, "expected one JSON value: invalid JSON at offset 7: expected a field name in quotes, found '}'")
	assert.EqualError(t, res.Refused[1].Err, "expected one JSON value: invalid JSON at offset 0: expected a value, found the end of the document")
	assert.EqualError(t, res.Refused[2].Err, `expected a value that JSON can hold: field "f": a value of type func() cannot be written as JSON`)
}

func BenchmarkEncode(b *testing.B) {
	for name, docs := range map[string][][]byte{"clicks": encodetest.Clicks(10_000, 1), "wide": encodetest.Wide(3000, 1)} {
		b.Run(name+"/lines", func(b *testing.B) { encodetest.Bench(b, json.New(json.Config{}), docs, 0) })
		b.Run(name+"/strict", func(b *testing.B) { encodetest.Bench(b, json.New(json.Config{Strict: true}), docs, 0) })
		for _, level := range []int{1, 5} {
			b.Run(fmt.Sprintf("%s/gzip%d", name, level), func(b *testing.B) {
				encodetest.Bench(b, json.New(json.Config{Gzip: true, GzipLevel: level}), docs, 0)
			})
		}
	}
}
