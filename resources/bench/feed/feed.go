// Package feed is the common half of the measured processes: an input that
// costs next to nothing, and a main function that runs one stream and reports
// what it cost from the first record on. Both sides are built around it, so
// that they differ by the output and the processors alone.
package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// ExitConfig is the exit code for a configuration that is not accepted.
const ExitConfig = 3

// EnvProfile names a file for a CPU profile.
const EnvProfile = "BENCH_CPUPROFILE"

// EnvPatient makes our side find out by idle_timeout that the input has ended,
// so that the last objects are not cut short.
const EnvPatient = "BENCH_PATIENT"

// EnvUnknown makes our side know nothing about its input, as in a program that
// does not tell it.
const EnvUnknown = "BENCH_UNKNOWN"

// Stats is what a run cost. Times are measured from the first record that the
// input was asked for to the end of the stream.
type Stats struct {
	Sent, Acked, Nacked int64
	CPU, Wall           time.Duration
	// System is the part of CPU that the kernel took.
	System time.Duration
	// Idle is for how long, over all of GOMAXPROCS, there was nothing to run: no
	// goroutine and no work of the garbage collector. Other processes on the same
	// cores do not count as idle.
	Idle time.Duration
	// PeakRSS is the high-water mark of the process in bytes, data that the
	// input maps included.
	PeakRSS int64
}

// EnvSettle makes the process report, once all records are in flight and the
// garbage is collected, what it holds then: Settled on standard error.
const EnvSettle = "BENCH_SETTLE"

// Settled is the memory of a process in which all records are in flight.
type Settled struct {
	// RSS is the resident set, Heap and Stacks what the runtime has in use for
	// objects and goroutines, in bytes.
	RSS, Heap, Stacks int64
}

// AtEnd is called when the input has served its last batch.
var AtEnd = func() {}

// Then is called with the text of the configuration when the stream has ended, and
// counts as a part of it.
var Then = func(string) error { return nil }

var begin struct {
	sync.Once

	at                time.Time
	cpu, system, idle time.Duration
}

// started notes the first read.
func started() {
	begin.Do(func() {
		contend()
		begin.idle = idleTime()
		begin.at = time.Now()
		begin.cpu, begin.system = cpuTime()
		if path := os.Getenv(EnvProfile); path != "" {
			f, err := os.Create(path)
			if err == nil {
				err = pprof.StartCPUProfile(f)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "profiling:", err)
			}
		}
	})
}

func finished() {
	if os.Getenv(EnvSettle) != "" {
		time.Sleep(2 * time.Second) // until the last call waits
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		s := Settled{RSS: status("self", "VmRSS:"), Heap: int64(m.HeapAlloc), Stacks: int64(m.StackInuse)}
		_ = json.NewEncoder(os.Stderr).Encode(s)
	}
	AtEnd()
}

// Main runs the stream of the configuration file that is the only argument and
// prints the Stats as JSON.
func Main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: give the file of a stream's configuration")
		os.Exit(2)
	}
	os.Exit(run(os.Args[1]))
}

func run(path string) int {
	if err := service.RegisterBatchInput(InputName, spec(), construct); err != nil {
		return complain(1, err)
	}
	stream, err := build(path)
	if err != nil {
		return complain(ExitConfig, err)
	}
	err = stream.Run(context.Background())
	if text, readErr := os.ReadFile(path); err == nil && readErr == nil {
		err = Then(string(text))
	}
	pprof.StopCPUProfile()
	contended()
	if err != nil {
		return complain(1, err)
	}
	cpu, system := cpuTime()
	s := Stats{
		Sent: counters.sent.Load(), Acked: counters.acked.Load(), Nacked: counters.nacked.Load(),
		CPU: cpu - begin.cpu, System: system - begin.system, Wall: time.Since(begin.at), PeakRSS: PeakRSS("self"),
	}
	s.Idle = idleTime() - begin.idle
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return complain(1, err)
	}
	return 0
}

func build(path string) (*service.Stream, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b := service.NewStreamBuilder()
	if err := b.SetYAML(string(text)); err != nil {
		return nil, err
	}
	return b.Build()
}

func complain(code int, err error) int {
	fmt.Fprintln(os.Stderr, err)
	return code
}

// cpuTime is the user and system time of this process.
func cpuTime() (all, system time.Duration) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), time.Duration(u.Stime.Nano())
}

// idleTime is for how long processors had nothing to run. The runtime counts it
// when it collects garbage.
func idleTime() time.Duration {
	runtime.GC()
	idle := []metrics.Sample{{Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(idle)
	return time.Duration(idle[0].Value.Float64() * float64(time.Second))
}

// PeakRSS is the largest resident set that a process, by its id or "self", has
// had, in bytes; 0 where the kernel does not tell.
func PeakRSS(pid string) int64 { return status(pid, "VmHWM:") }

func status(pid, field string) int64 {
	text, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}
