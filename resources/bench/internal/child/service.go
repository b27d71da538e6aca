package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/logs"
	"github.com/s3-destination/s3-destination/resources/bench/feed"
)

// Service is a process that runs until it is told to end.
type Service struct {
	cmd    *exec.Cmd
	output logs.Buffer
	done   chan struct{}
	err    error // how it ended, from then on
}

// Start runs a command, with that GOMAXPROCS unless it is 0.
func Start(procs int, env []string, command string, args ...string) (*Service, error) {
	s := &Service{cmd: exec.Command(command, args...), done: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), env...)
	if procs > 0 {
		s.cmd.Env = append(s.cmd.Env, "GOMAXPROCS="+strconv.Itoa(procs))
	}
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	return s, nil
}

// Done is closed when the process has ended.
func (s *Service) Done() <-chan struct{} { return s.done }

// State is what the system says of the process when it has ended.
func (s *Service) State() *os.ProcessState { return s.cmd.ProcessState }

// Pid is the number of the process.
func (s *Service) Pid() int { return s.cmd.Process.Pid }

// Tail is the end of what the process has written, as so many lines.
func (s *Service) Tail(lines int) string { return s.output.Tail(lines) }

// Until looks every so often, until something is so. It ends with the process, too.
func (s *Service) Until(ctx context.Context, every time.Duration, what string, is func() bool) error {
	for !is() {
		select {
		case <-s.done:
			return fmt.Errorf("waiting until %s: the process ended: %w: %s", what, errors.Join(s.err), s.Tail(10))
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w: %s", what, ctx.Err(), s.Tail(10))
		case <-time.After(every):
		}
	}
	return nil
}

// Stop ends the process as an operator does, and returns how it ended.
func (s *Service) Stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
		return s.err
	case <-time.After(time.Minute):
		s.Kill()
		return errors.New("the process did not end within a minute of SIGTERM")
	}
}

// Kill ends the process at once; after a stop it does nothing.
func (s *Service) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// ticks are those of the times in /proc, a second on Linux.
const ticks = 100

// CPU is the user and system time of the process until now.
func (s *Service) CPU() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Pid()))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	total := int64(0)
	for _, i := range []int{11, 12} { // utime and stime, counted from behind the name
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return time.Duration(total) * time.Second / ticks, nil
}

// RSS is the peak of the process, in bytes.
func (s *Service) RSS() int64 { return feed.PeakRSS(strconv.Itoa(s.Pid())) }

// Get returns what a URL answers with 200.
func Get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d: %s", url, res.StatusCode, text)
	}
	return text, err
}
