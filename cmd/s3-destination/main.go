// Command s3-destination is Benthos with the s3_destination output, the Kafka
// and Prometheus components of Redpanda Connect, and a few subcommands of its
// own.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/redpanda-data/benthos/v4/public/service"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	_ "github.com/redpanda-data/connect/v4/public/components/prometheus"

	"github.com/s3-destination/s3-destination/internal/buildinfo"
	"github.com/s3-destination/s3-destination/internal/lifecycle"

	_ "github.com/s3-destination/s3-destination/plugin"
	_ "github.com/s3-destination/s3-destination/plugin/kafka"
)

// Set by the linker.
var (
	version = "dev"
	date    = "unknown"
)

func main() { os.Exit(run()) }

// run runs the command line and returns the exit code.
func run() int {
	stdout := os.Stdout
	if version != "dev" {
		buildinfo.Stamp(version)
	}
	condensed, flush := condenseLogs(os.Args)
	stop := &stopper{flush: flush}
	stop.watch()
	lifecycle.SumUpAtEnd()
	keepMemory()
	begin := &starting{to: os.Stderr}
	explainExitCodes()
	code, err := service.RunCLIToCode(context.Background(),
		condensed,
		watchStreams(os.Args),
		service.CLIOptSetVersion(version, date),
		service.CLIOptSetBinaryName("s3-destination"),
		service.CLIOptSetProductName("s3-destination"),
		service.CLIOptOnLoggerInit(func(l *service.Logger) { stop.log.Store(l) }),
		service.CLIOptCustomRunFlags(nil, begin.read),
		service.CLIOptOnConfigParse(begin.warn),
		service.CLIOptAddCommand(ofConfig(lintCommand(stdout, os.Stderr))),
		service.CLIOptAddCommand(ofConfig(previewCommand(os.Stdin, stdout))),
		service.CLIOptAddCommand(ofConfig(schemaCommand(os.Stdin, stdout, os.Stderr))),
		service.CLIOptAddCommand(ofConfig(checkCommand(stdout))),
		service.CLIOptAddCommand(ofConfig(policyCommand(stdout))),
		service.CLIOptAddCommand(ofConfig(sizeCommand(stdout))),
		service.CLIOptAddCommand(spoolCommand(stdout)),
		service.CLIOptAddCommand(healthCommand()),
	)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
	}
	return stop.end(code)
}

// reserve is what the process needs beside the records that memory_limit
// counts: code, stacks, encoders, connections.
const reserve = 44 << 20

// keepMemory makes the garbage collector work harder when the heap comes near
// what the outputs may hold, unless the operator has decided otherwise.
func keepMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	lifecycle.OnMemoryLimit(func(total int64) {
		if total > 0 {
			debug.SetMemoryLimit(total + reserve)
		}
	})
}
