package csv_test

import (
	"bytes"
	stdcsv "encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

func table(object []byte, separator rune) ([][]string, error) {
	r := stdcsv.NewReader(bytes.NewReader(object))
	r.Comma = separator
	return r.ReadAll()
}

// decode reads an object with a header; encoding/csv turns \r\n within quotes
// into \n, so the carriage returns are put out of its sight, as a character that
// the object does not hold.
func decode(object []byte, separator rune) ([]map[string]any, error) {
	stands := rune(0xf0000)
	for bytes.ContainsRune(object, stands) {
		stands++
	}
	hidden := string(stands)
	all, err := table(bytes.ReplaceAll(object, []byte("\r"), []byte(hidden)), separator)
	if err != nil {
		return nil, err
	}
	rows := make([]map[string]any, len(all)-1)
	for i, cells := range all[1:] {
		rows[i] = map[string]any{}
		for j, cell := range cells {
			rows[i][strings.ReplaceAll(all[0][j], hidden, "\r")] = strings.ReplaceAll(cell, hidden, "\r")
		}
	}
	return rows, nil
}

func TestDecodeKeepsEveryCharacter(t *testing.T) {
	text, _ := encodeText(t, csv.Config{Header: true}, 0, raw(`{"a":"\r 󰀀 \r\n"}`)...)
	rows, err := decode([]byte(text), ',')
	require.NoError(t, err)
	assert.Equal(t, []map[string]any{{"a": "\r \U000f0000 \r\n"}}, rows)
}

func TestConformanceWithSourceColumns(t *testing.T) {
	long.Skip(t)
	columns := encodetest.SourceColumns()
	for _, zip := range []bool{false, true} {
		encodetest.Run(t, encodetest.Subject{
			Name: fmt.Sprintf("gzip %t", zip),
			New: func() encode.Encoder {
				return csv.New(csv.Config{Header: true, Gzip: zip, Columns: columns})
			},
			Decode: func(object []byte) (_ []map[string]any, err error) {
				if zip {
					if object, err = encodetest.Gunzip(object); err != nil {
						return nil, err
					}
				}
				return decode(object, ',')
			},
			Columns: columns,
		})
	}
}

func TestConformance(t *testing.T) {
	separators, levels := []byte{',', '\t'}, []int{1, 0}
	if testing.Short() {
		separators, levels = separators[:1], levels[:1]
	}
	for _, separator := range separators {
		cfg := csv.Config{Separator: separator, Header: true}
		encodetest.Run(t, encodetest.Subject{
			Name:   fmt.Sprintf("plain %q", separator),
			New:    func() encode.Encoder { return csv.New(cfg) },
			Decode: func(object []byte) ([]map[string]any, error) { return decode(object, rune(separator)) },
		})
	}
	for _, level := range levels {
		encodetest.Run(t, encodetest.Subject{
			Name: fmt.Sprintf("gzip %d", level),
			New: func() encode.Encoder {
				return csv.New(csv.Config{Header: true, Gzip: true, GzipLevel: level})
			},
			Decode: func(object []byte) ([]map[string]any, error) {
				text, err := encodetest.Gunzip(object)
				if err != nil {
					return nil, err
				}
				return decode(text, ',')
			},
		})
	}
}

func raw(docs ...string) (records []record.Record) {
	for _, d := range docs {
		records = append(records, record.Record{Raw: []byte(d)})
	}
	return records
}

func encodeText(t require.TestingT, cfg csv.Config, limit int64, records ...record.Record) (string, encode.Result) {
	var buf bytes.Buffer
	res, err := csv.New(cfg).Encode(&buf, records, limit)
	require.NoError(t, err)
	require.Equal(t, int64(buf.Len()), res.Bytes)
	return buf.String(), res
}

func TestText(t *testing.T) {
	tests := map[string]struct {
		docs []string
		want string
	}{
		"values":                    {[]string{`{"i":-0.50e3,"b":true,"s":"x","n":null,"f":false}`}, "i,b,s,n,f\n-0.50e3,true,x,,false\n"},
		"null and empty string":     {[]string{`{"a":"","b":null}`, `{"b":""}`}, "a,b\n\"\",\n,\"\"\n"},
		"nested values":             {[]string{`{"o":{ "k" : [1, "x y"] },"l":[ ],"n":[1 , 2]}`}, "o,l,n\n\"{\"\"k\"\":[1,\"\"x y\"\"]}\",[],\"[1,2]\"\n"},
		"quotes":                    {[]string{`{"a":"x,y","b":"say \"hi\"","c":"l1\nl2","d":"\r"}`}, "a,b,c,d\n\"x,y\",\"say \"\"hi\"\"\",\"l1\nl2\",\"\r\"\n"},
		"outer white space":         {[]string{`{"a":" x","b":"x ","c":"x y","d":"\tx"}`}, "a,b,c,d\n\" x\",\"x \",x y,\"\tx\"\n"},
		"end of data marker":        {[]string{`{"a":"\\.","b":1}`}, "a,b\n\"\\.\",1\n"},
		"escapes":                   {[]string{`{"a":"\u00e9\ud83d\ude00\/"}`}, "a\né😀/\n"},
		"names need quotes":         {[]string{`{"a,b":1,"":2,"c\"":3}`}, "\"a,b\",\"\",\"c\"\"\"\n1,2,3\n"},
		"columns as first seen":     {[]string{`{"b":1}`, `{"a":2,"b":3}`, `{"c":4}`}, "b,a,c\n1,,\n3,2,\n,,4\n"},
		"the last duplicate counts": {[]string{`{"a":1,"b":2,"a":3}`, `{"a":1,"a":null}`}, "a,b\n3,2\n,\n"},
		"one column of nulls":       {[]string{`{"a":null}`, `{}`, `{"a":1}`}, "a\n\"\"\n\"\"\n1\n"},
		"no field at first":         {[]string{`{}`, `{"a":1,"b":2}`}, "a,b\n,\n1,2\n"},
		"one column, then two":      {[]string{`{"a":null}`, `{"b":null}`}, "a,b\n,\n,\n"},
		"white space":               {[]string{" {\n \"a\" : 1 ,\r\n\"b\":\"x\"\t} \n", `{"b":2, "a":3}`}, "a,b\n1,x\n3,2\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := encodeText(t, csv.Config{Header: true}, 0, raw(test.docs...)...)
			assert.Equal(t, test.want, got)
			_, body, _ := strings.Cut(test.want, "\n")
			got, _ = encodeText(t, csv.Config{}, 0, raw(test.docs...)...)
			assert.Equal(t, body, got, "without a header")
			zipped, _ := encodeText(t, csv.Config{Header: true, Gzip: true}, 1<<20, raw(test.docs...)...)
			plain, err := encodetest.Gunzip([]byte(zipped))
			require.NoError(t, err)
			assert.Equal(t, test.want, string(plain))
		})
	}
}

