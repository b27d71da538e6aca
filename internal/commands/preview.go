package commands

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/inspect"
)

// previewCommand is the subcommand that shows which key records would get.
func previewCommand(in io.Reader, out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "preview",
		Usage:     "Print what becomes of each record on standard input, and the object key that it would get",
		ArgsUsage: "CONFIG",
		Description: "Reads records from standard input, one a line, and prints for each the key of the first object it would be part of, " +
			"or why it would be refused. The processors of the configuration are run before, each record as a batch of its own; a record that they change is printed behind its key, " +
			"one that they remove is called dropped, and one at which they fail, failed. Those that ask a server or start a program are not run, which is said. " +
			"Nothing is uploaded. The exit code is 1 when a record would be refused.",
		Flags: []cli.Flag{labelFlag, &cli.BoolFlag{Name: "json", Usage: "print a line of JSON for each record"}},
		Action: func(c *cli.Context) error {
			found, err := configured(c)
			if err != nil {
				return err
			}
			p, err := found.Preview()
			if err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			for _, part := range p.Skipped() {
				_, _ = fmt.Fprintf(c.App.ErrWriter, "not run: %s\n", part)
			}
			n, err := p.Run(c.Context, in, func(f inspect.Fate) error {
				if c.Bool("json") {
					return json.NewEncoder(out).Encode(f)
				}
				_, err := fmt.Fprintln(out, f)
				return err
			})
			if err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			if n.Dropped > 0 {
				_, _ = fmt.Fprintf(c.App.ErrWriter, "%d records would be dropped by a processor\n", n.Dropped)
			}
			if n.Failed > 0 {
				_, _ = fmt.Fprintf(c.App.ErrWriter, "%d records would be stored although a processor failed\n", n.Failed)
			}
			if n.Refused > 0 {
				return cli.Exit(fmt.Sprintf("%d records would be refused", n.Refused), exitNo)
			}
			return nil
		},
	}
}
