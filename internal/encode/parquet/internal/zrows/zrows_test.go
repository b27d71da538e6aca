package zrows_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/zrows"
)

// reader returns what reads a frame with a decoder that is not ours.
func reader(t testing.TB) func(t testing.TB, frame []byte) []byte {
	t.Helper()
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zrows.MaxSize))
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return func(t testing.TB, frame []byte) []byte {
		t.Helper()
		out, err := d.DecodeAll(frame, []byte{})
		require.NoError(t, err)
		return out
	}
}

// column is a page of values of one size.
type column struct {
	page []byte
	size int
}

// columns are pages of so many values.
func columns(values int) map[string]column {
	r := rand.New(rand.NewPCG(1, 1))
	number := func(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }
	text := func(format string, v ...any) []byte {
		s := fmt.Sprintf(format, v...)
		return append(binary.LittleEndian.AppendUint32(nil, uint32(len(s))), s...)
	}
	at, known := time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC), make([][]byte, 4096)
	for i := range known {
		known[i] = text("%016x%016x", r.Uint64(), r.Uint64())
	}
	out := map[string]column{}
	for name, value := range map[string]func() []byte{
		"integers": func() []byte { return number(uint64(r.IntN(1_000_000))) },
		"decimals": func() []byte { return number(math.Float64bits(float64(r.IntN(1_000_000)) / 1e6)) },
		"doubles":  func() []byte { return number(math.Float64bits(r.Float64())) },
		"narrow":   func() []byte { return binary.LittleEndian.AppendUint32(nil, uint32(r.IntN(50_000))) },
		"uuids": func() []byte {
			return text("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48))
		},
		"times": func() []byte {
			at = at.Add(time.Duration(r.IntN(2000)) * time.Millisecond)
			return text("%s", at.Format("2006-01-02T15:04:05.000Z"))
		},
		"users": func() []byte { return known[r.IntN(len(known))] },
	} {
		r = rand.New(rand.NewPCG(1, 2)) // whichever column comes first
		var page []byte
		for range values {
			page = append(page, value()...)
		}
		out[name] = column{page, len(page) / values}
	}
	return out
}

// TestWhatValuesTake: all are read back, and take what is expected of them, in
// proportion to what they took before, and to what a search for any text that repeats
// makes of them.
func TestWhatValuesTake(t *testing.T) {
	stream, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true))
	require.NoError(t, err)
	all, read, e := columns(20_000), reader(t), zrows.New()
	for name, most := range map[string]struct{ raw, stream float64 }{
		"integers": {0.36, 0.81}, "decimals": {0.77, 0.77}, "doubles": {0.945, 0.945}, "narrow": {0.63, 1.01},
		"uuids": {0.48, 0.95}, "times": {0.09, 0.6}, "users": {0.2, 1.02},
	} {
		t.Run(name, func(t *testing.T) {
			c := all[name]
			frame := e.Append([]byte("before"), c.page, 0, c.size)
			require.Equal(t, "before", string(frame[:6]))
			require.True(t, bytes.Equal(c.page, read(t, frame[6:])))
			assert.Less(t, float64(len(frame))/float64(len(c.page)), most.raw)
			assert.Less(t, float64(len(frame))/float64(len(stream.EncodeAll(c.page, nil))), most.stream)
		})
	}
}

// TestBitsTakeWhatTheirBytesDo: of ten values in four bits each, some bytes never come.
func TestBitsTakeWhatTheirBytesDo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	page := make([]byte, 10_000)
	for i := range page {
		page[i] = byte(r.IntN(10) | r.IntN(10)<<4)
	}
	frame := zrows.New().Append(nil, page, 0, 0)
	require.True(t, bytes.Equal(page, reader(t)(t, frame)))
	assert.Less(t, len(frame), 8_600)
}

// TestEveryPageIsReadBack has pages of all sizes up to a few blocks, of values that
// have more or less in common, with and without a beginning that is none.
func TestEveryPageIsReadBack(t *testing.T) {
	read, e, frame := reader(t), zrows.New(), []byte(nil)
	pages := uint64(5000)
	if testing.Short() {
		pages = 500
	}
	for seed := range pages {
		page, first, size := draw(rand.New(rand.NewPCG(seed, 1)))
		frame = e.Append(frame[:0], page, first, size)
		require.True(t, bytes.Equal(page, read(t, frame)), "seed %d", seed)
		require.LessOrEqual(t, len(frame), len(page)+9+3*(1+len(page)>>17), "seed %d", seed)
	}
}

