package output

import (
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// What waits at the gate is alive: a garbage collector held to less would run
// without pause. A little of it is left to the reserve of the process.
func TestMemoryLimitOfTheProcessFollowsWhatWaits(t *testing.T) {
	var totals []int64
	OnMemoryLimit(func(total int64) { totals = append(totals, total>>20) })
	defer OnMemoryLimit(nil)
	conf := &Config{chunks: chunk.Config{MemoryLimit: 256 << 20}}
	res := service.MockResources()
	o := &Output{conf: conf, metrics: newMetrics(res.Metrics(), res.Logger(), conf)}
	live.Lock()
	require.Empty(t, live.outputs, "another test is under way")
	live.outputs[o] = true
	reportMemory()
	live.Unlock()
	for _, gated := range []int64{0, 31 << 20, 33 << 20, 90 << 20, 200 << 20, 210 << 20, 0} {
		o.metrics.Observe(chunk.Stats{GatedBytes: gated})
	}
	detach(o, Unstored{})
	assert.Equal(t, []int64{256, 256 + 64, 256 + 192, 256, 0}, totals)
}
