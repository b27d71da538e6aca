package telemetry

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
)

// Half of the limit waits beside it: the advice is as many batches of that size
// as the limit has room for.
func TestWhatWaitsBesideTheLimitIsSaidWithTheNumberToSet(t *testing.T) {
	for gated, said := range map[int64]string{
		49_000_000: "",
		60_000_000: "Set max_in_flight to 50,",
	} {
		var logs bytes.Buffer
		log := service.NewLoggerFromSlog(slog.New(slog.NewTextHandler(&logs, nil)))
		m := New(service.MockResources().Metrics(), log, &config.Config{Chunks: chunk.Config{MemoryLimit: 100_000_000}})
		m.Observe(chunk.Stats{GatedBytes: gated, GatedCalls: 30})
		if said == "" {
			assert.Empty(t, logs.String())
			continue
		}
		assert.Contains(t, logs.String(), said)
		assert.Contains(t, logs.String(), "2000 kB each")
	}
}

// What waits at the gate is alive: a garbage collector held to less would run
// without pause. A little of it is left to the reserve of the process.
func TestWhatWaitsBesideTheLimitIsToldInCoarseSteps(t *testing.T) {
	res := service.MockResources()
	m := New(res.Metrics(), res.Logger(), &config.Config{Chunks: chunk.Config{MemoryLimit: 256 << 20}})
	var told []int64
	m.OnOutgrown(func() { told = append(told, m.Beyond()>>20) })
	for _, gated := range []int64{0, 15 << 20, 17 << 20, 45 << 20, 200 << 20, 205 << 20, 0} {
		m.Observe(chunk.Stats{GatedBytes: gated})
	}
	assert.Equal(t, []int64{32, 192, 0}, told)
}

// Advice names the limit that the user has set, and not the part of it that is
// for records.
func TestAdviceIsInTheUnitsOfTheSetting(t *testing.T) {
	res := service.MockResources()
	m := New(res.Metrics(), res.Logger(), &config.Config{MemoryLimit: 80e6, Chunks: chunk.Config{MemoryLimit: 70e6}})
	m.adviser.cause = chunk.Memory
	m.adviser.limits.MaxFileSize = 10e6
	assert.Contains(t, m.adviser.advice(1e6), "memory_limit (80 MB)")
}
