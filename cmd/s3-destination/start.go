package main

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/commands"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/live"
	"github.com/s3-destination/s3-destination/internal/output"
)

// starting is the reading of the configuration that the process runs.
type starting struct {
	reading *inspect.Reading
	to      io.Writer
	ending  func(*ending) // is told how it is to end
	state   bool          // the state page is served
	watched bool          // the configuration may change while it runs
}

// defaultPaths are where Benthos looks for a configuration when it is given none.
var defaultPaths = []string{"/benthos.yaml", "/etc/benthos/config.yaml", "/etc/benthos.yaml"}

// read is called before Benthos reads the configuration to run. It refuses what
// lint refuses, in the same words; and what Benthos would ignore.
func (s *starting) read(c *cli.Context) error {
	q := commands.Request(c, c.String("config"))
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
	end, err := readEnding(c)
	if err != nil {
		return err
	}
	s.ending(end)
	s.reading = r
	if dir := commands.Text(c, commands.ToFlag.Name); dir != "" {
		output.LandIn(dir)
	}
	s.state = !off(c, stateFlag.Name)
	s.watched = slices.ContainsFunc(c.Lineage(), func(level *cli.Context) bool { return level.Bool("watcher") })
	mistakes := r.Mistakes()
	commands.PrintAll(s.to, mistakes)
	if len(mistakes) > 0 && !c.Bool("chilled") {
		return errors.New("the configuration has mistakes: s3-destination lint lists them with doubts, and --chilled runs it all the same")
	}
	if c.Command.Name != "streams" {
		end.show(r)
	}
	return nil
}

// warn is called when Benthos has read the configuration.
func (s *starting) warn(conf *service.ParsedConfig) error {
	if s.reading == nil {
		return nil
	}
	res := conf.Resources()
	if s.state {
		if err := live.Register(res.XUnwrapper()); err != nil {
			res.Logger().Warn(err.Error())
		}
	}
	inflight.SetStraight(!s.watched && s.reading.Straight())
	return s.reading.WarnAtStart(res.Logger())
}

// off reports whether a flag that is on unless it is set was set to false.
func off(c *cli.Context, name string) bool {
	for _, level := range c.Lineage() {
		if level.IsSet(name) {
			return !level.Bool(name)
		}
	}
	return false
}
