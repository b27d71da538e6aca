package jsonscan

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestKeysTellTwice(t *testing.T) {
	var k Keys
	for range 3 {
		k.Begin()
		one, two := k.Object(), k.Object()
		assert.True(t, k.Add(one, []byte("a")))
		assert.True(t, k.Add(two, []byte("a")), "of another object")
		assert.True(t, k.Add(one, []byte("")))
		assert.False(t, k.Add(one, []byte("a")))
		for i := range 2 * manyKeys {
			assert.True(t, k.Add(one, strconv.AppendInt(nil, int64(i), 10)))
		}
		assert.False(t, k.Add(one, []byte("7")))
	}
}
