package interop

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// cases are records and, where it differs, how readers see them as JSON.
var cases = []struct {
	name string
	docs []string
	want []string
}{
	{name: "scalars", docs: []string{
		`{"b":true,"i":1,"d":1.5,"s":"x"}`, `{"b":false,"i":-9223372036854775808,"d":-0.25,"s":""}`,
		`{"b":null,"i":9223372036854775807,"d":1.7976931348623157e308,"s":null}`,
	}},
	{name: "text", docs: []string{`{"s":"é😀\u001f\"\\/"}`, `{"s":""}`, `{"s":" \n\t"}`, `{"s":"null"}`}},
	{name: "groups", docs: []string{
		`{"g":{"a":1,"h":{"b":"x"}}}`, `{"g":null}`, `{"g":{"a":null,"h":null}}`, `{"g":{"a":2,"h":{"b":null}}}`,
	}},
	{name: "lists", docs: []string{`{"l":[1,2,3]}`, `{"l":[]}`, `{"l":null}`, `{"l":[null]}`, `{"l":[4,null,5]}`}},
	{name: "lists of lists", docs: []string{`{"l":[[1],[],[2,3]]}`, `{"l":[null,[null]]}`, `{"l":[]}`, `{"l":null}`}},
	{name: "lists of groups", docs: []string{
		`{"l":[{"a":1,"t":["x","y"]},{"a":2,"t":[]},{"a":null,"t":null},null]}`, `{"l":[]}`, `{"l":null}`,
	}},
	{name: "evolving", docs: []string{`{"a":1}`, `{"a":2.5,"b":"x"}`, `{"b":"y","c":true}`}, want: []string{
		`{"a":1,"b":null,"c":null}`, `{"a":2.5,"b":"x","c":null}`, `{"a":null,"b":"y","c":true}`,
	}},
	{name: "conflicts", docs: []string{`{"v":1,"m":[1,"a"]}`, `{"v":"a","m":[]}`}, want: []string{
		`{"v":"1","m":"[1,\"a\"]"}`, `{"v":"a","m":"[]"}`,
	}},
	{name: "columns", docs: []string{columns(1000, 1), columns(1000, 2)}},
	{name: "deep", docs: []string{strings.Repeat(`{"a":`, 25) + "1" + strings.Repeat("}", 25)}},
}

func columns(n, value int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&b, `"c%d":%d,`, i, value*i)
	}
	return b.String() + `"last":"x"}`
}

// many returns rows in several row groups and pages.
func many() (docs []string) {
	for i := range 20_000 {
		list := strings.TrimSuffix(strings.Repeat(fmt.Sprintf(`"t%d",`, i%9), i%4), ",")
		referrer := "null"
		if i%3 == 0 {
			referrer = fmt.Sprintf(`"r%d"`, i*7919%5000)
		}
		docs = append(docs, fmt.Sprintf(
			`{"i":%d,"unique":"value-%d","few":"f%d","sparse":%s,"d":%g,"flag":%t,"l":[%s],"g":{"x":%d},"time":%d}`,
			i, i*31, i%5, referrer, float64(i)/3, i%2 == 0, list, i%100, 1_751_364_000_000_000+int64(i)*1000))
	}
	return docs
}

func registry(t testing.TB) *schema.Registry {
	t.Helper()
	r, err := schema.New(schema.Config{})
	require.NoError(t, err)
	return r
}

func write(t testing.TB, e encode.Encoder, path string, docs []string) {
	t.Helper()
	raw := make([][]byte, len(docs))
	for i := range docs {
		raw[i] = []byte(docs[i])
	}
	var buf bytes.Buffer
	res, err := e.Encode(&buf, encodetest.Records(raw), 0)
	require.NoError(t, err)
	require.Equal(t, len(docs), res.Rows, "%v", res.Refused)
	require.NoError(t, os.WriteFile(path, buf.Bytes(), 0o600))
}

func parquetFile(t testing.TB, dir, name, codec string, docs []string) string {
	t.Helper()
	e, err := parquet.New(parquet.Config{
		Compression: codec, RowGroupSize: 256 << 10, PageSize: 16 << 10, BloomColumns: []string{"few", "unique", "i"},
	}, registry(t))
	require.NoError(t, err)
	path := filepath.Join(dir, strings.ReplaceAll(name, " ", "_")+"."+codec+".parquet")
	write(t, e, path, docs)
	return path
}

// TestWriteFiles writes all cases for read_python.py when INTEROP_DIR is set.
func TestWriteFiles(t *testing.T) {
	dir := os.Getenv("INTEROP_DIR")
	if dir == "" {
		t.Skip("INTEROP_DIR is not set")
	}
	save := func(name string, docs, want []string) {
		if want == nil {
			want = docs
		}
		for _, codec := range []string{"zstd", "snappy", "gzip", "lz4_raw", "none"} {
			path := parquetFile(t, dir, name, codec, docs)
			require.NoError(t, os.WriteFile(path+".jsonl", []byte(strings.Join(want, "\n")), 0o600))
		}
		for _, codec := range []string{"snappy", "deflate", "zstandard", "null"} {
			e, err := avro.New(avro.Config{Codec: codec}, registry(t))
			require.NoError(t, err)
			path := filepath.Join(dir, strings.ReplaceAll(name, " ", "_")+"."+codec+".avro")
			write(t, e, path, docs)
			require.NoError(t, os.WriteFile(path+".jsonl", []byte(strings.Join(want, "\n")), 0o600))
		}
	}
	for _, c := range cases {
		save(c.name, c.docs, c.want)
	}
	save("many", many(), nil)
}
