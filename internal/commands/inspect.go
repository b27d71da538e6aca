package commands

import (
	"fmt"
	"io"
	"os"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/inspect"
)

// Exit codes of the subcommands that look at a configuration.
const (
	exitNo    = 1         // the answer is no
	exitUsage = ExitUsage // the question could not be asked
)

var labelFlag = &cli.StringFlag{
	Name:  "label",
	Usage: "the label of the output to look at, when the configuration has several",
}

// ofConfig makes a subcommand look at a configuration as run does: it gets the
// flags that say what belongs to one.
func ofConfig(command *cli.Command) *cli.Command {
	command.Flags = append(command.Flags,
		&cli.StringSliceFlag{Name: "env-file", Aliases: []string{"e"}, Usage: "a file of environment variables, as run takes it"},
		&cli.StringSliceFlag{Name: "set", Aliases: []string{"s"}, Usage: "a setting of the configuration to replace, as path=value, as run takes it"},
		&cli.StringSliceFlag{Name: "resources", Aliases: []string{"r"}, Usage: "a file of resources, as run takes it; of a streams file the root configuration too"},
		&cli.StringSliceFlag{Name: "templates", Aliases: []string{"t"}, Usage: "a file of a template, as run takes it"},
	)
	command.Before = applySources
	return command
}

// applySources reads environment files and templates before a configuration is
// read with them.
func applySources(c *cli.Context) error {
	for _, path := range inspect.Targets(c.StringSlice("env-file")) {
		text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return cli.Exit(fmt.Sprintf("reading environment variables: %v", err), exitUsage)
		}
		variables, err := service.ParseEnvFile(text)
		if err != nil {
			return cli.Exit(fmt.Sprintf("reading environment variables from %s: %v", path, err), exitUsage)
		}
		for name, value := range variables {
			if err := os.Setenv(name, value); err != nil {
				return cli.Exit(fmt.Sprintf("setting %s, of %s: %v", name, path, err), exitUsage)
			}
		}
	}
	for _, path := range inspect.Targets(own(c, "templates")) {
		text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err == nil {
			err = service.RegisterTemplateYAML(string(text))
		}
		if err != nil {
			return cli.Exit(fmt.Sprintf("reading the template %s: %v", path, err), exitUsage)
		}
	}
	return nil
}

// own are the values that a flag has behind the name of the subcommand: those
// before it are for Benthos, which has read them.
func own(c *cli.Context, name string) []string {
	if !c.IsSet(name) || c.NumFlags() == 0 {
		return nil
	}
	for _, local := range c.LocalFlagNames() {
		if local == name {
			return c.StringSlice(name)
		}
	}
	return nil
}

// given are the values of a flag, behind the name of the subcommand or else
// before it.
func given(c *cli.Context, name string) []string {
	for _, level := range c.Lineage() {
		if values := level.StringSlice(name); len(values) > 0 {
			return values
		}
	}
	return nil
}

// ToFlag is of the commands that run pipelines.
var ToFlag = &cli.StringFlag{
	Name:  "to",
	Usage: "a directory that objects are written to instead of the buckets, as files with the same names; needs no credentials",
}

// Text is the value of a flag, behind the name of the subcommand or else before it.
func Text(c *cli.Context, name string) string {
	for _, level := range c.Lineage() {
		if level.IsSet(name) {
			return level.String(name)
		}
	}
	return c.String(name)
}

// configFlag is the configuration that -c names, before a subcommand.
func configFlag(c *cli.Context) []string {
	if path := c.String("config"); path != "" {
		return []string{path}
	}
	return nil
}

// Request is the configuration that a command line names.
func Request(c *cli.Context, path string) inspect.Request {
	return inspect.Request{
		Main: path, Resources: given(c, "resources"), Set: given(c, "set"), Templates: given(c, "templates"),
	}
}

// reading reads the configuration that a subcommand was given. What run would
// refuse is refused, but for environment variables that are not set here.
func reading(c *cli.Context) (*inspect.Reading, error) {
	paths := append(c.Args().Slice(), configFlag(c)...)
	if len(paths) != 1 {
		return nil, cli.Exit(fmt.Sprintf("usage: %s %s [options] CONFIG", c.App.Name, c.Command.Name), exitUsage)
	}
	return readingOf(c, paths[0])
}

func readingOf(c *cli.Context, path string) (*inspect.Reading, error) {
	r, err := inspect.ReadConfig(Request(c, path))
	if err != nil {
		return nil, cli.Exit(err.Error(), exitUsage)
	}
	PrintAll(c.App.ErrWriter, r.Mistakes())
	if len(r.Serious()) > 0 {
		return nil, cli.Exit("the configuration has mistakes, with which run refuses it too", exitUsage)
	}
	return r, nil
}

// configured is the output that a subcommand is to look at.
func configured(c *cli.Context) (*inspect.Output, error) {
	r, err := reading(c)
	if err != nil {
		return nil, err
	}
	return outputOf(c, r)
}

// configuredWith is the same for a subcommand that has more arguments behind the
// configuration, which it returns.
func configuredWith(c *cli.Context) (*inspect.Output, []string, error) {
	all := append(configFlag(c), c.Args().Slice()...)
	if len(all) == 0 {
		return nil, nil, usage(c)
	}
	r, err := readingOf(c, all[0])
	if err != nil {
		return nil, nil, err
	}
	found, err := outputOf(c, r)
	return found, all[1:], err
}

func outputOf(c *cli.Context, r *inspect.Reading) (*inspect.Output, error) {
	found, err := r.Output(c.String(labelFlag.Name))
	if err != nil {
		return nil, cli.Exit(fmt.Sprintf("reading the configuration: %v", err), exitUsage)
	}
	return found, nil
}

// PrintAll prints findings, a line each.
func PrintAll(to io.Writer, found []inspect.Finding) {
	for _, f := range found {
		_, _ = fmt.Fprintln(to, f)
	}
}