func TestOnlyTheSeparatorInUseIsQuoted(t *testing.T) {
	got, _ := encodeText(t, csv.Config{Separator: ';'}, 0, raw(`{"a":"x,y","b":"x;y","c":[1,2]}`)...)
	assert.Equal(t, "x,y;\"x;y\";[1,2]\n", got)
	got, _ = encodeText(t, csv.Config{Separator: '\t'}, 0, raw(`{"a":"x,y","b":"x\ty"}`)...)
	assert.Equal(t, "x,y\t\"x\ty\"\n", got)
}

func TestParsedRecords(t *testing.T) {
	got, _ := encodeText(t, csv.Config{Header: true}, 0, record.Record{Value: map[string]any{
		"time": time.Date(2025, 7, 1, 12, 0, 0, 0, time.UTC), "num": json.Number("1.10"), "int": int64(-3), "f": 1e21, "nil": nil,
		"s": "a\"b", "bytes": []byte("x"), "map": map[string]any{"b": 1, "a": "x"}, "list": []any{1, nil}, "ok": true, "none": []any(nil), "e": "",
	}})
	assert.Equal(t, "bytes,e,f,int,list,map,nil,none,num,ok,s,time\n"+
		"eA==,\"\",1e+21,-3,\"[1,null]\",\"{\"\"a\"\":\"\"x\"\",\"\"b\"\":1}\",,,1.10,true,\"a\"\"b\",2025-07-01T12:00:00Z\n", got)
}

