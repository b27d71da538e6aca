// Package commands has the subcommands of s3-destination for programs around the
// output: lint, preview, schema, check, policy, size, init, ls, stat, head, cat, spool
// and health. It is apart from package plugin because they read Parquet files and
// more, which a program that only writes need not link.
//
// A program with the command line of Benthos adds them to it:
//
//	service.RunCLI(ctx, commands.Option())
package commands

import (
	"os"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/commands"
)

// All are the subcommands, for a command line of urfave/cli. They read standard input,
// print to standard output and standard error, and end with an error of that library
// which has the exit code.
func All() []*cli.Command { return commands.All(os.Stdin, os.Stdout, os.Stderr) }

// Option adds the subcommands to the command line of Benthos, for [service.RunCLI]. lint
// takes the place of the command that Benthos has under that name.
func Option() service.CLIOptFunc {
	return func(b *service.CLIOptBuilder) {
		for _, c := range All() {
			service.CLIOptAddCommand(c)(b)
		}
	}
}
