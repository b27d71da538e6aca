package main

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

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

// stopper ends the process: it writes what waits when a signal asks for the
// end, and says what was not stored.
type stopper struct {
	log     atomic.Pointer[service.Logger]
	stopped atomic.Bool
	ending  atomic.Pointer[ending] // nil unless pipelines run
	flush   func()                 // the last lines of the log
	began   chan struct{}
	once    sync.Once
	settled atomic.Bool  // Benthos handles signals since long ago
	own     atomic.Int32 // the signal that we have sent ourselves; 0 when there is none
}

// settling is how long after its start of a stream Benthos may begin to handle
// signals.
const settling = time.Second

// begin notes that a stream runs, and that Benthos is about to handle signals.
func (s *stopper) begin(*service.RunningStreamSummary) error {
	s.once.Do(func() {
		close(s.began)
		time.AfterFunc(settling, func() { s.settled.Store(true) })
	})
	return nil
}

// repeat asks Benthos for the end once more after a signal that came before it handled
// any: it would run on for ever. It sends the other of the two signals, because the
// system makes one of two equal signals that come together, and the second one of the
// user would be lost.
func (s *stopper) repeat(first os.Signal) {
	<-s.began
	time.Sleep(settling)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return
	}
	other := syscall.SIGTERM
	if first == syscall.SIGTERM {
		other = syscall.SIGINT
	}
	s.own.Store(int32(other))
	_ = self.Signal(other)
}

// watch handles signals until the process ends. Benthos handles the same ones
// by closing its inputs, which must wait for just what the first signal does
// here. The second one ends the process at once.
func (s *stopper) watch() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		first := <-signals
		s.stopped.Store(true)
		if !s.settled.Load() {
			go s.repeat(first)
		}
		plugin.Drain()
		again := (<-signals).(syscall.Signal)
		for s.own.CompareAndSwap(int32(again), 0) {
			again = (<-signals).(syscall.Signal)
		}
		os.Exit(s.code(128 + int(again)))
	}()
}

// code says what was stored and what was not, and returns the exit code:
// exitUnstored if anything was not, otherwise the one that the process would have
// without.
func (s *stopper) code(otherwise int) int {
	defer s.flush()
	s.ending.Load().over()
	all, untold := lifecycle.AtEnd()
	if all.Any() {
		otherwise = exitUnstored
	}
	code := s.ending.Load().say(otherwise, all, s.log.Load())
	if untold.Any() {
		untold.Log(s.log.Load())
	}
	return code
}

// end is for when all pipelines have ended.
func (s *stopper) end(code int) int {
	if s.stopped.Load() {
		time.Sleep(lastAnswers)
	}
	if code != 0 {
		s.ending.Load().over()
		s.flush()
		return code
	}
	return s.code(code)
}