func TestRefusalsAreInWordsForTheProducer(t *testing.T) {
	records := append(raw(`[1]`, `"x"`, ` 7`, `null`, `{"a":1,}`, `{"a":1} x`, `[1`, `{"x":1`, ``, `{"a":1}`),
		record.Record{}, record.Record{Value: []any{1}}, record.Record{Value: 5}, record.Record{Value: "x"}, record.Record{Value: map[string]any{"y": math.NaN()}})
	got, res := encodeText(t, csv.Config{Header: true}, 0, records...)
	assert.Equal(t, "a\n1\n", got)
	want := map[int]string{
		0:  "expected a JSON object, got an array",
		1:  "expected a JSON object, got a string",
		2:  "expected a JSON object, got a number",
		3:  "expected a JSON object, got null",
		4:  "expected a JSON object: invalid JSON at offset 7: expected a field name in quotes, found '}'",
		5:  "expected a JSON object: invalid JSON at offset 8: expected the end of the document, found 'x'",
		6:  "expected a JSON object: invalid JSON at offset 2: expected a comma or ] after an element, found the end of the document",
		7:  "expected a JSON object: invalid JSON at offset 6: expected a comma or } after a field, found the end of the document",
		8:  "expected a JSON object: invalid JSON at offset 0: expected a value, found the end of the document",
		10: "expected a JSON object, got null",
		11: "expected a JSON object, got an array",
		12: "expected a JSON object, got a number",
		13: "expected a JSON object, got a string",
		14: `expected a value that JSON can hold: field "y": NaN cannot be written as JSON`,
	}
	require.Len(t, res.Refused, len(want))
	for _, r := range res.Refused {
		assert.EqualError(t, r.Err, want[r.Index], "record %d", r.Index)
	}
}

func TestRecordsWithoutAnyFieldAreRefusedWhenThereIsNoColumn(t *testing.T) {
	for _, zip := range []bool{false, true} {
		got, res := encodeText(t, csv.Config{Header: true, Gzip: zip}, 100, raw(`{}`, `x`, ` { } `)...)
		assert.Empty(t, got)
		assert.Equal(t, 3, res.Taken)
		require.Len(t, res.Refused, 3)
		require.ErrorContains(t, res.Refused[0].Err, "expected at least one field")
		require.ErrorContains(t, res.Refused[1].Err, "invalid JSON")
	}
}

func TestTheSizeIsExactWhileColumnsGrow(t *testing.T) {
	var docs []string
	for i := range 60 {
		docs = append(docs, fmt.Sprintf(`{"c%d":%d,"c%d":null,"":"x"}`, i, i, i/2))
	}
	for _, header := range []bool{false, true} {
		for limit := int64(1); limit < 6000; limit += int64(encodetest.Sized(7, 53)) {
			cfg := csv.Config{Header: header}
			got, res := encodeText(t, cfg, limit, raw(docs...)...)
			if res.Rows > 1 {
				require.LessOrEqual(t, int64(len(got)), limit)
			}
			whole, _ := encodeText(t, cfg, 0, raw(docs[:res.Taken]...)...)
			require.Equal(t, whole, got, "a prefix must be written as if it were all")
			if res.Taken < len(docs) {
				longer, _ := encodeText(t, cfg, 0, raw(docs[:res.Taken+1]...)...)
				require.Greater(t, int64(len(longer)), limit, "one more record would have fitted")
			}
		}
	}
}

// New fields all the time are the hardest case for a compressed object: its
// header must name the fields of its own rows only.
func TestCompressedObjectsHaveNoColumnsOfOtherObjects(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	docs := make([]string, encodetest.Sized(3000, 1500))
	for i := range docs {
		docs[i] = fmt.Sprintf(`{"i":%d,"f%d":"%x"}`, i, i/(1+rnd.IntN(20)), rnd.Uint64())
	}
	for _, limit := range []int64{300, 5000, 20_000} {
		enc := csv.New(csv.Config{Header: true, Gzip: true, GzipLevel: 1})
		var plain encode.Encoder
		for rest := docs; len(rest) > 0; {
			var buf bytes.Buffer
			res, err := enc.Encode(&buf, raw(rest...), limit)
			require.NoError(t, err)
			if res.Rows > 1 {
				require.LessOrEqual(t, res.Bytes, limit)
			}
			got, err := encodetest.Gunzip(buf.Bytes())
			require.NoError(t, err)
			if plain == nil {
				plain = csv.New(csv.Config{Header: true})
			}
			var want bytes.Buffer
			_, err = plain.Encode(&want, raw(rest[:res.Taken]...), 0)
			require.NoError(t, err)
			require.Equal(t, want.String(), string(got), "the same columns as of objects that end where these do")
			rest = rest[res.Taken:]
		}
	}
}

