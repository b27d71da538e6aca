package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/inspect"
)

var asFlag = &cli.StringFlag{
	Name:  "as",
	Usage: "fields (the setting schema of a configuration) or avro (an Avro schema, for schema.file)",
	Value: "fields",
}

// schemaCommand is the subcommand that infers declared columns from samples.
func schemaCommand(in io.Reader, out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "schema",
		Usage:     "Print the columns that the records on standard input have, as a configuration declares them",
		ArgsUsage: "CONFIG",
		Description: "Reads records from standard input, one a line, and prints for each dataset the setting `schema` that declares its columns, " +
			"as inference finds them. With it every process begins with the same columns, in the same order, and they only grow from there. " +
			"Nothing is uploaded, and the schema.mode of the configuration does not matter.",
		Flags: []cli.Flag{labelFlag, asFlag},
		Action: func(c *cli.Context) error {
			found, err := configured(c)
			if err != nil {
				return err
			}
			tables, err := found.Tables(in)
			if err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			if len(tables) == 0 {
				return cli.Exit("no record on standard input could be stored: s3-destination preview tells why", exitNo)
			}
			for _, t := range tables {
				text, err := rendered(t, c.String(asFlag.Name))
				if err != nil {
					return cli.Exit(err.Error(), exitUsage)
				}
				if _, err := fmt.Fprintln(out, text); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// rendered is a table in one of the forms.
func rendered(t inspect.Table, as string) (string, error) {
	switch as {
	case "fields":
		return fmt.Sprintf("# dataset %q, %d records\n%s", t.Dataset, t.Records, t.YAML()), nil
	case "avro":
		return t.Avro()
	}
	return "", fmt.Errorf("--as %s: use fields or avro", as)
}
