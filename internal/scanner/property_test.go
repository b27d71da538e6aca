package scanner

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// naive are readers that have all of a text at once.
var naive = map[string]func(t require.TestingT, text string) []string{
	Lines:     naiveLines,
	JSON:      naiveValues,
	Array:     naiveElements,
	formatCSV: naiveRows,
}

func naiveLines(t require.TestingT, text string) []string {
	var out []string
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		if lines.Text() != "" {
			out = append(out, lines.Text())
		}
	}
	require.NoError(t, lines.Err())
	return out
}

func naiveValues(t require.TestingT, text string) []string {
	var out []string
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var v json.RawMessage
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out = append(out, string(v))
	}
}

func naiveElements(t require.TestingT, text string) []string {
	var out []string
	for _, array := range naiveValues(t, text) {
		var elements []json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(array), &elements))
		for _, e := range elements {
			out = append(out, string(e))
		}
	}
	return out
}

func naiveRows(t require.TestingT, text string) []string {
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	var out []string
	for _, row := range all[min(1, len(all)):] {
		var object bytes.Buffer
		for i, name := range all[0] {
			object.WriteByte("{,"[min(i, 1)])
			object.WriteString(jsonText(t, name) + ":" + jsonText(t, row[i]))
		}
		out = append(out, object.String()+"}")
	}
	return out
}

// jsonText is JSON text without the escapes that only HTML needs.
func jsonText(t require.TestingT, text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(text))
	return strings.TrimSpace(b.String())
}

// drawn are texts of each format.
var drawn = map[string]*rapid.Generator[string]{
	Lines: rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.StringMatching("[a\r\n{\"]{0,9}"), 0, 9).Draw(t, "lines"), rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end"))
	}),
	JSON: rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(aValue, 0, 9).Draw(t, "values"), rapid.SampledFrom([]string{"\n", " ", "\r\n\t"}).Draw(t, "between"))
	}),
	Array: rapid.Custom(func(t *rapid.T) string {
		arrays := rapid.SliceOfN(rapid.SliceOfN(aValue, 0, 5), 0, 3).Draw(t, "arrays")
		var out strings.Builder
		for _, a := range arrays {
			out.WriteString("[" + strings.Join(a, rapid.SampledFrom([]string{",", " ,\n"}).Draw(t, "between")) + "]" + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "behind"))
		}
		return out.String()
	}),
	formatCSV: rapid.Custom(func(t *rapid.T) string {
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end")
		cell := rapid.SampledFrom([]string{"", "a", "ä\\", `"x"`, `""`, `"a""b"`, `"1,2"`, "\"l\nm\"", `"""",`[:4], " b"})
		out := "one,\"t\"\"wo\"" + end
		for range rapid.IntRange(0, 6).Draw(t, "rows") {
			out += cell.Draw(t, "first") + "," + cell.Draw(t, "second") + rapid.SampledFrom([]string{end, end + end}).Draw(t, "line")
		}
		return strings.TrimSuffix(out, rapid.SampledFrom([]string{"", end}).Draw(t, "last"))
	}),
}

var aValue = rapid.SampledFrom([]string{
	`{}`, `{"a":{"b":[1,{"c":"}"}]}}`, `[]`, `["]", "[" ]`, `"\\"`, `"a\"b\\\""`, `{"k\\":"\\\\\""}`, `12.5e3`, `null`, "{\n \"a\": 1\n}", `"ä"`,
})

// However a stream arrives and however large the blocks are, its records are those
// of a reader that has all of it at once, and each is at the place that is told.
func TestAnySplitGivesTheRecordsOfANaiveReader(t *testing.T) {
	for format, draw := range drawn {
		t.Run(format, func(t *testing.T) {
			property.Check(t, func(t *rapid.T) {
				text := draw.Draw(t, "text")
				mark := rapid.SampledFrom([]string{"", "\xef\xbb\xbf"}).Draw(t, "mark")
				conf := &config{format: format, compression: rapid.SampledFrom([]string{compressionAuto, compressionNone}).Draw(t, "compression"), separator: ',', longest: 1 << 20, batch: rapid.IntRange(1, 60).Draw(t, "batch")}
				records, err := read(conf, &chopped{t: t, pieces: split(t, mark+text)})
				require.ErrorIs(t, err, io.EOF)
				require.Equal(t, naive[format](t, text), append([]string(nil), texts(records)...))
				if format != formatCSV {
					var cut []string
					require.NoError(t, Cut(format, []byte(mark+text), func(part []byte) { cut = append(cut, string(part)) }))
					require.Equal(t, append([]string(nil), texts(records)...), cut, "a complete text")
				}
				for _, r := range records {
					before, after := (mark + text)[:r.offset], (mark + text)[r.offset:]
					require.EqualValues(t, strings.Count(before, "\n")+1, r.line)
					require.True(t, format == formatCSV || strings.HasPrefix(after, r.text), "%q is not where it is said to be", r.text)
				}
			})
		})
	}
}

// split cuts a text into what reads return.
func split(t *rapid.T, text string) [][]byte {
	var pieces [][]byte
	for text != "" {
		n := rapid.IntRange(1, min(len(text), 12)).Draw(t, "piece")
		pieces = append(pieces, []byte(text[:n]))
		text = text[n:]
	}
	return pieces
}

func FuzzAnySplitGivesTheSame(f *testing.F) {
	for _, text := range []string{"a\n\r\nb", `{"a":"\""} [1]`, `[1,"]"]`, "a,b\n1,\"2\"\"\n\"\nx\"y,z", "\x1f\x8b"} {
		for i := range 4 {
			f.Add([]byte(text), byte(i), byte(3))
		}
	}
	f.Add([]byte("a,b\n\r\"x\",2\n"), byte(3), byte(4)) // the end of a read, and no end of a line
	formats := []string{Lines, JSON, Array, formatCSV}
	f.Fuzz(func(t *testing.T, text []byte, which, step byte) {
		conf := &config{format: formats[which%4], compression: compressionNone, separator: ',', longest: 40, batch: 16}
		want, wantEnd := read(conf, whole(t, string(text)))
		if len(text) == 0 {
			return
		}
		var pieces [][]byte
		for rest := text; len(rest) > 0; {
			n := min(int(step)+1, len(rest))
			pieces, rest = append(pieces, bytes.Clone(rest[:n])), rest[n:]
		}
		conf.batch = 4 << 10
		got, end := read(conf, &chopped{t: t, pieces: pieces})
		require.Equal(t, want, got)
		require.Equal(t, wantEnd.Error(), end.Error())
	})
}