func TestColumnsAreLimited(t *testing.T) {
	fields := func(from, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"c%d":1`, from+i)
		}
		return "{" + b.String()[1:] + "}"
	}
	for _, zip := range []bool{false, true} {
		cfg := csv.Config{Header: true, Gzip: zip, Schema: registry(t, schema.Config{MaxColumns: 100})}
		_, res := encodeText(t, cfg, 0, raw(fields(0, 101), fields(0, 100), `{"c1":2}`, `{"new":1}`, `{"c1":3}`)...)
		assert.Equal(t, 5, res.Taken)
		require.Len(t, res.Refused, 2, "and leave nothing behind that others would lack")
		require.ErrorContains(t, res.Refused[0].Err, "limit of columns")
		require.ErrorContains(t, res.Refused[1].Err, `"new"`)
	}
}

func TestNewFieldEndsAnObjectThatHadRoomAfterAll(t *testing.T) {
	const limit = 16 << 10
	r := rand.New(rand.NewPCG(1, 1))
	var hard, easy []string
	for i := range 2000 {
		hard = append(hard, fmt.Sprintf(`{"v":"%016x%016x"}`, r.Uint64(), r.Uint64()))
		easy = append(easy, fmt.Sprintf(`{"v":"%032d"}`, i))
	}
	e := csv.New(csv.Config{Header: true, Gzip: true})
	res, err := e.Encode(io.Discard, raw(hard...), limit)
	require.NoError(t, err)
	require.Less(t, res.Taken, len(hard))
	assert.Equal(t, encode.Full, res.Stopped)
	res, err = e.Encode(io.Discard, raw(append(easy, `{"new":1}`, `{"v":"x"}`)...), limit)
	require.NoError(t, err)
	require.Equal(t, len(easy), res.Taken, "the header is settled when more is read than was expected to fit")
	assert.Equal(t, encode.SchemaChanged, res.Stopped)
}

func FuzzCSVQuoting(f *testing.F) {
	for _, s := range []string{"", " ", "a,b", `"`, "\n", "\r\n", "x\ty;z", `\.`, "é\x00", "null", "\ufeff"} {
		f.Add(s, "plain", byte(','))
		f.Add("name", s, byte(';'))
	}
	f.Fuzz(func(t *testing.T, first, second string, separator byte) {
		if separator != ';' && separator != '\t' {
			separator = ','
		}
		first, second = string([]rune(first)), string([]rune(second))
		doc, err := json.Marshal(map[string]any{first: second, "other": first})
		require.NoError(t, err)
		var want map[string]any
		require.NoError(t, json.Unmarshal(doc, &want))
		for _, r := range []record.Record{{Raw: doc}, {Value: want}} {
			text, res := encodeText(t, csv.Config{Header: true, Separator: separator}, 0, r)
			require.Empty(t, res.Refused)
			rows, err := decode([]byte(text), rune(separator))
			require.NoError(t, err)
			require.Equal(t, []map[string]any{want}, rows)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	clicks, wide := encodetest.Clicks(10_000, 1), encodetest.Wide(3000, 1)
	for name, docs := range map[string][][]byte{"clicks": clicks, "wide": wide, "shuffled clicks": encodetest.Shuffled(clicks, 1)} {
		b.Run(name+"/plain", func(b *testing.B) { encodetest.Bench(b, csv.New(csv.Config{Header: true}), docs, 0) })
	}
	for name, docs := range map[string][][]byte{"clicks": clicks, "wide": wide} {
		for _, level := range []int{1, 5} {
			b.Run(fmt.Sprintf("%s/gzip%d", name, level), func(b *testing.B) {
				encodetest.Bench(b, csv.New(csv.Config{Header: true, Gzip: true, GzipLevel: level}), docs, 0)
			})
			b.Run(fmt.Sprintf("%s/gzip%d capped", name, level), func(b *testing.B) {
				encodetest.Bench(b, csv.New(csv.Config{Header: true, Gzip: true, GzipLevel: level}), docs, 1_000_000)
			})
		}
	}
}

func registry(t *testing.T, c schema.Config) *schema.Registry {
	t.Helper()
	r, err := schema.New(c)
	require.NoError(t, err)
	return r
}

// TestWholeIsSaidOfEachObjectAnew has one encoder write two objects.
func TestWholeIsSaidOfEachObjectAnew(t *testing.T) {
	for _, gzip := range []bool{false, true} {
		e := csv.New(csv.Config{Header: true, Gzip: gzip})
		for i, doc := range []string{`{"a":"\udfff"}`, `{"a":"\ud83d\ude00\\ud800"}`} {
			res, err := e.Encode(io.Discard, raw(`{"b":1}`, doc, `{"b":2}`), 0)
			require.NoError(t, err)
			assert.Equal(t, i == 1, res.Whole, doc)
		}
	}
}
