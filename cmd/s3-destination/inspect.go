package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/redpanda-data/benthos/v4/public/service"
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

// configFlag is the configuration that -c names, before a subcommand.
func configFlag(c *cli.Context) []string {
	if path := c.String("config"); path != "" {
		return []string{path}
	}
	return nil
}

// request is the configuration that a command line names.
func request(c *cli.Context, path string) inspect.Request {
	return inspect.Request{
		Main: path, Resources: given(c, "resources"), Set: given(c, "set"), Templates: given(c, "templates"),
	}
}

// reading reads the configuration that a subcommand was given. What run would
// refuse is refused, but for environment variables that are not set here.
func reading(c *cli.Context) (*inspect.Reading, error) {
	paths := append(c.Args().Slice(), configFlag(c)...)
	if len(paths) != 1 {
		return nil, cli.Exit(fmt.Sprintf("usage: s3-destination %s [options] CONFIG", c.Command.Name), exitUsage)
	}
	r, err := inspect.ReadConfig(request(c, paths[0]))
	if err != nil {
		return nil, cli.Exit(err.Error(), exitUsage)
	}
	printAll(c.App.ErrWriter, r.Mistakes())
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
	found, err := r.Output(c.String(labelFlag.Name))
	if err != nil {
		return nil, cli.Exit(fmt.Sprintf("reading the configuration: %v", err), exitUsage)
	}
	return found, nil
}

func printAll(to io.Writer, found []inspect.Finding) {
	for _, f := range found {
		_, _ = fmt.Fprintln(to, f)
	}
}

// starting is the reading of the configuration that the process runs.
type starting struct {
	reading *inspect.Reading
	to      io.Writer
}

// defaultPaths are where Benthos looks for a configuration when it is given none.
var defaultPaths = []string{"/benthos.yaml", "/etc/benthos/config.yaml", "/etc/benthos.yaml"}

// read is called before Benthos reads the configuration to run. It refuses what
// lint refuses, in the same words; and what Benthos would ignore.
func (s *starting) read(c *cli.Context) error {
	q := request(c, c.String("config"))
	switch c.Command.Name {
	case "echo", "test", "server": // run no stream; the last is of blobl
		return nil
	case "streams":
		q.Streams = c.Args().Slice()
		if root := c.String("observability"); root != "" {
			q.Main = root
		}
	default:
		if c.Args().Len() > 0 {
			q.Main = c.Args().First()
		}
	}
	for _, path := range defaultPaths {
		if _, err := os.Stat(path); q.Main == "" && err == nil {
			q.Main = path
		}
	}
	r, err := inspect.ReadConfig(q)
	if err != nil {
		return err
	}
	s.reading = r
	mistakes := r.Mistakes()
	printAll(s.to, mistakes)
	if len(mistakes) > 0 && !c.Bool("chilled") {
		return errors.New("the configuration has mistakes: s3-destination lint lists them with doubts, and --chilled runs it all the same")
	}
	return nil
}

// warn is called when Benthos has read the configuration.
func (s *starting) warn(conf *service.ParsedConfig) error {
	if s.reading == nil {
		return nil
	}
	return s.reading.WarnAtStart(conf.Resources().Logger())
}
