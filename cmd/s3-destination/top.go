package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/commands"
	"github.com/s3-destination/s3-destination/internal/top"
)

// usualAddress is where Benthos answers requests unless it is configured.
const usualAddress = "http://127.0.0.1:4195"

// topCommand shows what a running process does.
func topCommand(in, out *os.File) *cli.Command {
	return &cli.Command{
		Name:      "top",
		Usage:     "Show what a running process does, live: rates, partitions, memory, health",
		ArgsUsage: "[URL]",
		Description: "URL is http.address of the configuration of that process; without one it is " + usualAddress + ". " +
			"A name and a password of http.basic_auth go before the host, as in http://name:password@host:4195. " +
			"In a terminal the view is live: q ends it, s sorts the partitions otherwise, p pauses, arrows and PgUp and PgDn scroll. " +
			"Elsewhere it prints the state once. The exit code is 1 when the process cannot be asked. " +
			"The same is a page for browsers, at /s3_destination of that address.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print the state once, as JSON"},
			&cli.BoolFlag{Name: "once", Usage: "print the state once, as text, also in a terminal"},
			&cli.DurationFlag{Name: "interval", Value: time.Second, Usage: "how long to wait between two questions"},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Len() > 1 {
				return cli.Exit("top takes one address: s3-destination top http://127.0.0.1:4195", commands.ExitUsage)
			}
			if c.Duration("interval") < 100*time.Millisecond {
				return cli.Exit("--interval: it is less than 100ms: write 100ms or more", commands.ExitUsage)
			}
			text := c.Args().First()
			if text == "" {
				text = usualAddress
			}
			from, err := top.Parse(text)
			if err != nil {
				return cli.Exit(err.Error(), commands.ExitUsage)
			}
			if err := showTop(c, from, in, out); err != nil {
				return cli.Exit(err.Error(), 1)
			}
			return nil
		},
	}
}

// showTop asks once, and goes on where somebody looks.
func showTop(c *cli.Context, from top.Address, in, out *os.File) error {
	state, text, err := from.Ask(c.Context, top.Client())
	switch {
	case err != nil:
		return err
	case c.Bool("json"):
		_, err = out.Write(text)
	case c.Bool("once"), !commands.IsTerminal(out), !commands.IsTerminal(in):
		_, err = io.WriteString(out, top.Plain(state))
	default:
		return top.Show(c.Context, from, state, c.Duration("interval"), in, out)
	}
	if err != nil {
		return fmt.Errorf("printing the state: %w", err)
	}
	return nil
}
