// Package child runs other programs, such as real servers, beside a test.
package child

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/logs"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 5 * time.Second
)

// Process is a running program.
type Process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	output logs.Buffer
}

// Command describes a program that does not end with ctx but with
// [Process.Stop]: the context of a test ends before its clean-up. environment
// is added to that of this process.
func Command(ctx context.Context, binary string, environment []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), binary, args...)
	cmd.Env = append(os.Environ(), environment...)
	return cmd
}

// Start runs a command and returns when url answers with a status that ready
// accepts. On an error nothing is left running.
func Start(ctx context.Context, cmd *exec.Cmd, url string, ready func(status int) bool) (*Process, error) {
	p := &Process{cmd: cmd, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	name := filepath.Base(cmd.Path)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		_ = cmd.Wait()
		close(p.exited)
	}()
	if err := p.await(ctx, url, ready); err != nil {
		p.Stop()
		return nil, fmt.Errorf("waiting for %s: %w\n%s", name, err, p.Output())
	}
	return p, nil
}

// Stop ends the process and waits for it. It may be called twice.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// Output is what the process has said so far.
func (p *Process) Output() string { return p.output.String() }

func (p *Process) await(ctx context.Context, url string, ready func(status int) bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := Client().Do(req); err == nil {
			_ = resp.Body.Close()
			if ready(resp.StatusCode) {
				return nil
			}
		}
		select {
		case <-p.exited:
			return os.ErrProcessDone
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Anything accepts every answer.
func Anything(int) bool { return true }

// Client leaves no connection behind, which a test would report as a leak, and
// follows no redirect, which may lead out of this machine.
func Client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
