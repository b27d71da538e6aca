package courier

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLookShowsWhatIsInTheSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stream := full(t)
		l := p.courier.Look(5)
		assert.Equal(t, 1, l.Streams)
		assert.Positive(t, l.Cached)
		assert.False(t, l.Oldest.IsZero())
		assert.Positive(t, l.SendLimit)
		require.Len(t, l.Chunks, 1)
		h := l.Chunks[0]
		assert.Equal(t, "spooled", h.State)
		assert.Equal(t, 5, h.Records)
		assert.Positive(t, h.Bytes)
		assert.Equal(t, stream.Since, h.Since)
		in := 0
		for _, n := range l.Fill {
			in += n
		}
		assert.Equal(t, 1, in)
		p.later = time.Minute
		p.courier.cfg.Chunks.MaxFileSize = 1 << 20
		keepIn(p, "in/young.json", 1)
		keepIn(p, "in/full.json", 20)
		var paths []string
		for _, h := range p.courier.Look(1).Chunks {
			paths = append(paths, h.Path)
		}
		assert.Equal(t, []string{"in/f.json", "in/full.json"}, paths, "the oldest and the fullest")
		p.courier.sealing[stream.ID] = &chain{}
		p.courier.making = 1
		l = p.courier.Look(5)
		assert.Equal(t, 1, l.Making)
		states := map[string]string{}
		for _, h := range l.Chunks {
			states[h.Path] = h.State
		}
		assert.Equal(t, "encoding", states["in/f.json"])
		assert.Equal(t, "spooled", states["in/young.json"])
	})
}
