package chunk

import (
	"testing"

	"github.com/stretchr/testify/assert"
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
