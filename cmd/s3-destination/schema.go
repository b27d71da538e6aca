package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/ddl"
	"github.com/s3-destination/s3-destination/internal/inspect"
)

var (
	fromFlag = &cli.StringFlag{
		Name:  "from",
		Usage: "a directory with objects of one dataset (csv, json, parquet or avro; .gz and .zst of text), instead of standard input",
	}
	ddlFlag = &cli.StringFlag{
		Name:  "ddl",
		Usage: "print the statements by which an engine reads the objects: " + strings.Join(ddl.Engines(), ", "),
	}
	avroFlag     = &cli.BoolFlag{Name: "avro", Usage: "print an Avro schema, for schema.file"}
	tableFlag    = &cli.StringFlag{Name: "table", Usage: "the name of the table, with --ddl (default: by the folder)"}
	locationFlag = &cli.StringFlag{Name: "location", Usage: "where the objects are, with --ddl (default: by the configuration)"}
)

// schemaCommand is the subcommand that infers columns from samples or objects.
func schemaCommand(in io.Reader, out, hints io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "schema",
		Usage:     "Print the columns that records have, as a configuration, an Avro schema or a table of an engine declares them",
		ArgsUsage: "CONFIG",
		Description: "Reads records from standard input, one a line, or objects from a directory (`--from`), and prints for each dataset the setting `schema` that declares its columns, " +
			"as inference finds them. With it every process begins with the same columns, in the same order, and they only grow from there. " +
			"`--ddl` prints the statements by which an engine reads the objects as a table, `--avro` an Avro schema. " +
			"Nothing is uploaded, and the schema.mode of the configuration does not matter.",
		Flags: []cli.Flag{labelFlag, fromFlag, ddlFlag, avroFlag, tableFlag, locationFlag},
		Action: func(c *cli.Context) error {
			found, err := configured(c)
			if err != nil {
				return err
			}
			tables, err := tablesOf(found, c.String(fromFlag.Name), c.Bool(avroFlag.Name), in)
			if err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			if len(tables) == 0 {
				return cli.Exit("no record on standard input could be stored: s3-destination preview tells why", exitNo)
			}
			for i, t := range tables {
				text, err := rendered(c, t, hints)
				if err != nil {
					return cli.Exit(err.Error(), exitUsage)
				}
				if i > 0 {
					text = "\n" + text
				}
				if _, err := fmt.Fprintln(out, strings.TrimRight(text, "\n")); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func tablesOf(found *inspect.Output, from string, avro bool, in io.Reader) ([]inspect.Table, error) {
	if from == "" {
		return found.Tables(in, avro)
	}
	t, err := found.TableOf(from, avro)
	return []inspect.Table{t}, err
}

// rendered is a table in the form that was asked for.
func rendered(c *cli.Context, t inspect.Table, hints io.Writer) (string, error) {
	engine := c.String(ddlFlag.Name)
	switch {
	case engine != "" && c.Bool(avroFlag.Name):
		return "", fmt.Errorf("--ddl and --avro exclude each other: use one of them")
	case c.Bool(avroFlag.Name):
		return t.Avro()
	case engine == "":
		return t.Heading() + t.YAML(), nil
	}
	text, notes, err := t.DDL(engine, c.String(tableFlag.Name), c.String(locationFlag.Name))
	if err != nil || engine == "glue" { // JSON has no comments
		for _, note := range notes {
			_, _ = fmt.Fprintln(hints, note)
		}
		return text, err
	}
	for _, note := range notes {
		text = "-- " + note + "\n" + text
	}
	return text, nil
}
