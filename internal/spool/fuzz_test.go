package spool

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/spool/redelivery"
)

// quiet are options that tell nobody.
func quiet() Options {
	return Options{
		Destination: "bucket", MaxSize: 1 << 20, Memory: 600, SegmentSize: 10_000,
		Lost: func(Loss) {}, Failed: func(error) {}, Now: time.Now,
	}
}

// filled makes a spool with something of everything, and returns its files.
func filled(f *testing.F) map[string][]byte {
	dir := f.TempDir()
	s, err := Open(disk.OS{}, dir, quiet())
	require.NoError(f, err)
	for range 8 {
		require.NoError(f, s.Append(f.Context(), []Record{
			{Path: "a", Data: bytes.Repeat([]byte("a"), 90)}, {Kind: DeadLetter, Path: "b", Data: []byte("b")},
		}))
	}
	letters := []Record{{Kind: DeadLetter, Path: "b", Data: []byte("letter")}}
	_, err = s.Seal(f.Context(), Range{Stream: 1, End: 1}, []byte("intent"), strings.NewReader("body"), letters)
	require.NoError(f, err)
	require.NoError(f, s.Close())
	files := map[string][]byte{}
	for _, d := range []string{journalDir, spillDir, outboxDir} {
		found, err := filepath.Glob(filepath.Join(dir, d, "*"))
		require.NoError(f, err)
		require.NotEmpty(f, found)
		for _, path := range found {
			if files[d], err = os.ReadFile(path); err != nil {
				f.Fatal(err)
			}
		}
	}
	return files
}

// reader reads from memory.
type reader struct{ *bytes.Reader }

func (reader) Close() error { return nil }

// FuzzState applies any entry to a state that has something of everything.
func FuzzState(f *testing.F) {
	runs := []run{{stream: 1, named: true, path: "a", count: 2, data: []byte{1, 'x', 1, 'y'}}}
	first := appendRuns([]byte{entryAppend}, runs)
	marks := redelivery.NewMemory(0)
	marks.Add(redelivery.Mark{Source: redelivery.Source{Topic: "t", Partition: 1}, Offset: 2, Sum: 3})
	point := checkpoint{
		nextStream: 2, nextObject: 2, nextFile: 2,
		streams: []streamPoint{{id: 1, path: "a", next: 4, sealed: 1}}, files: []uint64{1},
		objects: []objectPoint{{number: 1, stream: 1, end: 1, intent: []byte("i")}},
	}
	seal := appendRuns((&sealed{number: 1, stream: 1, end: 1, size: 10}).head(nil), runs)
	for _, entry := range [][]byte{
		first, point.append(nil), seal, marks.Append(appendRuns([]byte{entryAppend}, runs)), marks.Append(point.append(nil)), about(entrySpilled, 1)[frame.Overhead:],
		about(entryRekeyed, 1, 1, 'k')[frame.Overhead:], (&object{number: 1, stream: 1, end: 1}).landed()[frame.Overhead:],
	} {
		f.Add(entry)
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		s := newState()
		s.index = func(n uint64) *spillFile {
			return &spillFile{number: n, places: []place{{file: n, stream: 1, first: 1, count: 1}}}
		}
		s.apply(1, first)
		s.apply(1, seal)
		s.apply(2, entry)
		last := s.checkpoint()
		for i := range 2 {
			again := newState()
			again.index = s.index
			require.True(t, again.apply(3, last), "what is written can be read")
			point := again.checkpoint()
			require.True(t, i == 0 || bytes.Equal(last, point), "and says the same")
			last = point
		}
		for _, st := range s.streams {
			st.holes()
			for _, e := range st.cached {
				records(e.data, e.count)
			}
		}
	})
}

func FuzzSpillFile(f *testing.F) {
	f.Add(filled(f)[spillDir])
	f.Fuzz(func(t *testing.T, data []byte) {
		r := reader{bytes.NewReader(data)}
		found, err := readIndex(r, 1)
		if err != nil {
			return
		}
		salt, err := saltOf(r)
		if err != nil {
			t.Fatal(err)
		}
		for i := range found.places {
			p := &found.places[i]
			got, block, err := readRun(r, salt, p)
			block.Release()
			if err == nil && got.count != p.count {
				t.Fatalf("the index has %d records, and the run %d", p.count, got.count)
			}
		}
	})
}

func FuzzOutboxFile(f *testing.F) {
	f.Add(filled(f)[outboxDir])
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = readOutbox(reader{bytes.NewReader(data)}, io.Discard)
	})
}

// FuzzFrames changes what is inside of a frame that is whole, as no disk does.
func FuzzFrames(f *testing.F) {
	e := envelope{number: 1, path: "a", end: 1, intent: []byte("i"), letters: []run{{named: true, path: "b", count: 1, data: []byte{0}}}}
	f.Add(e.append(nil))
	r := run{stream: 1, named: true, path: "a", count: 1, data: []byte{1, 'x'}}
	f.Add(r.append([]byte{spillRun}))
	f.Add(appendPlaces([]byte{spillIndex}, []place{{length: 100}}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if e, ok := parseEnvelope(payload); ok {
			again, ok := parseEnvelope(e.append(nil))
			require.True(t, ok)
			require.Equal(t, e, again)
		}
		if r, ok := parseSpilled(payload); ok {
			records(r.data, r.count)
		}
	})
}