// TestBlocksThatDoNotShrink are left as they are, and leave no trace: what is used last
// is what readers have seen.
func TestBlocksThatDoNotShrink(t *testing.T) {
	const values = 1 << 14 // of a block
	r := rand.New(rand.NewPCG(1, 1))
	var page []byte
	for i := range 5 * values {
		v := r.Uint64()
		switch {
		case i/values%2 == 0:
			v %= 1_000_000
		case i%values == 99: // one that was there
			v = binary.LittleEndian.Uint64(page[len(page)-8*30:])
		}
		page = binary.LittleEndian.AppendUint64(page, v)
	}
	frame := zrows.New().Append(nil, page, 0, 8)
	require.True(t, bytes.Equal(page, reader(t)(t, frame)))
	assert.Greater(t, len(frame), 2*8*values)
	assert.Less(t, len(frame), 4*8*values)
}

// draw returns a page, where its values begin, and their size.
func draw(r *rand.Rand) (page []byte, first, size int) {
	n := r.IntN(1 << (1 + r.IntN(12)))
	if r.IntN(30) == 0 {
		n = 1<<17 - 3 + r.IntN(1<<17+6)
	}
	page, size, first = make([]byte, n), r.IntN(50), r.IntN(9)
	if r.IntN(2) == 0 {
		size = 8
	}
	kinds, same, whole, phase := 1+r.IntN(256), r.IntN(1+size), r.IntN(4), r.IntN(1+size)
	for i := range page {
		page[i] = byte(r.IntN(kinds))
		if at := i - first - size; at >= 0 && size > 0 && (i-first+phase)%size < same {
			page[i] = page[i-size]
		}
	}
	if whole == 0 && size > 0 { // values that were there long ago
		for at := first + size; at+size <= n; at += size * (1 + r.IntN(4)) {
			copy(page[at:at+size], page[first+r.IntN((at-first)/size)*size:])
		}
	}
	return page, first, size
}

// TestFewBytes: what is short, or all the same, takes next to nothing.
func TestFewBytes(t *testing.T) {
	read, e := reader(t), zrows.New()
	for _, c := range []struct {
		page []byte
		most int
	}{
		{nil, 9},
		{[]byte{7}, 10},
		{[]byte("abc"), 12},
		{bytes.Repeat([]byte{1}, 70_000), 13},
		{bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 20_000), 60},
		{bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 33), 30},
		{bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 9000), 40},
	} {
		frame := e.Append(nil, c.page, 0, 8)
		require.True(t, bytes.Equal(c.page, read(t, frame)), "%d bytes", len(c.page))
		assert.LessOrEqual(t, len(frame), c.most, "%d bytes", len(c.page))
	}
}

func FuzzAppend(f *testing.F) {
	read, e := reader(f), zrows.New()
	f.Add([]byte("one of two of three of"), uint8(2), uint8(8))
	f.Add(bytes.Repeat([]byte("2025-07-01 12:"), 99), uint8(0), uint8(14))
	f.Fuzz(func(t *testing.T, page []byte, first, size uint8) {
		frame := e.Append(nil, page, int(first), int(size))
		require.True(t, bytes.Equal(page, read(t, frame)))
	})
}

func BenchmarkAppend(b *testing.B) {
	const values = 20_000
	for name, c := range columns(values) {
		b.Run(name, func(b *testing.B) {
			e := zrows.New()
			var out []byte
			least := time.Hour // other work on the machine only adds to it
			for b.Loop() {
				began := time.Now()
				out = e.Append(out[:0], c.page, 0, c.size)
				least = min(least, time.Since(began))
			}
			b.ReportMetric(float64(least.Nanoseconds())/values, "least-ns/value")
			b.ReportMetric(float64(len(out))/float64(len(c.page)), "out/raw")
		})
	}
}
