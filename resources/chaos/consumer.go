package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/nettest"
	"github.com/s3-destination/s3-destination/internal/testutil/ports"
)

// consumer is one process of the binary. Its name is stored with every object
// that it writes.
type consumer struct {
	name string
	log  string // path
	url  string
	cmd  *exec.Cmd
	done chan struct{}
	err  error
	// link is the process's own way to S3, where it has one.
	link *nettest.Proxy
	// patience is how long it may take to end after SIGTERM.
	patience time.Duration
}

const (
	group = "chaos"
	topic = "events"
	// partitions is how many the topic has at first.
	partitions = 6
)

// launch starts a process of the binary.
func (w *world) launch(ctx context.Context, name string, set settings) (*consumer, error) {
	address := set.address
	if address == "" {
		var err error
		if address, err = ports.Address(ctx); err != nil {
			return nil, err
		}
	}
	endpoint, link, err := w.endpoint() //nolint:contextcheck // lives until close
	if err != nil {
		return nil, err
	}
	config, err := w.render(name, address, endpoint, set)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(w.dir, name+".yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	c, err := spawn(ctx, w.binary, path, set.env, set.wrap)
	if err != nil {
		return nil, err
	}
	c.name, c.url, c.link = name, "http://"+address, link
	c.patience = stopLimit + max(0, set.shutdown-20*time.Second)
	return c, nil
}

// wrapper changes a command line; what it returns must become the process
// itself in the end (exec), so that signals reach it.
type wrapper func(argv []string) []string

// spawn starts the binary on a configuration file, and logs beside it.
func spawn(ctx context.Context, binary, path string, env []string, wrap wrapper) (*consumer, error) {
	c := &consumer{log: strings.TrimSuffix(path, ".yaml") + ".log", done: make(chan struct{}), patience: stopLimit}
	out, err := os.Create(c.log)
	if err != nil {
		return nil, fmt.Errorf("making the log: %w", err)
	}
	argv := []string{binary, "run", path}
	if wrap != nil {
		argv = wrap(argv)
	}
	c.cmd = exec.CommandContext(ctx, argv[0], argv[1:]...)
	// A pipe, and not the file: the process may be one that can write no files.
	c.cmd.Stdout = struct{ io.Writer }{out}
	c.cmd.Stderr = c.cmd.Stdout
	c.cmd.Env = append(os.Environ(), env...)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the binary: %w", err)
	}
	go func() {
		defer close(c.done)
		c.err = c.cmd.Wait()
		_ = out.Close()
	}()
	return c, nil
}

// kill ends the process at once and waits for it.
func (c *consumer) kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
}

// quit has the process write to its log what its goroutines wait for, and end.
func (c *consumer) quit() {
	_ = c.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-c.done:
	case <-time.After(5 * time.Second):
		c.kill()
	}
}

// ended tells whether the process is gone.
func (c *consumer) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// stopLimit is how long a process may take after SIGTERM: its shutdown_timeout
// and some more for a busy machine.
const stopLimit = 30 * time.Second

// terminate asks the process to end, and waits. An exit code other than zero
// and a process that stays are errors.
func (c *consumer) terminate() (took time.Duration, err error) {
	began := time.Now()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, fmt.Errorf("stopping %s: %w", c.name, err)
	}
	select {
	case <-c.done:
	case <-time.After(c.patience):
		c.quit()
		return time.Since(began), fmt.Errorf("%s did not end within %s of SIGTERM", c.name, c.patience)
	}
	if c.err != nil {
		return time.Since(began), fmt.Errorf("%s ended after SIGTERM with: %w", c.name, c.err)
	}
	return time.Since(began), nil
}

// logged returns what the process wrote to its log.
func (c *consumer) logged() string {
	text, err := os.ReadFile(c.log)
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return string(text)
}

// metrics returns what the process exposes, or nothing.
func (c *consumer) metrics(ctx context.Context) string {
	text, _ := c.get(ctx, "/metrics")
	return string(text)
}

// get asks the process's own server.
func (c *consumer) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", c.name, err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", c.name, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", res.StatusCode)
	}
	if err != nil {
		return nil, fmt.Errorf("asking %s for %s: %w", c.name, path, err)
	}
	return text, nil
}
