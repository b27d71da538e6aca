package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documents are of the kinds that differ in how much more memory than text they
// take when they are parsed.
func documents() map[string]string {
	wide, list := []string{}, []string{}
	for i := range 100 {
		wide = append(wide, fmt.Sprintf(`"column_%02d":%q`, i, fmt.Sprint("value ", i)))
		list = append(list, fmt.Sprint(i))
	}
	thirty := []string{}
	for i := range 30 {
		value := [...]string{fmt.Sprint(i), fmt.Sprint(i) + ".5", fmt.Sprintf("%q", fmt.Sprint("v", i)), "true", "null"}[i%5]
		thirty = append(thirty, fmt.Sprintf(`"field_%02d":%s`, i, value))
	}
	return map[string]string{
		"12 fields":             `{"id":123456,"user":"u1234567","n1":1,"n2":2,"n3":3.5,"n4":4,"ok":true,"tag":"abc","city":"Berlin","cc":"de","x":null,"t":"2025-01-02T03:04:05Z"}`,
		"30 fields":             "{" + strings.Join(thirty, ",") + "}",
		"100 strings":           "{" + strings.Join(wide, ",") + "}",
		"nested objects":        `{"a":{"b":{"c":1},"d":{"e":2}},"f":[{"x":1},{"x":2},{"x":3},{"x":4}],"g":{"h":{"i":{"j":1}}}}`,
		"a list of numbers":     `{"v":[` + strings.Join(list, ",") + `]}`,
		"a string of 1000":      `{"message":"` + strings.Repeat("x", 1000) + `"}`,
		"a thousand long names": thousand(),
	}
}

func thousand() string {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, `,"a name of some length %d":%d`, i, i)
	}
	return "{" + b.String()[1:] + "}"
}

func decode(t testing.TB, doc string, numbers bool) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(doc)))
	if numbers {
		d.UseNumber()
	}
	var v any
	require.NoError(t, d.Decode(&v))
	return v
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A parsed record takes between 1 and 20 times the memory of its text, and the
// memory limit can only hold when that is known.
func TestFootprintOfAParsedRecordIsWhatItTakes(t *testing.T) {
	if race {
		t.Skip("the race detector has memory of its own for each allocation; make test-full measures without it")
	}
	for name, doc := range documents() {
		for _, numbers := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, json.Number %v", name, numbers), func(t *testing.T) {
				n := max(20_000_000/(20*len(doc)), 20)
				keep := make([]any, n)
				before := heap()
				for i := range keep {
					keep[i] = decode(t, doc, numbers)
				}
				taken := float64(heap()-before) / float64(n)
				r := Record{Value: keep[0]}
				assert.InEpsilon(t, taken, float64(r.Footprint()), 0.2, "%.0f bytes, of a text of %d", taken, len(doc))
				runtime.KeepAlive(keep)
			})
		}
	}
}

// The size is the scale of ratios: it must be about that of the text.
func TestSizeOfAParsedRecordIsAboutItsText(t *testing.T) {
	for name, doc := range documents() {
		r := Record{Value: decode(t, doc, false)}
		assert.Less(t, r.Size(), 4*len(doc), name)
		assert.Greater(t, 2*r.Size(), len(doc), name)
		size, footprint := r.Measure()
		assert.Equal(t, r.Size(), size)
		assert.Equal(t, r.Footprint(), footprint)
	}
}

func TestSizeOfBytesIsTheirLength(t *testing.T) {
	r := Record{Raw: []byte("12345"), Added: 7}
	assert.Equal(t, 12, r.Size(), "with the columns that are added")
	assert.Equal(t, 12, r.Footprint())
	assert.False(t, r.Structured())
	empty := Record{Raw: []byte{}}
	assert.False(t, empty.Structured())
	assert.Zero(t, empty.Size())
}

func BenchmarkMeasure(b *testing.B) {
	r := Record{Value: decode(b, documents()["30 fields"], false)}
	b.ReportAllocs()
	for b.Loop() {
		r.Measure()
	}
}
