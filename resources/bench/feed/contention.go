package feed

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

// EnvContention is where to write profiles of how long goroutines waited for
// each other (.block) and for locks (.mutex): the beginning of their names.
const EnvContention = "BENCH_CONTENTION"

// contend begins these profiles. They cost time: the figures of such a run do not
// count.
func contend() {
	if os.Getenv(EnvContention) == "" {
		return
	}
	runtime.SetBlockProfileRate(10_000) // one for each 10 us of waiting
	runtime.SetMutexProfileFraction(10)
}

// contended writes them.
func contended() {
	prefix := os.Getenv(EnvContention)
	if prefix == "" {
		return
	}
	for _, name := range []string{"block", "mutex"} {
		f, err := os.Create(prefix + "." + name)
		if err == nil {
			err = pprof.Lookup(name).WriteTo(f, 0)
			f.Close()
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "writing the %s profile: %v\n", name, err)
		}
	}
}
