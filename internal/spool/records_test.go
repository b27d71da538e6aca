package spool_test

import (
	"bytes"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// Several records in one stretch of memory are the same records as several, also
// where the spool makes its entry of that memory.
func TestRecordsThatBelongTogetherAreReadOneByOne(t *testing.T) {
	var want []string
	for _, size := range []int{0, 1, 127, 128, 16383, 16384} {
		want = append(want, strings.Repeat("x", size))
	}
	for _, room := range []int{0, 1, spool.Headroom} {
		w := newWorld(t, crashdisk.New(1), 1)
		s := w.open()
		data := bytes.Repeat([]byte("?"), room)
		for _, text := range want {
			begin := len(data)
			data = append(spool.Begin(data), text...)
			spool.End(data, begin)
		}
		path := strings.Repeat("p", 100)
		records := []spool.Record{{Path: path, Data: data, Count: len(want), Room: room}}
		appended(t, s, records)
		appended(t, s, append(of("q", "1"), spool.Record{Path: path, Data: []byte("alone")}))
		if room == 0 {
			appended(t, s, append(records, of(path, "alone")...))
		}
		for range 2 {
			b, err := s.Read(1, 0, 1<<30, 0)
			require.NoError(t, err)
			var got []string
			for _, r := range b.Records {
				got = append(got, string(r))
			}
			expected := slices.Concat(want, []string{"alone"})
			if room == 0 {
				expected = slices.Concat(expected, expected)
			}
			require.Equal(t, expected, got)
			require.NoError(t, s.Close())
			w.disk.Reboot(crashdisk.Kill)
			s = w.open()
		}
	}
}

// Where the shapes of records are known, they are read by them, from wherever the
// next object begins; from disk they are the same records without hints.
func TestRecordsAreReadByTheirShapes(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	stretch := func(path string, texts ...string) spool.Record {
		r := spool.Record{Path: path, Count: len(texts)}
		for i, text := range texts {
			begin := len(r.Data)
			r.Data = append(spool.Begin(r.Data), text...)
			r.Shapes = append(r.Shapes, spool.Shape{Size: spool.End(r.Data, begin), Hint: uint32(i + 1)})
		}
		return r
	}
	read := func(id uint64) (texts []string, hints []uint32) {
		b, err := s.Read(id, 0, 1<<20, 0)
		require.NoError(t, err)
		for _, r := range b.Records {
			texts = append(texts, string(r))
		}
		require.Len(t, b.Hints, len(b.Records))
		return texts, b.Hints
	}
	appended(t, s, []spool.Record{
		stretch("a", "1", "", "three", "4"), stretch("b", "1", "2", "3"), stretch("a", "5", "6", "7", "8"),
	})
	appended(t, s, of("a", "alone"))
	appended(t, s, []spool.Record{stretch("a", "10", "11", "12", "13"), {Path: "a", Data: []byte("14")}})
	want := []string{"1", "", "three", "4", "5", "6", "7", "8", "alone", "10", "11", "12", "13", "14"}
	texts, hints := read(1)
	assert.Equal(t, want, texts)
	assert.Equal(t, []uint32{1, 2, 3, 4, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0}, hints, "those of a run are known of all of it or of none")
	_, hints = read(2)
	assert.Equal(t, []uint32{0, 0, 0}, hints, "so few are not worth it")

	b, err := s.Read(1, 0, 1<<20, 3)
	require.NoError(t, err)
	require.Len(t, b.Hints, 3)
	_, err = s.Seal(t.Context(), b.Range, nil, nil, nil)
	require.NoError(t, err)
	texts, hints = read(1)
	assert.Equal(t, want[3:], texts)
	assert.Equal(t, []uint32{4, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0}, hints)

	require.NoError(t, s.Close())
	w.disk.Reboot(crashdisk.Kill)
	s = w.open()
	texts, hints = read(1)
	assert.Equal(t, want[3:], texts)
	assert.Equal(t, make([]uint32, len(hints)), hints)
}

// When an object is due is decided by the bytes of records. What is kept in memory
// beside them takes memory, and makes no object smaller.
func TestShapesAreNoBytesOfRecords(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	opts := w.options()
	opts.Memory = 1 << 20
	s, err := spool.Open(w.disk, dir, opts)
	require.NoError(t, err)
	for _, records := range []int{100, 10} { // also behind those that are sealed
		r := spool.Record{Path: "a", Count: records}
		for range records {
			begin := len(r.Data)
			r.Data = append(spool.Begin(r.Data), strings.Repeat("x", 100)...)
			r.Shapes = append(r.Shapes, spool.Shape{Size: spool.End(r.Data, begin)})
		}
		appended(t, s, []spool.Record{r})
		held, is := s.Stream(1)
		require.True(t, is)
		assert.Equal(t, int64(100*records), held.Bytes)
		assert.Greater(t, s.Stats().Cached, int64(100*records+8*records))
		b, err := s.Read(1, 0, 1<<20, 0)
		require.NoError(t, err)
		_, err = s.Seal(t.Context(), b.Range, nil, nil, nil)
		require.NoError(t, err)
	}
	assert.Zero(t, s.Stats().Cached)
}

// A body is read as it was written, in pieces of any size.
func TestABodyOfAnyPiecesIsReadBack(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	appended(t, s, of("a", "1"))
	var want bytes.Buffer
	for i, size := range []int{1, 32<<10 - 1, 32 << 10, 256 << 10, 3<<20 + 7} {
		want.Write(bytes.Repeat([]byte{byte('a' + i)}, size))
	}
	b, err := s.Read(1, 0, 1<<20, 0)
	require.NoError(t, err)
	n, err := s.Seal(t.Context(), b.Range, nil, pieces(want.Bytes()), nil)
	require.NoError(t, err)
	var got bytes.Buffer
	require.NoError(t, s.Body(t.Context(), n, &got))
	assert.True(t, bytes.Equal(want.Bytes(), got.Bytes()))

	w.disk.Flip(w.disk.Under(dir + "/outbox")[0], 8*(2<<20))
	require.ErrorIs(t, s.Body(t.Context(), n, io.Discard), spool.ErrUnknown, "damage to a large piece")
}

// Blocks of which the sum is known are read back, from wherever they lie in memory, and
// one whose sum is another one is not.
func TestABodyWithSumsIsReadBack(t *testing.T) {
	memory := bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstu"), 100_000)
	for i, place := range []int{0, 1, 4067, 4068, 4095} {
		w := newWorld(t, crashdisk.New(1), 1)
		s := w.open()
		appended(t, s, of("a", "1", "2"))
		from := (disk.Block-int(disk.Place(memory)))%disk.Block + place
		want := memory[from : from+2<<20+200_000]
		n, err := s.Seal(t.Context(), spool.Range{Stream: 1, End: 1}, nil, blocks{want, 0}, nil)
		require.NoError(t, err)
		var got bytes.Buffer
		require.NoError(t, s.Body(t.Context(), n, &got))
		assert.True(t, bytes.Equal(want, got.Bytes()))
		file, err := disk.ReadAll(w.disk, w.disk.Under(dir + "/outbox")[0])
		require.NoError(t, err)
		assert.Equal(t, place, bytes.Index(file, want[:100_000])%disk.Block, "it need not be copied to be written")

		n, err = s.Seal(t.Context(), spool.Range{Stream: 1, First: 1, End: 2}, nil, blocks{want, 1 + i%3}, nil)
		require.NoError(t, err)
		require.ErrorIs(t, s.Body(t.Context(), n, io.Discard), spool.ErrUnknown)
	}
}

// blocks are written with their sums. That of the n-th is wrong, unless n is 0.
type blocks struct {
	content []byte
	wrong   int
}

func (b blocks) WriteTo(w io.Writer) (written int64, err error) {
	table := crc32.MakeTable(crc32.Castagnoli)
	for n := 1; len(b.content) > 0 && err == nil; n++ {
		p := b.content[:min(1<<20, len(b.content))]
		sum := crc32.Checksum(p, table)
		if n == b.wrong {
			sum++
		}
		var m int
		m, err = w.(interface {
			WriteBlock(p []byte, crc32c uint32) (int, error)
		}).WriteBlock(p, sum)
		written += int64(m)
		b.content = b.content[m:]
	}
	return written, err
}

// pieces are written one after another, each larger than the one before it.
type pieces []byte

func (p pieces) WriteTo(w io.Writer) (int64, error) {
	written := int64(0)
	for n := 1; len(p) > 0; n *= 8 {
		m, err := w.Write(p[:min(n, len(p))])
		written += int64(m)
		if err != nil {
			return written, err
		}
		p = p[m:]
	}
	return written, nil
}
