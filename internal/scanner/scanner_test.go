package scanner

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsARecord(t *testing.T) {
	for name, c := range map[string]struct {
		settings, text string
		want           []string
	}{
		"lines":                       {"", "a\nb\n", []string{"a", "b"}},
		"the last line without end":   {"", "a\nb", []string{"a", "b"}},
		"line ends of Windows":        {"", "a\r\nb\r\n", []string{"a", "b"}},
		"empty lines":                 {"", "\n\na\n\r\nb\n\n", []string{"a", "b"}},
		"blank lines are for others":  {"", " \na\n", []string{" ", "a"}},
		"a byte order mark":           {"", "\xef\xbb\xbfa\n", []string{"a"}},
		"nothing":                     {"", "", nil},
		"a byte order mark alone":     {"", "\xef\xbb\xbf", nil},
		"half of a byte order mark":   {"", "\xef\xbb", []string{"\xef\xbb"}},
		"values behind each other":    {"format: json", `{"a":1}{"b":2} [3] 4 "x"`, []string{`{"a":1}`, `{"b":2}`, `[3]`, `4`, `"x"`}},
		"values over several lines":   {"format: json", "{\n\"a\":1\n}\n{}\n", []string{"{\n\"a\":1\n}", "{}"}},
		"values that are not valid":   {"format: json", `{"a":tru} {]`, []string{`{"a":tru}`, `{]`}},
		"an array":                    {"format: json_array", ` [ {"a":1} , [2], "]" ] `, []string{`{"a":1}`, `[2]`, `"]"`}},
		"several arrays":              {"format: json_array", "[1]\n[][2]", []string{"1", "2"}},
		"rows":                        {"format: csv", "a,b\n1,\"x\"\"y\"\n,\n", []string{`{"a":"1","b":"x\"y"}`, `{"a":"","b":""}`}},
		"rows with another separator": {"{format: csv, separator: pipe}", "a|b\n1,5|2\n", []string{`{"a":"1,5","b":"2"}`}},
		"a line end inside of quotes": {"format: csv", "a,b\n\"1\r\n2\",3\r\n", []string{`{"a":"1\r\n2","b":"3"}`}},
		"a header alone":              {"format: csv", "a,b\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			records, err := read(must(t, c.settings), whole(t, c.text))
			require.ErrorIs(t, err, io.EOF)
			assert.Equal(t, c.want, append([]string(nil), texts(records)...))
		})
	}
}

func TestWhatEndsTheReading(t *testing.T) {
	for name, c := range map[string]struct {
		settings, text string
		before         []string
		want           string
	}{
		"a line that is too long":        {"max_record_bytes: 4B", "abcd\nabcde\nx\n", []string{"abcd"}, "reading the input at line 2, byte 5: the record is longer than max_record_bytes (4 B): raise it"},
		"a last line that is too long":   {"max_record_bytes: 4B", "abcd\r\nabcde", []string{"abcd"}, "line 2, byte 6"},
		"a value that is too long":       {"{format: json, max_record_bytes: 4B}", `{   } {}`, nil, "line 1, byte 0: the record is longer"},
		"a value that does not end":      {"format: json", "{} \n{\"a\":[1}", []string{"{}"}, "line 2, byte 4: the JSON value that begins here does not end"},
		"a string that does not end":     {"format: json", `"a\"`, nil, "does not end"},
		"what begins no value":           {"format: json", `{} , {}`, []string{"{}"}, "byte 3: there is ',' where a JSON value should begin"},
		"no array":                       {"format: json_array", `{"a":1}`, nil, "there is '{' where an array should begin: set format: json"},
		"an array that does not end":     {"format: json_array", `[1,2`, []string{"1", "2"}, "the array does not end"},
		"no comma":                       {"format: json_array", `[1 2]`, []string{"1"}, "there is '2' where a comma"},
		"a comma before the end":         {"format: json_array", `[1,]`, []string{"1"}, "there is ']' where a JSON value should begin"},
		"two columns of one name":        {"format: csv", "a,b,a\n1,2,3\n", nil, `two columns are called "a"`},
		"a column without a name":        {"format: csv", "a,,b\n1,2,3\n", nil, "column 2 has no name"},
		"a header with a quote too many": {"format: csv", "a\"b,c\n1,2\n", nil, "reading the header: a quote stands inside"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{1, 3, 1000} {
				var pieces [][]byte
				for rest := []byte(c.text); len(rest) > 0; {
					n := min(step, len(rest))
					pieces, rest = append(pieces, rest[:n]), rest[n:]
				}
				records, err := read(must(t, c.settings), &chopped{t: t, pieces: pieces})
				require.ErrorContains(t, err, c.want)
				assert.NotErrorIs(t, err, io.EOF)
				assert.Equal(t, c.before, append([]string(nil), texts(records)...))
			}
		})
	}
}

