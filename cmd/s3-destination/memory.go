package main

import (
	"os"
	"runtime/debug"

	"github.com/s3-destination/s3-destination/internal/lifecycle"
)

const (
	// reserve is what the heap needs beside the records that memory_limit counts:
	// stacks, encoders, connections. The collector does not count the 50 MiB of
	// code that are resident, and on a busy machine it is late by 20 MiB. Together
	// these are the 100 MiB beside memory_limit that docs/sizing.md promises.
	reserve = 32 << 20
	// garbage is how much of it may be there before it is collected, in percent of
	// what is in use. Records are in use for a second or a minute, and collecting
	// earlier finds them there again and again.
	garbage = 400
)

// keepMemory makes the garbage collector work harder when the heap comes near
// what the outputs may hold, and less below that, unless the operator has decided
// otherwise.
func keepMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	own := os.Getenv("GOGC") == ""
	lifecycle.OnMemoryLimit(func(total int64) {
		if total <= 0 {
			return
		}
		debug.SetMemoryLimit(total + reserve)
		if own {
			debug.SetGCPercent(garbage)
		}
	})
}
