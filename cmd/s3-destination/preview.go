package main

import (
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/output"
)

// previewCommand is the subcommand that shows which key records would get.
func previewCommand(in io.Reader, out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "preview",
		Usage:     "Print the object key that each record on standard input would get",
		ArgsUsage: "CONFIG",
		Description: "Reads records from standard input, one a line, and prints for each the key of the first object it would be part of, " +
			"or why it would be refused. Nothing is uploaded. The exit code is 1 when a record would be refused.",
		Flags: []cli.Flag{&cli.StringFlag{
			Name:  "label",
			Usage: "the label of the output to preview, when the configuration has several",
		}},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return cli.Exit("usage: s3-destination preview CONFIG < records.jsonl", 2)
			}
			p, err := loadPreview(c.Args().First(), c.String("label"))
			if err != nil {
				return cli.Exit(err.Error(), 2)
			}
			refused, err := p.Run(in, out)
			if err != nil {
				return cli.Exit(err.Error(), 2)
			}
			if refused > 0 {
				return cli.Exit(fmt.Sprintf("%d records would be refused", refused), 1)
			}
			return nil
		},
	}
}

// loadPreview finds the output in a configuration file.
func loadPreview(path, label string) (*output.Preview, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	found, err := output.Find(string(text), label)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return output.NewPreview(found)
}