func TestABadRowGoesOnAlone(t *testing.T) {
	text := "a,b\n1,2\n1\nx\"y,2\n\"x\"y,2\n{\"a\":1}\n3,4\n5,\"open\n6,7"
	records, err := read(must(t, "format: csv"), whole(t, text))
	require.ErrorIs(t, err, io.EOF)
	want := []found{
		{`{"a":"1","b":"2"}`, "", 2, 4},
		{"1", "the row has 1 values, and the header has 2 columns", 3, 8},
		{`x"y,2`, errBareQuote.Error(), 4, 10},
		{`"x"y,2`, errAfterQuote.Error(), 5, 16},
		{`"{\"a\":1}"`, errBareQuote.Error(), 6, 23},
		{`{"a":"3","b":"4"}`, "", 7, 31},
		{"5,\"open\n6,7", errOpenQuote.Error(), 8, 35},
	}
	assert.Equal(t, want, records)
}

// A line of white space is what many programs leave at the end of a file.
func TestARowOfWhiteSpaceIsABadOne(t *testing.T) {
	records, err := read(must(t, "format: csv"), whole(t, "a,b\n1,2\n \n\t\n3,4\n  "))
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, []string{`{"a":"1","b":"2"}`, " ", "\t", `{"a":"3","b":"4"}`, "  "}, texts(records))
	for i, bad := range []bool{false, true, true, false, true} {
		assert.Equal(t, bad, records[i].refused != "", i)
	}
}

// Memory is counted by the bytes of records, which must not keep much more.
func TestRowsKeepTheMemoryOfTheirObjects(t *testing.T) {
	const rows = 200
	text := "a,b\n" + strings.Repeat(strings.Repeat("x", 80_000)+",2\n", rows)
	s := newStream(must(t, "format: csv"), whole(t, text), nil)
	inUse := func() int64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	before := inUse()
	var kept service.MessageBatch
	for {
		batch, err := s.NextBatch(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		kept = append(kept, batch...)
	}
	grown := inUse() - before
	require.Len(t, kept, rows)
	assert.Less(t, grown, int64(2*len(text)))
	runtime.KeepAlive(kept)
	runtime.KeepAlive(text)
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, errors.Join(err, w.Close()))
	return b.String()
}

func zstandard(t *testing.T, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	return string(w.EncodeAll([]byte(text), nil))
}

func TestCompressedInput(t *testing.T) {
	for name, c := range map[string]struct{ settings, text string }{
		"gzip is found":            {"", gzipped(t, "a\nb\n")},
		"gzip of several members":  {"", gzipped(t, "a\n") + gzipped(t, "b\n")},
		"gzip is named":            {"compression: gzip", gzipped(t, "a\nb")},
		"zstd is found":            {"", zstandard(t, "a\nb\n")},
		"zstd of several frames":   {"", zstandard(t, "a\n") + zstandard(t, "b")},
		"zstd is named":            {"compression: zstd", zstandard(t, "a\nb\n")},
		"a line may begin like it": {"", "a\nb\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{1, 7, 1000} {
				var pieces [][]byte
				for rest := []byte(c.text); len(rest) > 0; {
					n := min(step, len(rest))
					pieces, rest = append(pieces, rest[:n]), rest[n:]
				}
				records, err := read(must(t, c.settings), &chopped{t: t, pieces: pieces})
				require.ErrorIs(t, err, io.EOF)
				assert.Equal(t, []found{{"a", "", 1, 0}, {"b", "", 2, 2}}, records)
			}
		})
	}
	for _, settings := range []string{"compression: gzip", "compression: zstd"} {
		records, err := read(must(t, settings), whole(t, ""))
		require.ErrorIs(t, err, io.EOF, "an empty file")
		assert.Empty(t, records)
	}
}

// The text begins with what the magic numbers begin with, and is none.
func TestTextThatLooksCompressedAtFirst(t *testing.T) {
	for _, text := range []string{"(", "(a", "\x1f", "\x1fa"} {
		records, err := read(must(t, ""), &chopped{t: t, pieces: [][]byte{[]byte(text[:1]), []byte(text[1:])}})
		require.ErrorIs(t, err, io.EOF)
		assert.Equal(t, []string{text}, texts(records))
	}
}

