// Command s3-destination is Benthos with the s3_destination output, the Kafka
// and Prometheus components of Redpanda Connect, and a few subcommands of its
// own.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/redpanda-data/benthos/v4/public/service"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	_ "github.com/redpanda-data/connect/v4/public/components/prometheus"

	"github.com/s3-destination/s3-destination/internal/buildinfo"
	"github.com/s3-destination/s3-destination/internal/lifecycle"

	_ "github.com/s3-destination/s3-destination/plugin"
	"github.com/s3-destination/s3-destination/plugin/commands"
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
	stop := &stopper{flush: flush, began: make(chan struct{})}
	begin := &starting{to: os.Stderr, ending: stop.ending.Store}
	if runs(os.Args) { // other commands end at once, as programs do
		stop.watch()
	}
	lifecycle.SumUpAtEnd()
	keepMemory()
	useOurWords()
	code, err := service.RunCLIToCode(context.Background(),
		condensed,
		completeWords(os.Args),
		watchStreams(os.Args),
		service.CLIOptSetVersion(version, date),
		service.CLIOptSetBinaryName("s3-destination"),
		service.CLIOptSetProductName("s3-destination"),
		service.CLIOptOnLoggerInit(func(l *service.Logger) { stop.log.Store(l) }),
		service.CLIOptOnStreamStart(stop.begin),
		service.CLIOptCustomRunFlags(runFlags, begin.read),
		service.CLIOptOnConfigParse(begin.warn),
		commands.Option(),
		service.CLIOptAddCommand(topCommand(os.Stdin, stdout)),
		service.CLIOptAddCommand(rpcCommand(stdout)),
		service.CLIOptAddCommand(versionCommand(stdout)),
		service.CLIOptAddCommand(completionCommand(stdout)),
		service.CLIOptAddCommand(manCommand(stdout)),
		service.CLIOptAddCommand(completeCommand()),
	)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
	}
	return stop.end(code)
}
