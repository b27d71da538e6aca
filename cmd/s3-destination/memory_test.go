package main

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/lifecycle"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

// holder is an output that holds so much memory.
type holder struct {
	lifecycle.Output
	memory int64
}

func (h *holder) Memory() int64 { return h.memory }

// TestGarbageIsCollectedByTheLimit: what an operator has set stays.
// The figures are those that docs/sizing.md promises.
func TestGarbageIsCollectedByTheLimit(t *testing.T) {
	const before = 90
	for name, tc := range map[string]struct {
		limit, percent string
		wantLimit      int64
		wantPercent    int
	}{
		"neither is set": {wantLimit: 1<<30 + 32<<20, wantPercent: 400},
		"GOGC is set":    {percent: "90", wantLimit: 1<<30 + 32<<20, wantPercent: before},
		"the limit is":   {limit: "off", wantLimit: math.MaxInt64, wantPercent: before},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOMEMLIMIT", tc.limit)
			t.Setenv("GOGC", tc.percent)
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
			defer debug.SetGCPercent(debug.SetGCPercent(before))
			lifecycle.OnMemoryLimit(nil)
			keepMemory()
			defer lifecycle.OnMemoryLimit(nil)
			out := &holder{memory: 1 << 30}
			lifecycle.Attach(out, "")
			lifecycle.Takes(out)
			assert.Equal(t, tc.wantLimit, debug.SetMemoryLimit(-1))
			lifecycle.Detach(out, unstored.Report{}, service.MockResources().Logger())
			assert.Equal(t, tc.wantLimit, debug.SetMemoryLimit(-1))
			percent := debug.SetGCPercent(before)
			assert.Equal(t, tc.wantPercent, percent)
		})
	}
}
