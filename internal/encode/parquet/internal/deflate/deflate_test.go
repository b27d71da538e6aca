package deflate_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	other "github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/deflate"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// requireRead demands that two readers that are not ours read a member as a page.
func requireRead(t testing.TB, page, member []byte, about ...any) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(member))
	require.NoError(t, err, about...)
	got, err := io.ReadAll(z)
	require.NoError(t, err, about...)
	require.True(t, bytes.Equal(page, got), about...)
	k, err := other.NewReader(bytes.NewReader(member))
	require.NoError(t, err, about...)
	got, err = io.ReadAll(k)
	require.NoError(t, err, about...)
	require.True(t, bytes.Equal(page, got), about...)
}

// pages are plain pages of so many values.
func pages(values int) map[string][]byte {
	out := map[string][]byte{}
	text := func(r *rand.Rand, format string, v ...any) []byte {
		s := fmt.Sprintf(format, v...)
		return append(binary.LittleEndian.AppendUint32(nil, uint32(len(s))), s...)
	}
	number := func(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }
	at := time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	for name, value := range map[string]func(r *rand.Rand) []byte{
		"integers": func(r *rand.Rand) []byte { return number(uint64(r.IntN(1_000_000))) },
		"decimals": func(r *rand.Rand) []byte { return number(math.Float64bits(float64(r.IntN(1_000_000)) / 1e6)) },
		"uuids": func(r *rand.Rand) []byte {
			return text(r, "%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48))
		},
		"times": func(r *rand.Rand) []byte {
			at = at.Add(time.Duration(r.IntN(2000)) * time.Millisecond)
			return text(r, "%s", at.Format("2006-01-02T15:04:05.000Z"))
		},
		"addresses": func(r *rand.Rand) []byte { return text(r, "203.0.%d.%d", r.IntN(256), r.IntN(256)) },
		"noise":     func(r *rand.Rand) []byte { return number(r.Uint64()) },
	} {
		r := rand.New(rand.NewPCG(1, 2))
		var page []byte
		for range values {
			page = append(page, value(r)...)
		}
		out[name] = page
	}
	return out
}

// TestWhatPagesTake: all are read back, and take what is expected of them, in proportion
// to what they took before, and to what a search makes of them that knows no prices.
func TestWhatPagesTake(t *testing.T) {
	e := deflate.New(deflate.LeastLevel)
	for name, most := range map[string]struct{ raw, search float64 }{
		"integers": {0.435, 1.025}, "decimals": {0.79, 0.89}, "uuids": {0.505, 0.95}, "times": {0.145, 0.86},
		"addresses": {0.215, 0.9}, "noise": {1.003, 1.003},
	} {
		t.Run(name, func(t *testing.T) {
			page := pages(10_000)[name]
			member := e.Append([]byte("before"), page)
			require.Equal(t, "before", string(member[:6]))
			requireRead(t, page, member[6:])
			var search bytes.Buffer
			z, err := other.NewWriterLevel(&search, deflate.LeastLevel)
			require.NoError(t, err)
			_, err = z.Write(page)
			require.NoError(t, err)
			require.NoError(t, z.Close())
			assert.Less(t, float64(len(member))/float64(len(page)), most.raw)
			assert.Less(t, float64(len(member))/float64(search.Len()), most.search)
		})
	}
}

// TestEveryPageIsReadBack has pages of all sizes up to a few pieces and windows, with
// more or fewer repetitions, near and far.
func TestEveryPageIsReadBack(t *testing.T) {
	count := uint64(6000)
	if testing.Short() {
		count = 150
	} else {
		long.Skip(t)
	}
	var encoders []*deflate.Encoder
	for level := deflate.LeastLevel; level <= 9; level++ {
		encoders = append(encoders, deflate.New(level))
	}
	var member []byte
	for seed := range count {
		r := rand.New(rand.NewPCG(seed, 1))
		page := draw(r)
		member = encoders[seed%uint64(len(encoders))].Append(member[:0], page)
		requireRead(t, page, member, "seed %d", seed)
		require.LessOrEqual(t, len(member), len(page)+18+6+5*(len(page)>>14), "seed %d", seed)
	}
}

// draw returns a page.
func draw(r *rand.Rand) []byte {
	n := r.IntN(1 << (1 + r.IntN(13)))
	if r.IntN(20) == 0 {
		n = 1<<15 - 300 + r.IntN(1<<16)
	}
	page, kinds := make([]byte, n), 1+r.IntN(256)
	for i := range page {
		page[i] = byte(r.IntN(kinds))
	}
	for range r.IntN(1 + n/8) {
		size := min(1+r.IntN(1<<r.IntN(10)), n)
		from, to := r.IntN(n-size+1), r.IntN(n-size+1)
		copy(page[to:to+size], page[from:from+size])
	}
	return page
}

// TestRepetitionsAtTheEdges have the shortest and the longest length, the greatest
// distance, one less and one more.
func TestRepetitionsAtTheEdges(t *testing.T) {
	const window = 32 << 10
	r := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 2*window)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	e := deflate.New(9)
	for _, size := range []int{2, 3, 4, 5, 257, 258, 259, 516, 600} {
		for _, distance := range []int{1, 2, 3, 4, 5, 255, 256, 257, window - 1, window, window + 1} {
			for _, tail := range [][]byte{nil, noise[window : window+1], noise[window : window+900]} {
				whole := append([]byte(nil), noise[:distance]...)
				for i := range size {
					whole = append(whole, whole[i])
				}
				whole = append(whole, tail...)
				requireRead(t, whole, e.Append(nil, whole), "%d bytes at a distance of %d", size, distance)
			}
		}
	}
	// 600 bytes that were there just inside of the window are found, and those outside not.
	inside := append(append([]byte(nil), noise[:window]...), noise[:600]...)
	assert.Less(t, len(e.Append(nil, inside)), window+100)
	outside := append(append([]byte(nil), noise[:window+601]...), noise[:600]...)
	assert.Greater(t, len(e.Append(nil, outside)), window+1200)
}

