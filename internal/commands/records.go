package commands

import (
	"bufio"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/place"
)

const recordsAreRead = "Each record is a line of JSON, whatever the format of the object is: csv, json, parquet or avro, by the end of its name. " +
	"A part of an object is held at a time. It needs s3:GetObject. " +
	"The exit code is 0, 1 when there is no such object, 2 when it cannot be read or is damaged: what stands in front of the damage is printed."

// headCommand prints the first records of objects.
func headCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:        "head",
		Usage:       "Print the first records of objects as lines of JSON",
		ArgsUsage:   "CONFIG KEY...",
		Description: recordsAreRead,
		Flags:       append(placeFlags(), &cli.Int64Flag{Name: "lines", Aliases: []string{"n"}, Value: 10, Usage: "how many records of each object"}),
		Action: func(c *cli.Context) error {
			n := c.Int64("lines")
			if n < 1 {
				return cli.Exit(fmt.Sprintf("-n %d: write how many records to print of each object, 1 or more", n), exitUsage)
			}
			return printRecords(c, out, n)
		},
	}
}

// catCommand prints all records of objects.
func catCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:        "cat",
		Usage:       "Print all records of objects as lines of JSON",
		ArgsUsage:   "CONFIG KEY...",
		Description: recordsAreRead,
		Flags:       placeFlags(),
		Action:      func(c *cli.Context) error { return printRecords(c, out, 0) },
	}
}

// printRecords prints the first records of each object that the command line names; all
// of them when most is 0.
func printRecords(c *cli.Context, out io.Writer, most int64) error {
	return look(c, func(found *inspect.Output, at place.Landed, keys []string) error {
		if len(keys) == 0 {
			return usage(c)
		}
		w := bufio.NewWriterSize(out, 64<<10)
		for _, key := range keys {
			n := int64(0)
			for line, err := range found.Records(c.Context, at, key) {
				if err != nil {
					_ = w.Flush()
					return notLanded(err)
				}
				_, _ = w.Write(line) // Flush returns the first error
				if err := w.WriteByte('\n'); err != nil {
					return cli.Exit(fmt.Sprintf("printing the records of %s: %v", key, err), exitUsage)
				}
				if n++; n == most {
					break
				}
			}
		}
		if err := w.Flush(); err != nil {
			return cli.Exit(fmt.Sprintf("printing records: %v", err), exitUsage)
		}
		return nil
	})
}
