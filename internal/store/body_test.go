package store

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBodyHoldsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
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
	source := randomBytes(2*blockSize + 5)
	body := BodyOf(source)
	require.NoError(t, iotest.TestReader(body.Section(0, body.Len()), source))
	require.NoError(t, iotest.TestReader(body.Section(blockSize-3, 7), source[blockSize-3:blockSize+4]))
	require.NoError(t, iotest.TestReader(body.Section(0, 0), nil))
}

func TestBodySectionIsClippedToTheBody(t *testing.T) {
	body := BodyOf([]byte("abc"))
	for name, section := range map[string]io.ReadSeeker{
		"too long":   body.Section(1, 100),
		"all":        body.Section(-1, 100),
		"behind":     body.Section(10, 1),
		"negative n": body.Section(0, -1),
	} {
		got, err := io.ReadAll(section)
		require.NoError(t, err, name)
		assert.Contains(t, "abc", string(got), name)
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

func TestBodyWritesWithoutMovingWhatIsThere(t *testing.T) {
	body, chunk := &Body{}, make([]byte, 1000)
	_, _ = body.Write(chunk)
	first := &(*body.blocks[0])[0]
	for range 5000 {
		_, _ = body.Write(chunk)
	}
	assert.Same(t, first, &(*body.blocks[0])[0])
	body.Reset()
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
