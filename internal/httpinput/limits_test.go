package httpinput

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

// output counts how often it is told to write.
type output struct{ relieved int }

func (*output) Flush()             {}
func (o *output) Relieve()         { o.relieved++ }
func (*output) MemoryLimit() int64 { return 1000 }
func (*output) Slots() int         { return 1 }

// When no more requests or bytes may come, the output writes what it has: waiting for
// more would be in vain.
func TestOutputsWriteWhenNothingMoreMayCome(t *testing.T) {
	o := &output{}
	t.Cleanup(inflight.Join(t.Name(), o))
	l := &limits{stream: t.Name(), requests: 2}
	l.learn()
	assert.True(t, l.enter())
	assert.Zero(t, o.relieved)
	assert.True(t, l.enter())
	assert.Equal(t, 1, o.relieved, "it is the last one")
	assert.False(t, l.enter())
	assert.Equal(t, 2, o.relieved)
	assert.EqualValues(t, 2, l.waiting.Load())
	assert.True(t, l.reserve(900, 0))
	assert.Equal(t, 2, o.relieved)
	assert.False(t, l.reserve(200, 0))
	assert.Equal(t, 3, o.relieved)
}
