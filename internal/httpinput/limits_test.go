package httpinput

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// Records count beside the body until they are stored, and a request alone may have as
// many as fit into the memory, or as the largest body is.
func TestRecordsCountBesideTheBody(t *testing.T) {
	for name, c := range map[string]struct{ share, most, fit int64 }{
		"the memory":       {10 * inflight.RecordOverhead, 1, 10},
		"the largest body": {1, 3 * inflight.RecordOverhead, 3},
	} {
		l := &limits{}
		l.share.Store(c.share)
		b := &intake{limits: l, most: c.most}
		for range c.fit {
			require.NoError(t, b.record(), name)
		}
		assert.Equal(t, c.fit*inflight.RecordOverhead, l.held.Load(), name)
		require.ErrorIs(t, b.record(), errTooMany, name)
		require.ErrorIs(t, (&intake{limits: l, most: c.most}).record(), errNoRoom, "%s: another request", name)
		b.cancel()
		assert.Zero(t, l.held.Load(), name)
	}
}
