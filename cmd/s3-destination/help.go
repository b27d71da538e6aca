package main

import (
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// exitCodes are what --help says about the end of a process that runs
// pipelines.
const exitCodes = `
EXIT CODES:
   0    the pipelines have ended, and everything they took over is stored
   1    the configuration cannot be run, or the process could not end in time
   3    it was stopped with records that were not stored; a line of the log says how many, since when and why
   4    with --fail-on-bad-records: everything else is stored, but records became dead letters or were dropped
   130  a second SIGINT (143: SIGTERM) ended it at once, with everything stored
`

// What --help and the man page say instead of what Benthos says of itself.
const (
	tagline     = "store streams of records in S3, as partitioned objects of csv, json, parquet or avro"
	description = `A pipeline is a file of YAML with an input, processors and an output. This program runs it, and answers what one wants to know before and after: is it right, what becomes of my records, what may it do in the bucket, what has landed. It has all commands of Benthos too, whose language pipelines are written in.

   s3-destination init pipeline.yaml                # asks, and writes it
   s3-destination lint pipeline.yaml
   s3-destination run --to landed pipeline.yaml     # into a directory: nothing is uploaded
   s3-destination run pipeline.yaml`
)

// commandGroups is how --help lists commands.
var commandGroups = []struct {
	title string
	names []string
}{
	{"Write a pipeline", []string{"init", "lint", "preview", "schema", "test", "blobl", "list", "create", "echo", "template"}},
	{"Before it runs", []string{"check", "policy", "size"}},
	{"Run it", []string{"run", "streams", "top", "health", "spool", "rpc"}},
	{"What landed", []string{"ls", "stat", "head", "cat"}},
	{"This program", []string{"version", "completion", "man", "help"}},
}

// usages are those of commands that are not ours.
var usages = map[string]string{
	"run":      "Run a pipeline until its input ends, or for ever",
	"streams":  "Run many pipelines in one process, and change them over HTTP",
	"test":     "Run the unit tests that configurations have",
	"blobl":    "Try a mapping in Bloblang on documents",
	"list":     "List the inputs, processors, outputs and functions that there are",
	"create":   "Print a configuration of components with all of their settings",
	"echo":     "Print a configuration as it is understood, with all defaults",
	"template": "Work with templates, which are components made of others",
	"help":     "Print this, or the help of one command",
}

// useOurWords changes what --help prints.
func useOurWords() {
	original := cli.HelpPrinter
	cli.HelpPrinter = func(w io.Writer, template string, about any) {
		switch about := about.(type) {
		case *cli.App:
			inOurWords(about)
			template = appHelp(about) + exitCodes
		case *cli.Command:
			if usage, ok := usages[about.Name]; ok {
				about.Usage = usage
			}
		}
		original(w, template, about)
	}
	cli.CommandHelpTemplate += `{{if or (eq .Name "run") (eq .Name "streams")}}` + exitCodes + `{{end}}`
}

// inOurWords changes what is said of the program and of its commands.
func inOurWords(app *cli.App) {
	app.Usage, app.Description = tagline, description
	for _, c := range app.Commands {
		if usage, ok := usages[c.Name]; ok {
			c.Usage = usage
		}
	}
}

// appHelp is the help of the program, with the commands in groups.
func appHelp(app *cli.App) string {
	var b strings.Builder
	b.WriteString("NAME:\n   {{template \"helpNameTemplate\" .}}\n\nUSAGE:\n   {{.HelpName}} COMMAND [options] [arguments]\n\nDESCRIPTION:\n   {{.Description}}\n\nCOMMANDS:")
	left := slices.DeleteFunc(slices.Clone(app.Commands), func(c *cli.Command) bool { return c.Hidden })
	width := 0
	for _, c := range left {
		width = max(width, len(c.Name))
	}
	line := func(c *cli.Command) {
		b.WriteString("\n     " + c.Name + strings.Repeat(" ", width-len(c.Name)+2) + c.Usage)
	}
	for _, group := range commandGroups {
		b.WriteString("\n   " + group.title)
		for _, name := range group.names {
			if i := slices.IndexFunc(left, func(c *cli.Command) bool { return c.Name == name }); i >= 0 {
				line(left[i])
				left = slices.Delete(left, i, i+1)
			}
		}
	}
	if len(left) > 0 {
		b.WriteString("\n   More")
		for _, c := range left {
			line(c)
		}
	}
	b.WriteString("\n\nOPTIONS:{{template \"visibleFlagTemplate\" .}}\n")
	return b.String()
}