// A part of a record is never taken for one because the file ends there.
func TestBrokenCompressionGivesWholeRecordsAndAnError(t *testing.T) {
	var text strings.Builder
	for range 20_000 {
		text.WriteString("0123456789\n")
	}
	for name, file := range map[string]string{"gzip": gzipped(t, text.String()), "zstd": zstandard(t, text.String())} {
		damaged := []byte(file)
		damaged[len(damaged)-2] ^= 1
		for what, broken := range map[string]string{"cut off": file[:len(file)-9], "cut off at its head": file[:6], "damaged": string(damaged)} {
			records, err := read(must(t, ""), whole(t, broken))
			require.ErrorContains(t, err, "decompressing "+name, "%s: %s", name, what)
			assert.NotErrorIs(t, err, io.EOF)
			for _, r := range records {
				require.Equal(t, "0123456789", r.text)
			}
		}
		_, err := read(must(t, ""), whole(t, file[:len(file)-9]))
		assert.ErrorContains(t, err, "the file is cut off")
	}
}

// A reader that fails is no end: what was read of the last record is none.
func TestAFailureOfTheSource(t *testing.T) {
	failure := errors.New("connection lost")
	records, err := read(must(t, ""), &chopped{t: t, pieces: [][]byte{[]byte("a\nb")}, end: failure})
	require.ErrorIs(t, err, failure)
	assert.ErrorContains(t, err, "line 2, byte 2")
	assert.Equal(t, []string{"a"}, texts(records))
}

// interrupted gives way once.
type interrupted struct {
	chopped

	done bool
}

func (i *interrupted) Read(p []byte) (int, error) {
	if !i.done && len(i.pieces) == 1 {
		i.done = true
		return 0, context.Canceled
	}
	return i.chopped.Read(p)
}

func TestAnInterruptionLosesNothing(t *testing.T) {
	s := newStream(must(t, ""), &interrupted{chopped: chopped{t: t, pieces: [][]byte{[]byte("ab"), []byte("c\n")}}}, nil)
	_, err := s.NextBatch(t.Context())
	require.ErrorIs(t, err, context.Canceled)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.NextBatch(over)
	require.ErrorIs(t, err, context.Canceled)
	batch, err := s.NextBatch(t.Context())
	require.NoError(t, err)
	require.Len(t, batch, 1)
	text, err := batch[0].AsBytes()
	require.NoError(t, err)
	assert.Equal(t, "abc", string(text))
}

// Records that are there are never held back for more.
func TestASlowStreamArrivesAsItComes(t *testing.T) {
	source := &chopped{t: t, pieces: [][]byte{[]byte("a\nb\nc"), []byte("\n")}}
	s := newStream(must(t, "compression: none"), source, nil)
	batch, err := s.NextBatch(t.Context())
	require.NoError(t, err)
	assert.Len(t, batch, 2)
	assert.Len(t, source.pieces, 1, "what would have blocked is not read")
	batch, err = s.NextBatch(t.Context())
	require.NoError(t, err)
	assert.Len(t, batch, 1)
}

// fileOf are the details of a file of that size.
func fileOf(t *testing.T, size int64) *service.ScannerSourceDetails {
	t.Helper()
	details := service.NewScannerSourceDetails()
	sized, ok := any(details).(interface{ SetSizeHint(size int64) })
	if !ok {
		t.Skip("this Benthos does not tell the size of files")
	}
	sized.SetSizeHint(size)
	return details
}

// The blocks of files are full, however little a read returns.
func TestFilesFillTheirBlocks(t *testing.T) {
	var pieces [][]byte
	for range 100 {
		pieces = append(pieces, []byte("a\n"))
	}
	s := newStream(must(t, ""), &chopped{t: t, pieces: slices.Clone(pieces)}, fileOf(t, 0))
	batch, err := s.NextBatch(t.Context())
	require.NoError(t, err)
	assert.Len(t, batch, 1, "a size of nothing is that of a stream")
	s = newStream(must(t, ""), &chopped{t: t, pieces: pieces}, fileOf(t, 200))
	batch, err = s.NextBatch(t.Context())
	require.NoError(t, err)
	assert.Len(t, batch, 100)
}

