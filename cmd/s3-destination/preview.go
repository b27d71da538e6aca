package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

// previewCommand is the subcommand that shows which key records would get.
func previewCommand(in io.Reader, out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "preview",
		Usage:     "Print the object key that each record on standard input would get",
		ArgsUsage: "CONFIG",
		Description: "Reads records from standard input, one a line, and prints for each the key of the first object it would be part of, " +
			"or why it would be refused. Nothing is uploaded. The exit code is 1 when a record would be refused.",
		Flags: []cli.Flag{labelFlag},
		Action: func(c *cli.Context) error {
			found, err := configured(c)
			if err != nil {
				return err
			}
			p, err := found.Preview()
			if err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			refused, err := p.Run(in, out)
			if err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			if refused > 0 {
				return cli.Exit(fmt.Sprintf("%d records would be refused", refused), exitNo)
			}
			return nil
		},
	}
}
