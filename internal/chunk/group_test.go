package chunk

import (
	"errors"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// Records go to their partition in the order of the batch, whether they follow
// one of the same partition or not.
func TestRecordsOfAPartitionKeepTheirOrder(t *testing.T) {
	c := still(Config{}).comes(1, admitted)
	for i, path := range "abbaccb" {
		c.Add([]byte(string(path)), "", raw("x"), i)
	}
	got := map[string][]int{}
	for _, d := range c.arrange() {
		for i := range d.run.len() {
			got[d.part.path] = append(got[d.part.path], d.run.index(i))
		}
	}
	assert.Equal(t, map[string][]int{"a": {0, 3}, "b": {1, 2, 6}, "c": {4, 5}}, got)
}

// TestRecordsOfAnyPartitionsKeepTheirOrder draws batches of few and of many
// partitions, with refused records between them and with offsets.
func TestRecordsOfAnyPartitionsKeepTheirOrder(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		c := still(Config{}).comes(1, admitted)
		paths := rapid.SliceOfN(rapid.IntRange(0, rapid.SampledFrom([]int{0, 3, 20, 500}).Draw(t, "partitions")), 1, 300).Draw(t, "paths")
		exactly := rapid.Bool().Draw(t, "exactly")
		want := map[string][]int{}
		for i, n := range paths {
			path := strconv.Itoa(n)
			if n == 7 {
				c.Refuse(raw(path), i, errors.New("bad"))
			} else {
				c.Add([]byte(path), "", raw(path), i)
				want[path] = append(want[path], i)
			}
			if exactly {
				c.offsets = append(c.offsets, int64(1000+i))
			}
		}
		c.gather()
		got := map[string][]int{}
		at := int32(0)
		for _, g := range c.groups.all {
			require.Equal(t, at, g.from, "runs follow each other")
			for at = g.from; at < g.to; at++ {
				index := int(c.indexes[at])
				require.Equal(t, raw(strconv.Itoa(paths[index])), c.records[at])
				if exactly {
					require.Equal(t, int64(1000+index), c.offsets[at])
				}
				if g.refused == nil {
					got[g.part.path] = append(got[g.part.path], index)
				}
			}
		}
		require.Equal(t, want, got)
		require.EqualValues(t, len(paths), at)
	})
}

// A call makes room for all of its records at the first of them, and keeps
// nothing but the records while it waits.
func TestCallMakesRoomOnce(t *testing.T) {
	const n = 1000
	c := still(Config{}).comes(1, admitted)
	c.expects = n
	for i := range n {
		c.Add([]byte("a"), "", raw("x"), i)
		assert.Equal(t, []int{n, n, n}, []int{cap(c.records), cap(c.indexes), cap(c.groups.of)})
	}
	c.arrange()
	assert.Zero(t, c.groups)
}
