package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/ddl"
	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/jsonschema"
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
	jsonFlag     = &cli.BoolFlag{Name: "json", Usage: "print a line of JSON for each dataset, with the setting schema"}
	avroFlag     = &cli.BoolFlag{Name: "avro", Usage: "print an Avro schema, for schema.file"}
	tableFlag    = &cli.StringFlag{Name: "table", Usage: "the name of the table, with --ddl (default: by the folder)"}
	pipelineFlag = &cli.BoolFlag{Name: "pipeline", Usage: "print the JSON schema of configurations, by which editors complete and check them; of no CONFIG"}
	locationFlag = &cli.StringFlag{Name: "location", Usage: "where the objects are, with --ddl (default: by the configuration)"}
)

// schemaCommand is the subcommand that infers columns from samples or objects.
func schemaCommand(in io.Reader, out, hints io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "schema",
		Usage:     "Print the columns that records have, as a configuration, an Avro schema or a table of an engine declares them",
		ArgsUsage: "CONFIG",
		Description: "With `--pipeline` it prints the JSON schema of whole configurations, and needs none. " +
			"Otherwise it reads records from standard input, one a line, or objects from a directory (`--from`), and prints for each dataset the setting `schema` that declares its columns, " +
			"as inference finds them. With it every process begins with the same columns, in the same order, and they only grow from there. " +
			"`--ddl` prints the statements by which an engine reads the objects as a table, `--avro` an Avro schema. " +
			"Nothing is uploaded, and the schema.mode of the configuration does not matter.",
		Flags: []cli.Flag{labelFlag, fromFlag, ddlFlag, avroFlag, jsonFlag, tableFlag, locationFlag, pipelineFlag},
		Action: func(c *cli.Context) error {
			if c.Bool(pipelineFlag.Name) {
				return pipelineSchema(c, out)
			}
			found, err := configured(c)
			if err != nil {
				return err
			}
			tables, err := tablesOf(found, c.String(fromFlag.Name), c.Bool(avroFlag.Name), in)
			if err != nil {
				return cli.Exit(err.Error(), exitUsage)
			}
			if len(tables) == 0 {
				return cli.Exit(fmt.Sprintf("no record on standard input could be stored: %s preview tells why", c.App.Name), exitNo)
			}
			for i, t := range tables {
				text, err := rendered(c, t, hints)
				if err != nil {
					return cli.Exit(err.Error(), exitUsage)
				}
				if i > 0 && !c.Bool(jsonFlag.Name) {
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
	case c.Bool(jsonFlag.Name) && (engine != "" || c.Bool(avroFlag.Name)):
		return "", fmt.Errorf("--json is about the setting schema: leave out --ddl and --avro")
	case c.Bool(jsonFlag.Name):
		return declared(t)
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

// pipelineSchema prints the schema of all that this program accepts.
func pipelineSchema(c *cli.Context, out io.Writer) error {
	if c.Args().Len() > 0 {
		return cli.Exit("--pipeline is about every configuration: leave out "+c.Args().First(), exitUsage)
	}
	all, err := service.GlobalEnvironment().FullConfigSchema("", "").MarshalJSONV0()
	if err != nil {
		return cli.Exit(fmt.Sprintf("describing all components: %v", err), exitUsage)
	}
	text, err := jsonschema.OfPipelines(all)
	if err == nil {
		_, err = out.Write(text)
	}
	if err != nil {
		return cli.Exit(fmt.Sprintf("printing the schema: %v", err), exitUsage)
	}
	return nil
}

// declared is the setting schema of a dataset as JSON.
func declared(t inspect.Table) (string, error) {
	var setting struct {
		Schema map[string]any `yaml:"schema"`
	}
	if err := yaml.Unmarshal([]byte(t.YAML()), &setting); err != nil {
		return "", fmt.Errorf("reading the columns of %s: %w", t.Dataset, err)
	}
	text, err := json.Marshal(map[string]any{
		"dataset": t.Dataset, "records": t.Records, "objects": t.Objects, "schema": setting.Schema,
	})
	return string(text), err
}