// Of short files there may be many at once.
func TestAShortFileKeepsNoMoreThanItHas(t *testing.T) {
	b := newBlock(256<<10, true)
	require.NoError(t, b.fill(strings.NewReader("a\nb\n")))
	assert.True(t, b.ended)
	assert.Equal(t, "a\nb\n", string(b.rest()))
	assert.Equal(t, 4, len(b.memory)) //nolint:testifylint // it may be long
}

// stuck returns nothing, for ever.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }
func (stuck) Close() error             { return nil }

func TestAReaderThatReturnsNothing(t *testing.T) {
	_, err := read(must(t, "compression: none"), stuck{})
	assert.ErrorIs(t, err, io.ErrNoProgress)
}

// A batch is one block of a file, no more records than fit into a call, and the
// records are parts of it.
func TestABatchIsABlock(t *testing.T) {
	text := strings.Repeat("0123456\n", 10_000)
	s := newStream(must(t, "max_batch_bytes: 4KiB"), whole(t, text), fileOf(t, 1))
	total := 0
	for {
		batch, err := s.NextBatch(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		total += len(batch)
		assert.LessOrEqual(t, len(batch), mostRecords)
		assert.LessOrEqual(t, len(s.block.memory), 4<<10+8, "with what was left of the block before")
		first, err := batch[0].AsBytes()
		require.NoError(t, err)
		assert.Equal(t, len(first), cap(first), "appending to a record must not change the next one")
	}
	assert.Equal(t, 10_000, total)
}

func TestTheSourceIsAcknowledgedWhenAllOfItIs(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		nack error
		want error
	}{
		"all of it is stored":  {text: "a\nb\n"},
		"some of it is not":    {text: "a\nb\n", nack: errors.New("refused"), want: errors.New("refused")},
		"it is not read fully": {text: "a\n" + strings.Repeat("b", 100), want: errors.New("longer than")},
	} {
		t.Run(name, func(t *testing.T) {
			var acks []error
			ack := func(_ context.Context, err error) error {
				acks = append(acks, err)
				return nil
			}
			conf := must(t, "max_record_bytes: 10B")
			s, err := (&creator{conf}).Create(whole(t, c.text), ack, nil)
			require.NoError(t, err)
			_, done, err := s.NextBatch(t.Context())
			require.NoError(t, err)
			assert.Empty(t, acks)
			_, _, err = s.NextBatch(t.Context())
			require.Error(t, err)
			require.NoError(t, done(t.Context(), c.nack))
			require.NoError(t, s.Close(t.Context()))
			require.Len(t, acks, 1)
			if c.want == nil {
				assert.NoError(t, acks[0])
			} else {
				assert.ErrorContains(t, acks[0], c.want.Error())
			}
		})
	}
}

func TestMistakesOfTheConfiguration(t *testing.T) {
	for settings, want := range map[string]string{
		"separator: tab":           "separator: it has no effect with format: lines: write format: csv, or remove it",
		"max_record_bytes: 0":      `max_record_bytes: "0" is no size from 1 B to 1.0 GiB`,
		"max_batch_bytes: 1B":      `max_batch_bytes: "1B" is no size from 4.0 KiB to 64 MiB`,
		"max_batch_bytes: plenty":  `"plenty" is no size`,
		"max_record_bytes: 999TiB": `"999TiB" is no size`,
	} {
		_, err := configured(t, settings)
		assert.ErrorContains(t, err, want)
	}
}

// caller tells in which goroutine it is read.
type caller struct {
	chopped

	in map[string]bool
}

func (c *caller) Read(p []byte) (int, error) {
	c.in[goroutine()] = true
	return c.chopped.Read(p)
}

func goroutine() string {
	stack := make([]byte, 64)
	name, _, _ := strings.Cut(string(stack[:runtime.Stack(stack, false)]), "[")
	return name
}

// Standard input of Benthos sets the context of a read beforehand, which must not
// happen while another goroutine reads.
func TestASourceIsReadByItsCallerAlone(t *testing.T) {
	text := strings.Repeat("0123456789\n", 100_000)
	for name, file := range map[string]string{"plain": text, "gzip": gzipped(t, text), "zstd": zstandard(t, text)} {
		c := &caller{chopped{t: t, pieces: [][]byte{[]byte(file)}}, map[string]bool{}}
		records, err := read(must(t, ""), c)
		require.ErrorIs(t, err, io.EOF)
		assert.Len(t, records, 100_000, name)
		assert.Equal(t, map[string]bool{goroutine(): true}, c.in, name)
	}
}
