package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/commands"
	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/summary"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

// exitBad is the exit code of a process that stored all that could be stored, for
// those who asked to be told that this was not all.
const exitBad = 4

// The values of --summary.
const (
	summaryAuto = "auto" // text on a terminal, else log
	summaryText = "text"
	summaryLog  = "log"
	summaryJSON = "json"
	summaryNone = "none"
)

var summaries = []string{summaryAuto, summaryText, summaryLog, summaryJSON, summaryNone}

var (
	summaryFlag = &cli.StringFlag{
		Name: "summary", Value: summaryAuto,
		Usage: "how to say at the end what was stored: text, log (a line of the log), json (a line on standard error), none, or auto (text on a terminal, else log)",
	}
	failOnBadFlag = &cli.BoolFlag{
		Name:  "fail-on-bad-records",
		Usage: "exit with 4 when records became dead letters or were dropped",
	}
)

// stateFlag is of the commands that run pipelines.
var stateFlag = &cli.BoolFlag{
	Name: "state-page", Value: true, EnvVars: []string{"S3_DESTINATION_STATE_PAGE"},
	Usage: "show what the outputs do at /s3_destination and /s3_destination.json of http.address, to everybody who can reach it",
}

// runFlags are those that the commands which run pipelines have beside Benthos' own.
var runFlags = []cli.Flag{commands.ToFlag, summaryFlag, failOnBadFlag, stateFlag}

// ending is what the process says when its pipelines have ended. Nil says nothing.
type ending struct {
	style     string
	failOnBad bool
	terminal  bool // of to
	to        io.Writer
	progress  func() // ends the line about what is under way; nil where there is none
}

// show writes a line about what is under way, when somebody looks and the input of the
// only pipeline ends by itself.
func (e *ending) show(r *inspect.Reading) {
	extent, ends := r.Extent(os.Stdin)
	if !e.terminal || !ends {
		return
	}
	done := make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() { summary.Show(e.to, summary.Goal(extent), done) })
	e.progress = sync.OnceFunc(func() {
		close(done)
		shown.Wait()
	})
}

// over ends that line.
func (e *ending) over() {
	if e != nil && e.progress != nil {
		e.progress()
	}
}

// readEnding takes the flags of a command that runs pipelines.
func readEnding(c *cli.Context) (*ending, error) {
	e := &ending{style: commands.Text(c, summaryFlag.Name), to: os.Stderr}
	if !slices.Contains(summaries, e.style) {
		return nil, fmt.Errorf("--summary %s is unknown: write one of %s", e.style, strings.Join(summaries, ", "))
	}
	e.terminal = commands.IsTerminal(os.Stderr)
	for _, level := range c.Lineage() {
		e.failOnBad = e.failOnBad || level.Bool(failOnBadFlag.Name)
	}
	return e, nil
}

// say sums up what was stored, and returns the exit code: code, unless everything is
// well but for records that were no good.
func (e *ending) say(code int, left unstored.Report, log *service.Logger) int {
	if e == nil {
		return code
	}
	s := summary.AtEnd(time.Now(), left)
	if s == nil {
		return code
	}
	if code == 0 && e.failOnBad && s.AnyBad() {
		code = exitBad
	}
	s.ExitCode = code
	switch style := e.style; {
	case style == summaryNone:
	case style == summaryJSON:
		_ = s.JSON(e.to) // there is nobody left to be told
	case style == summaryText, style == summaryAuto && e.terminal:
		_ = s.Text(e.to)
	default:
		log.With("records", s.Records, "objects", s.Objects, "bytes", s.Bytes, "dead_letters", s.DeadLetters,
			"dropped", s.Dropped, "rejected", s.Rejected, "seconds", s.Seconds).Info(s.Line())
	}
	return code
}
