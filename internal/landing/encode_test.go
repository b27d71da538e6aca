package landing

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// scribe is an encoder that writes its text, and claims what it is told to.
type scribe struct {
	text   string
	claims int64 // bytes beyond those that it writes
	err    error
}

func (s *scribe) Encode(w io.Writer, records []record.Record, _ int64) (encode.Result, error) {
	n, err := io.WriteString(w, s.text)
	return encode.Result{Taken: len(records), Rows: len(records), Bytes: int64(n) + s.claims}, errors.Join(err, s.err)
}

// scribes is a Lander whose encoders are made by fn, and counted.
func scribes(t *testing.T, fn func(n int) *scribe) (l *Lander, made *int) {
	t.Helper()
	made = new(int)
	l = lander(t, newBucket(), "f")
	l.cfg.Data.NewEncoder = func() encode.Encoder {
		*made++
		return fn(*made)
	}
	return l, made
}

// TestEncodersAreUsedAgain: they keep buffers and tables that are dear to make.
func TestEncodersAreUsedAgain(t *testing.T) {
	l, made := scribes(t, func(int) *scribe { return &scribe{text: "x"} })
	for range 5 {
		_, _, err := l.Encode(t.Context(), chunk.Data, make([]record.Record, 1), 0)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, *made)
}

// TestAnEncoderThatFailedIsNotUsedAgain: nobody knows what state it is in.
func TestAnEncoderThatFailedIsNotUsedAgain(t *testing.T) {
	broken := errors.New("broken")
	for what, first := range map[string]*scribe{"an error": {text: "half", claims: -4, err: broken}, "a wrong count": {text: "x", claims: 1}} {
		l, made := scribes(t, func(n int) *scribe {
			if n == 1 {
				return first
			}
			return &scribe{text: "x"}
		})
		enc, res, err := l.Encode(t.Context(), chunk.Data, make([]record.Record, 1), 0)
		require.Error(t, err, what)
		assert.Nil(t, enc, what)
		assert.Zero(t, res, "%s: no record was taken", what)
		if first.err != nil {
			require.ErrorIs(t, err, broken)
		}
		_, _, err = l.Encode(t.Context(), chunk.Data, make([]record.Record, 1), 0)
		require.NoError(t, err, what)
		assert.Equal(t, 2, *made, what)
	}
}

// TestMemoryOfObjectsIsUsedAgain, of those that could not be encoded and of those
// that are done with: each takes a block of a megabyte at least.
func TestMemoryOfObjectsIsUsedAgain(t *testing.T) {
	const objects = 60
	for what, enc := range map[string]*scribe{"a failure": {text: "x", err: errors.New("broken")}, "a success": {text: "x"}} {
		l, _ := scribes(t, func(int) *scribe { return enc })
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range objects {
			if out, _, _ := l.Encode(t.Context(), chunk.Data, make([]record.Record, 1), 0); out != nil {
				out.Release()
			}
		}
		runtime.ReadMemStats(&after)
		// The race detector loses one block in four.
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(objects<<20*3/4), what)
	}
}

// TestDeadLettersHaveAFormatOfTheirOwn: encoder, name and content type are not
// those of data, and nothing is said about their records.
func TestDeadLettersHaveAFormatOfTheirOwn(t *testing.T) {
	b := newBucket()
	l, made := scribes(t, func(int) *scribe { return &scribe{text: "data"} })
	l.store = b
	l.cfg.DeadLetters = Format{
		NewEncoder: func() encode.Encoder { return &scribe{text: "letter"} },
		Namer:      layout(t, "letters"), ContentType: "text/plain", ContentEncoding: "gzip",
	}
	l.cfg.Describe = func([]record.Record) map[string]string { return map[string]string{"about": "data"} }
	for _, c := range []struct {
		kind                                           chunk.Kind
		key, content, contentType, contentEncoding, is string
	}{
		{chunk.Data, "in/f.json", "data", "application/x-ndjson", "", "data"},
		{chunk.DeadLetter, "in/letters.json", "letter", "text/plain", "gzip", ""},
		{chunk.Data, "in/f-00002.json", "data", "application/x-ndjson", "", "data"},
	} {
		enc, _, err := l.Encode(t.Context(), c.kind, make([]record.Record, 1), 0)
		require.NoError(t, err)
		path := path(t, &Lander{cfg: Config{Data: *l.format(c.kind)}}, "")
		key, err := l.Land(t.Context(), chunk.Object{Kind: c.kind, Path: path, Opened: opened, Encoded: enc})
		require.NoError(t, err)
		assert.Equal(t, c.key, key)
		assert.Equal(t, c.content, b.contents[key])
		assert.Equal(t, c.contentType, b.objects[key].ContentType)
		assert.Equal(t, c.contentEncoding, b.objects[key].ContentEncoding)
		assert.Equal(t, c.is, b.objects[key].Metadata["about"])
		enc.Release()
	}
	assert.Equal(t, 1, *made, "the encoder of data is not used for dead letters")
}

// sums takes blocks with their sums.
type sums struct {
	bytes.Buffer

	blocks int
}

func (s *sums) WriteBlock(p []byte, _ uint32) (int, error) {
	s.blocks++
	return s.Write(p)
}

func TestContentIsSummedForWhoAsksForIt(t *testing.T) {
	for _, asked := range []bool{false, true} {
		l, _ := scribes(t, func(int) *scribe { return &scribe{text: "x"} })
		l.cfg.Sums = asked
		form, _, err := l.Encode(t.Context(), chunk.Data, make([]record.Record, 1), 0)
		require.NoError(t, err)
		var to sums
		_, err = form.(*encoded).body.WriteTo(&to)
		require.NoError(t, err)
		assert.Equal(t, asked, to.blocks == 1)
		assert.Equal(t, "x", to.String())
		form.Release()
	}
}
