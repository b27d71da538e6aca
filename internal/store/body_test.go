package store

import (
	"bytes"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func TestBodyHoldsWhatWasWritten(t *testing.T) {
	t.Parallel()
	property.Check(t, func(t *rapid.T) {
		source := randomBytes(3*blockSize + 17)
		body, rest := &Body{}, source
		for len(rest) > 0 {
			n := min(len(rest), rapid.IntRange(1, blockSize+3).Draw(t, "write"))
			written, err := body.Write(rest[:n])
			require.NoError(t, err)
			require.Equal(t, n, written)
			rest = rest[n:]
		}
		require.Equal(t, int64(len(source)), body.Len())

		off := rapid.Int64Range(0, body.Len()).Draw(t, "off")
		n := rapid.Int64Range(0, body.Len()-off).Draw(t, "n")
		got, err := io.ReadAll(body.Section(off, n))
		require.NoError(t, err)
		require.True(t, bytes.Equal(source[off:off+n], got))
		body.Reset()
	})
}

func TestBodySectionIsAWellBehavedReader(t *testing.T) {
	t.Parallel()
	source := randomBytes(2*blockSize + 5)
	body := BodyOf(source)
	require.NoError(t, iotest.TestReader(body.Section(0, body.Len()), source))
	require.NoError(t, iotest.TestReader(body.Section(blockSize-3, 7), source[blockSize-3:blockSize+4]))
	require.NoError(t, iotest.TestReader(body.Section(0, 0), nil))
}

func TestBodySectionIsClippedToTheBody(t *testing.T) {
	body := BodyOf([]byte("abc"))
	for _, c := range []struct {
		off, n int64
		want   string
	}{{1, 100, "bc"}, {-1, 100, "abc"}, {10, 1, ""}, {0, -1, ""}, {1, 1, "b"}, {3, 1, ""}} {
		got, err := io.ReadAll(body.Section(c.off, c.n))
		require.NoError(t, err)
		assert.Equal(t, c.want, string(got), "%+v", c)
	}
	_, err := body.Section(0, 3).Seek(-1, io.SeekStart)
	require.Error(t, err)
	_, err = body.Section(0, 3).Seek(0, 99)
	require.Error(t, err)
}

func TestBodySectionsAreReadConcurrently(t *testing.T) {
	source := randomBytes(4 * blockSize)
	body := BodyOf(source)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			off := int64(i) * blockSize / 2
			got, err := io.ReadAll(body.Section(off, blockSize/2))
			if err != nil {
				t.Errorf("reading a section: %v", err)
			}
			assert.True(t, bytes.Equal(source[off:off+blockSize/2], got))
		})
	}
	wg.Wait()
}

func TestBodyIsReusable(t *testing.T) {
	body := BodyOf(randomBytes(blockSize + 1))
	body.Reset()
	assert.Zero(t, body.Len())
	_, err := body.WriteString("second")
	require.NoError(t, err)
	var out bytes.Buffer
	n, err := body.WriteTo(&out)
	require.NoError(t, err)
	assert.Equal(t, int64(6), n)
	assert.Equal(t, "second", out.String())
}

// TestBodyWritesWithoutMovingWhatIsThere, from a block of the full size on.
func TestBodyWritesWithoutMovingWhatIsThere(t *testing.T) {
	body, chunk := BodyOf(make([]byte, blockSize/2)), make([]byte, 1000)
	first := &(*body.blocks[0])[0]
	for range 5000 {
		_, _ = body.Write(chunk)
	}
	assert.Same(t, first, &(*body.blocks[0])[0])
	body.Reset()
}

// TestSectionsTellWhereTheyAre: the SDK seeks to the end to find the length, and
// back to send again.
func TestSectionsTellWhereTheyAre(t *testing.T) {
	section := BodyOf([]byte("0123456789")).Section(2, 6)
	for _, c := range []struct {
		offset int64
		whence int
		at     int64
		rest   string
	}{
		{0, io.SeekStart, 0, "234567"},
		{0, io.SeekCurrent, 6, ""},
		{-2, io.SeekCurrent, 4, "67"},
		{0, io.SeekEnd, 6, ""},
		{-1, io.SeekEnd, 5, "7"},
		{3, io.SeekEnd, 9, ""},
		{5, io.SeekStart, 5, "7"},
	} {
		at, err := section.Seek(c.offset, c.whence)
		require.NoError(t, err)
		assert.Equal(t, c.at, at)
		assert.Equal(t, len(c.rest), section.(interface{ Len() int }).Len())
		rest, err := io.ReadAll(section)
		require.NoError(t, err)
		assert.Equal(t, c.rest, string(rest))
	}
	for _, c := range []struct {
		offset int64
		whence int
		want   string
	}{{-1, io.SeekStart, "negative position"}, {0, 3, "unknown whence 3"}} {
		at, err := section.Seek(c.offset, c.whence)
		require.ErrorContains(t, err, c.want)
		assert.Zero(t, at)
	}
	n, err := section.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "at the end, where it has stayed")
	assert.Zero(t, n)
}

// full takes some bytes and no more.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	if f.room -= n; n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

func TestAWriterThatIsFullEndsTheCopyOfABody(t *testing.T) {
	body := BodyOf(make([]byte, 3*blockSize))
	n, err := body.WriteTo(&full{blockSize + 7})
	require.ErrorIs(t, err, io.ErrShortWrite)
	assert.Equal(t, int64(blockSize+7), n)
	body.Reset()
}