// TestFewBytes: what is short, or all the same, takes next to nothing.
func TestFewBytes(t *testing.T) {
	e := deflate.New(deflate.LeastLevel)
	for _, c := range []struct {
		page []byte
		most int
	}{
		{nil, 20},
		{[]byte{7}, 21},
		{[]byte("abc"), 23},
		{[]byte("abcd"), 24},
		{bytes.Repeat([]byte{1}, 70_000), 120},
		{bytes.Repeat([]byte{0xFF}, 300), 24},
		{bytes.Repeat([]byte("12345678"), 9000), 150},
	} {
		member := e.Append(nil, c.page)
		requireRead(t, c.page, member, "%d bytes", len(c.page))
		assert.LessOrEqual(t, len(member), c.most, "%d bytes", len(c.page))
	}
}

// TestBlocksEndWhereContentChanges: two kinds of bytes have a table each.
func TestBlocksEndWhereContentChanges(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	page := make([]byte, 128<<10)
	for i := range page {
		page[i] = byte(r.IntN(16))
		if i > len(page)/2 {
			page[i] += 100
		}
	}
	member := deflate.New(deflate.LeastLevel).Append(nil, page)
	requireRead(t, page, member)
	assert.Less(t, len(member), len(page)*53/100) // half a byte each; five bits with one table
}

func FuzzAppend(f *testing.F) {
	e := deflate.New(7)
	f.Add([]byte("one of two of three of"), uint16(1))
	f.Add(bytes.Repeat([]byte("2025-07-01 12:"), 99), uint16(3))
	f.Fuzz(func(t *testing.T, page []byte, times uint16) {
		page = bytes.Repeat(page, 1+int(times)%40)
		requireRead(t, page, e.Append(nil, page))
	})
}

func BenchmarkAppend(b *testing.B) {
	for name, page := range pages(20_000) {
		b.Run(name, func(b *testing.B) {
			e := deflate.New(deflate.LeastLevel)
			var out []byte
			b.SetBytes(int64(len(page)))
			for b.Loop() {
				out = e.Append(out[:0], page)
			}
			b.ReportMetric(float64(len(out))/float64(len(page)), "out/raw")
		})
	}
}
