// Package commands are the subcommands that look at a configuration and at what an
// output has stored. They are apart from the binary so that programs around the
// output can have them, and apart from package plugin because they read Parquet, which
// a program that only writes need not link.
package commands

import (
	"io"
	"os"

	"github.com/urfave/cli/v2"
)

// ExitUsage is the exit code of a command that could not do what it was asked.
const ExitUsage = 2

// All are the subcommands. They read answers and records from in, print what they were
// asked for to out, and what else there is to say to problems.
func All(in *os.File, out, problems io.Writer) []*cli.Command {
	return []*cli.Command{
		initCommand(in, out, problems),
		ofConfig(lintCommand(out, problems)),
		ofConfig(previewCommand(in, out)),
		ofConfig(schemaCommand(in, out, problems)),
		ofConfig(checkCommand(out)),
		ofConfig(policyCommand(out)),
		ofConfig(sizeCommand(out)),
		ofConfig(lsCommand(out)),
		ofConfig(statCommand(out)),
		ofConfig(headCommand(out)),
		ofConfig(catCommand(out)),
		spoolCommand(out),
		healthCommand(out),
	}
}
