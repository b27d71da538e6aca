package main

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/lifecycle"
	"github.com/s3-destination/s3-destination/plugin"
)

// exitUnstored is the exit code of a process that ended with records that are
// not stored, however orderly it ended.
const exitUnstored = 3

// lastAnswers is how long the process stays when a signal has ended its
// pipeline. Benthos does not wait until its HTTP server has sent the answers to
// the last requests, and a client that misses one sends its records again.
const lastAnswers = 200 * time.Millisecond

// exitCodes are what --help says about the end of a process that runs
// pipelines.
const exitCodes = `
EXIT CODES:
   0    the pipelines have ended, and everything they took over is stored
   1    the configuration cannot be run, or the process could not end in time
   3    it was stopped with records that were not stored; a line of the log says how many, since when and why
   130  a second SIGINT (143: SIGTERM) ended it at once, with everything stored
`

// explainExitCodes adds them to the help of the commands that run pipelines.
func explainExitCodes() {
	cli.AppHelpTemplate += exitCodes
	cli.CommandHelpTemplate += `{{if or (eq .Name "run") (eq .Name "streams")}}` + exitCodes + `{{end}}`
}

// stopper ends the process: it writes what waits when a signal asks for the
// end, and says what was not stored.
type stopper struct {
	log     atomic.Pointer[service.Logger]
	stopped atomic.Bool
	flush   func() // the last lines of the log
}

// watch handles signals until the process ends. Benthos handles the same ones
// by closing its inputs, which must wait for just what the first signal does
// here. The second one ends the process at once.
func (s *stopper) watch() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		s.stopped.Store(true)
		plugin.Drain()
		again := <-signals
		os.Exit(s.code(128 + int(again.(syscall.Signal))))
	}()
}

// code says what was not stored, and returns the exit code: exitUnstored if
// there is anything, otherwise the one that the process would have without.
func (s *stopper) code(otherwise int) int {
	defer s.flush()
	all, untold := lifecycle.AtEnd()
	if untold.Any() {
		untold.Log(s.log.Load())
	}
	if all.Any() {
		return exitUnstored
	}
	return otherwise
}

// end is for when all pipelines have ended.
func (s *stopper) end(code int) int {
	if s.stopped.Load() {
		time.Sleep(lastAnswers)
	}
	if code != 0 {
		s.flush()
		return code
	}
	return s.code(code)
}
