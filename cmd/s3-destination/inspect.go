package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/inspect"
)

// Exit codes of the subcommands that look at a configuration.
const (
	exitNo    = 1 // the answer is no
	exitUsage = 2 // the question could not be asked
)

var labelFlag = &cli.StringFlag{
	Name:  "label",
	Usage: "the label of the output to look at, when the configuration has several",
}

// configured reads the configuration that a subcommand was given.
func configured(c *cli.Context) (*inspect.Output, error) {
	if c.NArg() != 1 {
		return nil, cli.Exit(fmt.Sprintf("usage: s3-destination %s [options] CONFIG", c.Command.Name), exitUsage)
	}
	path := c.Args().First()
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, cli.Exit(fmt.Sprintf("reading the configuration: %v", err), exitUsage)
	}
	found, err := inspect.Read(string(text), c.String(labelFlag.Name))
	if err != nil {
		return nil, cli.Exit(fmt.Sprintf("reading %s: %v", path, err), exitUsage)
	}
	return found, nil
}
