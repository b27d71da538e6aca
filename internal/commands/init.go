package commands

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/scaffold"
)

// initCommand writes a pipeline to begin with.
func initCommand(in *os.File, out, talk io.Writer) *cli.Command {
	choice := func(name, what string, values []string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: what + ": " + strings.Join(values, ", "), DefaultText: values[0]}
	}
	return &cli.Command{
		Name:      "init",
		Usage:     "Write a pipeline to begin with, from a few choices",
		ArgsUsage: "[FILE]",
		Description: "Writes pipeline.yaml, or FILE (- is standard output): a pipeline with comments that say what else there is, and that lint finds nothing wrong with. " +
			"On a terminal and without options it asks. A file that exists is kept, unless --force is given. " +
			"The exit code is 0, or 2 when nothing was written.",
		Flags: []cli.Flag{
			choice("from", "the input", scaffold.Inputs),
			choice("format", "what objects are", scaffold.Formats),
			&cli.StringFlag{Name: "compression", Usage: "how objects are compressed: gzip or none; parquet: zstd, snappy, gzip, lz4_raw or none; avro: snappy, zstandard, deflate or none", DefaultText: "the first one"},
			choice("auth", "who writes to the bucket", scaffold.Auths),
			&cli.BoolFlag{Name: "exactly-once", Usage: "store each record in exactly one object, from Kafka"},
			&cli.BoolFlag{Name: "spool", Usage: "acknowledge records when they are on a local disk"},
			&cli.StringFlag{Name: "bucket", Usage: "the bucket", DefaultText: "my-bucket, or the variable BUCKET"},
			&cli.StringFlag{Name: "region", Usage: "its region", DefaultText: "eu-west-1, or the variable AWS_REGION"},
			&cli.BoolFlag{Name: "force", Usage: "replace a file that exists"},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Len() > 1 {
				return usage(c)
			}
			choices := scaffold.Choices{
				From: c.String("from"), Format: c.String("format"), Compression: c.String("compression"), Auth: c.String("auth"),
				ExactlyOnce: c.Bool("exactly-once"), Spool: c.Bool("spool"), Bucket: c.String("bucket"), Region: c.String("region"),
			}
			if choices == (scaffold.Choices{}) && IsTerminal(in) {
				var err error
				if choices, err = scaffold.Ask(in, talk); err != nil {
					return cli.Exit(err.Error(), exitUsage)
				}
			}
			choices.File = c.Args().First()
			return writePipeline(c, choices, out, talk)
		},
	}
}

// IsTerminal reports whether somebody looks at a file, or types it.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// writePipeline writes it to its file, or to out when that is called -.
func writePipeline(c *cli.Context, choices scaffold.Choices, out, talk io.Writer) error {
	toOut := choices.File == "-"
	if toOut {
		choices.File = ""
	}
	choices, err := choices.Complete()
	if err != nil {
		return cli.Exit(err.Error(), exitUsage)
	}
	text, err := choices.Pipeline()
	if err != nil {
		return cli.Exit(err.Error(), exitUsage)
	}
	if toOut {
		if _, err := io.WriteString(out, text); err != nil {
			return cli.Exit(fmt.Sprintf("printing the pipeline: %v", err), exitUsage)
		}
		return nil
	}
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if c.Bool("force") {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	if err := writeFile(choices.File, how, text); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return cli.Exit(choices.File+" exists and is kept: give another name, or --force to replace it", exitUsage)
		}
		return cli.Exit(fmt.Sprintf("writing the pipeline: %v", err), exitUsage)
	}
	_, _ = fmt.Fprintf(talk, "Wrote %s. Next: %s lint %[1]s\n", choices.File, c.App.Name)
	return nil
}

func writeFile(name string, how int, text string) error {
	f, err := os.OpenFile(name, how, 0o644) //nolint:gosec // the user names the file, which has no secrets
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	_, err = w.WriteString(text)
	return errors.Join(err, w.Flush(), f.Close())
}
