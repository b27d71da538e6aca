//go:build !unix

package encodetest

import "time"

var start = time.Now()

// cpuTime stands in for the processor time where that is not at hand.
func cpuTime() time.Duration { return time.Since(start) }
