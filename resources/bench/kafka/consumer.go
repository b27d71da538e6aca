package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/resources/bench/feed"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// consumer is a running pipeline.
type consumer struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	done   chan error
	http   string
}

// start runs a binary on a configuration.
func (b *bench) start(binary string, config func(works.KafkaRun) string, run works.KafkaRun, procs int) (*consumer, error) {
	c := &consumer{done: make(chan error, 1)}
	if b.profile != "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		run.HTTP = l.Addr().String()
		c.http = run.HTTP
		_ = l.Close()
	}
	run.Endpoint = b.server.URL
	env := append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(procs))
	if binary == b.ours {
		run.CA = b.server.CA
	} else if b.server.CA != "" {
		env = append(env, "AWS_CA_BUNDLE="+b.server.CA)
	}
	path := filepath.Join(b.dir, "kafka.yaml")
	if err := os.WriteFile(path, []byte(config(run)), 0o600); err != nil {
		return nil, err
	}
	c.cmd = exec.Command(binary, "run", path)
	c.cmd.Env = env
	c.cmd.Stdout, c.cmd.Stderr = &c.output, &c.output
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { c.done <- c.cmd.Wait() }()
	return c, nil
}

// ended returns an error when the process has ended by itself.
func (c *consumer) ended() error {
	select {
	case err := <-c.done:
		c.done <- err
		return fmt.Errorf("the process ended: %w\n%s", errors.Join(err), c.tail())
	default:
		return nil
	}
}

func (c *consumer) tail() string {
	lines := strings.Split(strings.TrimSpace(c.output.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// stop ends the process as an operator does.
func (c *consumer) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-c.done:
		return err
	case <-time.After(30 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.done
		return errors.New("the process did not end within 30 seconds of SIGTERM")
	}
}

// kill ends the process at once; after a stop it does nothing.
func (c *consumer) kill() { _ = c.cmd.Process.Kill() }

// ticks are those of the times in /proc, a second on Linux.
const ticks = 100

// cpu is the user and system time of the process.
func (c *consumer) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
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

func (c *consumer) rss() int64 { return feed.PeakRSS(strconv.Itoa(c.cmd.Process.Pid)) }

// profileLength is longer than a run on an idle machine.
const profileLength = 30 * time.Second

// saveProfile writes a CPU profile of the process to a file, in the background.
func (c *consumer) saveProfile(ctx context.Context, path string) <-chan error {
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", c.http, int(profileLength.Seconds()))
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return err
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			if err != nil {
				return err
			}
			return os.WriteFile(path, text, 0o600)
		}()
	}()
	return done
}