// TestASmallBodyTakesALittleMemory: memory_limit counts the bytes of an object, and
// not the block that holds them.
func TestASmallBodyTakesALittleMemory(t *testing.T) {
	body, written := &Body{}, 0
	for _, c := range []struct{ size, takes int }{
		{1, smallBlock},
		{smallBlock, smallBlock},
		{smallBlock + 1, 4 * smallBlock},
		{4 * smallBlock, 4 * smallBlock},
		{4*smallBlock + 1, blockSize},
		{blockSize, blockSize},
		{blockSize + 1, 2 * blockSize},
		{blockSize + smallBlock + 1, 2 * blockSize},
	} {
		_, _ = body.Write(make([]byte, c.size-written))
		written = c.size
		takes := 0
		for _, block := range body.blocks {
			takes += len(*block)
		}
		assert.Equal(t, c.takes, takes, "%d bytes", c.size)
	}
	body.Reset()
}

// TestBlocksOfABodyAreUsedAgain: whoever writes object after object needs no more
// memory than for one.
func TestBlocksOfABodyAreUsedAgain(t *testing.T) {
	const bodies = 60
	for _, size := range []int{smallBlock, 4 * smallBlock, blockSize} {
		content := make([]byte, size)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range bodies {
			body := BodyOf(content)
			body.Reset()
			assert.Zero(t, body.Len())
		}
		runtime.ReadMemStats(&after)
		// The race detector loses one block in four.
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(bodies*size*3/4), "of %d bytes", size)
	}
}

// TestTextAndBytesMakeTheSameBody, across blocks.
func TestTextAndBytesMakeTheSameBody(t *testing.T) {
	text := strings.Repeat("0123456789", blockSize/5)
	bytesOf, textOf := &Body{}, &Body{}
	n, err := bytesOf.Write([]byte(text))
	require.NoError(t, err)
	assert.Equal(t, len(text), n)
	n, err = textOf.WriteString(text)
	require.NoError(t, err)
	assert.Equal(t, len(text), n)
	for _, b := range []*Body{bytesOf, textOf} {
		var out strings.Builder
		written, err := b.WriteTo(&out)
		require.NoError(t, err)
		assert.Equal(t, int64(len(text)), written)
		require.Equal(t, text, out.String())
		b.Reset()
	}
}

func BenchmarkBodyWrite(b *testing.B) {
	chunk := make([]byte, 4096)
	body := &Body{}
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = body.Write(chunk)
		if body.Len() > 64<<20 {
			body.Reset()
		}
	}
}

// summing is a BlockWriter that sums for itself what it is given.
type summing struct {
	bytes.Buffer

	wrong int
}

func (s *summing) WriteBlock(p []byte, crc32c uint32) (int, error) {
	if crc32c != crc32.Checksum(p, tableCRC32C) {
		s.wrong++
	}
	return s.Write(p)
}

func TestABodyTellsTheSumsOfItsBlocks(t *testing.T) {
	for _, size := range []int{0, 1, 1000, blockSize, 2*blockSize + 77} {
		content := bytes.Repeat([]byte("0123456"), size/7+1)[:size]
		plain, b := BodyOf(content), Summed()
		for from := 0; from < size; from += 300_001 {
			piece := content[from:min(from+300_001, size)]
			_, _ = b.Write(piece[:len(piece)/2])
			_, _ = b.WriteString(string(piece[len(piece)/2:]))
		}
		var to summing
		n, err := b.WriteTo(&to)
		require.NoError(t, err)
		assert.EqualValues(t, size, n)
		assert.True(t, bytes.Equal(content, to.Bytes()))
		assert.Zero(t, to.wrong, "of %d bytes", size)
		assert.Equal(t, ChecksumCRC32C.of(plain, 0, plain.Len()), ChecksumCRC32C.of(b, 0, b.Len()))
		if size > 0 {
			assert.Equal(t, ChecksumCRC32C.of(plain, 1, plain.Len()-1), ChecksumCRC32C.of(b, 1, b.Len()-1), "of a part")
		}
		_, err = plain.WriteTo(&to)
		require.NoError(t, err)
		assert.Zero(t, to.wrong, "nobody claims to know the sums of another body")
	}
}

// A section is written from where it was read up to, and goes on behind a writer that
// is full.
func TestASectionIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	source := randomBytes(2*blockSize + 5)
	body := BodyOf(source)
	const off, size, read = blockSize - 3, blockSize + 6, 100
	s := body.Section(off, size)
	_, err := io.ReadFull(s, make([]byte, read))
	require.NoError(t, err)
	first := &full{room: 1000}
	n, err := io.Copy(first, s)
	require.ErrorIs(t, err, io.ErrShortWrite)
	assert.EqualValues(t, 1000, n)
	var rest bytes.Buffer
	n, err = s.(io.WriterTo).WriteTo(&rest)
	require.NoError(t, err)
	assert.EqualValues(t, size-read-1000, n)
	assert.True(t, bytes.Equal(source[off+read+1000:off+size], rest.Bytes()))
	assert.Zero(t, s.(interface{ Len() int }).Len())
	n, err = s.(io.WriterTo).WriteTo(&rest)
	require.NoError(t, err)
	assert.Zero(t, n, "it has come to its end")
}
