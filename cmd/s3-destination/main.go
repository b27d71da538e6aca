// Command s3-destination is Benthos with the s3_destination output, the Kafka
// and Prometheus components of Redpanda Connect, and a few subcommands of its
// own.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	_ "github.com/redpanda-data/connect/v4/public/components/prometheus"

	"github.com/s3-destination/s3-destination/internal/output"
	"github.com/s3-destination/s3-destination/plugin"
)

// Set by the linker.
var (
	version = "dev"
	date    = "unknown"
)

func main() {
	stopping := drainOnSignal()
	keepMemory()
	warnWhenLinting(os.Args)
	service.RunCLI(context.Background(),
		service.CLIOptSetVersion(version, date),
		service.CLIOptSetBinaryName("s3-destination"),
		service.CLIOptSetProductName("s3-destination"),
		service.CLIOptOnConfigParse(output.WarnOfInput),
		service.CLIOptAddCommand(previewCommand(os.Stdin, os.Stdout)),
		service.CLIOptAddCommand(checkCommand(os.Stdout)),
		service.CLIOptAddCommand(policyCommand(os.Stdout)),
		service.CLIOptAddCommand(sizeCommand(os.Stdout)),
		service.CLIOptAddCommand(healthCommand()),
	)
	if stopping() {
		time.Sleep(lastAnswers)
	}
}

// lastAnswers is how long the process stays when a signal has ended its
// pipeline. Benthos does not wait until its HTTP server has sent the answers to
// the last requests, and a client that misses one sends its records again.
const lastAnswers = 200 * time.Millisecond

// drainOnSignal writes what waits as soon as the process is asked to end.
// Benthos handles the same signals by closing its inputs, which must wait for
// exactly that. The function that it returns tells whether there was a signal.
func drainOnSignal() func() bool {
	var stopping atomic.Bool
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		stopping.Store(true)
		plugin.Drain()
	}()
	return stopping.Load
}

// reserve is what the process needs beside the records that memory_limit
// counts: code, stacks, encoders, connections.
const reserve = 64 << 20

// keepMemory makes the garbage collector work harder when the heap comes near
// what the outputs may hold, unless the operator has decided otherwise.
func keepMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	output.OnMemoryLimit(func(total int64) {
		if total > 0 {
			debug.SetMemoryLimit(total + reserve)
		}
	})
}

// warnWhenLinting prints what is doubtful about a linted configuration, which
// Benthos itself has no way to say without failing the lint.
func warnWhenLinting(args []string) {
	if len(args) < 2 || args[1] != "lint" {
		return
	}
	said := map[string]bool{}
	output.OnLintWarning(func(text string) {
		if !said[text] { // Benthos lints a configuration more than once
			said[text] = true
			_, _ = os.Stderr.WriteString("warning: " + text + "\n")
		}
	})
}
