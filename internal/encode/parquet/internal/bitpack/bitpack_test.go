package bitpack_test

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/bitpack"
)

// draw returns up to 400 values below limit, many of them in runs.
func draw[T uint8 | int32](r *rand.Rand, limit int) []T {
	values := make([]T, 0, 400)
	for n := r.IntN(400); len(values) < n; {
		v, times := T(r.IntN(limit)), 1
		if r.IntN(4) == 0 {
			times = r.IntN(40)
		}
		for range times {
			values = append(values, v)
		}
	}
	return values
}

// TestIndexesAreReadByTheReference decodes with parquet-go. Its encoder is no
// measure to the byte: on processors with AVX2 it ends a run of packed values
// wherever eight have four of one kind and four of another, on others it does
// not. Files shall not depend on that.
func TestIndexesAreReadByTheReference(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var e rle.DictionaryEncoding
	for range 20_000 {
		ids := draw[int32](r, 1+r.IntN(1<<r.IntN(31)))
		got := bitpack.AppendIndexes([]byte("before"), ids)
		require.Equal(t, "before", string(got[:6]))
		read, err := e.DecodeInt32([]int32{}, slices.Clone(got[6:]))
		require.NoError(t, err)
		require.Equal(t, ids, read[:len(ids)])
		for _, more := range read[len(ids):] {
			require.Zero(t, more)
		}
		reference, err := e.EncodeInt32(nil, ids)
		require.NoError(t, err)
		require.LessOrEqual(t, len(got)-6, len(reference))
	}
}

func TestRunsOfIndexes(t *testing.T) {
	tests := []struct {
		name string
		ids  []int32
		want []byte
	}{
		{"none", nil, []byte{0, 0}},
		{"zeros need no bits", []int32{0, 0, 0}, []byte{0, 3 << 1}},
		{"a short rest is runs", []int32{1, 1, 300}, []byte{9, 2 << 1, 1, 0, 1 << 1, 44, 1}},
		{"eight equal ones are a run", []int32{1, 1, 1, 1, 1, 1, 1, 1, 0}, []byte{1, 8 << 1, 1, 1 << 1, 0}},
		{"twice four equal ones are not", []int32{0, 0, 0, 0, 1, 1, 1, 1}, []byte{1, 1<<1 | 1, 0xF0}},
		{
			"packed values end where a run begins",
			[]int32{0, 1, 2, 3, 0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3},
			[]byte{2, 1<<1 | 1, 0xE4, 0xE4, 8 << 1, 3},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, bitpack.AppendIndexes(nil, test.ids))
		})
	}
}

func TestLevelsAreThoseOfTheReference(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 20_000 {
		most := uint8(1 + r.IntN(1+r.IntN(255)))
		levels := draw[uint8](r, int(most)+1)
		got := bitpack.AppendLevels([]byte("before"), levels, most)
		require.Equal(t, "before", string(got[:6]))
		require.Equal(t, len(got)-10, int(binary.LittleEndian.Uint32(got[6:])))
		e := rle.Encoding{BitWidth: bits.Len8(most)}
		want, err := e.EncodeLevels([]byte{}, levels)
		require.NoError(t, err)
		require.Equal(t, want, got[10:], "%v", levels)
	}
}

func TestEqualLevels(t *testing.T) {
	for _, n := range []int{1, 7, 8, 63, 64, 100_000} {
		levels := bytes.Repeat([]byte{3}, n)
		got := bitpack.AppendEqualLevels(nil, 3, n)
		require.Equal(t, len(got)-4, int(binary.LittleEndian.Uint32(got)))
		e := rle.Encoding{BitWidth: 2}
		read, err := e.DecodeLevels(nil, got[4:])
		require.NoError(t, err)
		require.Equal(t, levels, read[:n])
	}
}

// series returns values that rise, repeat, jump and wrap around.
func series[T int32 | int64](r *rand.Rand, n int) []T {
	values := make([]T, 0, n)
	for v, spread := T(r.Uint64()), 1; len(values) < n; {
		switch r.IntN(200) {
		case 0:
			v = T(r.Uint64())
		case 1:
			spread = 1 << r.IntN(31)
		}
		v += T(r.IntN(spread))
		values = append(values, v)
	}
	return values
}

func TestDeltasAreThoseOfTheReference(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	var e delta.BinaryPackedEncoding
	for n := range 1000 {
		longs := series[int64](r, n)
		want, err := e.EncodeInt64(nil, longs)
		require.NoError(t, err)
		require.Equal(t, want, bitpack.AppendDeltas([]byte{}, longs), "%v", longs)

		ints := series[int32](r, n)
		want, err = e.EncodeInt32(nil, ints)
		require.NoError(t, err)
		require.Equal(t, want, bitpack.AppendDeltas([]byte{}, ints), "%v", ints)
	}
}
