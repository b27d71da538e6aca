//go:build integration

package versitygw

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Region is the only one that the server accepts.
const Region = "us-east-1"

const (
	startTimeout = 20 * time.Second
	stopTimeout  = 5 * time.Second
)

// Server is a running versitygw.
type Server struct {
	// URL is the endpoint, to be used path-style.
	URL string
	// Bucket exists from the start.
	Bucket string
	// AccessKey and SecretKey are the root user's.
	AccessKey, SecretKey string
	// Dir is where the server keeps objects.
	Dir string
}

// Start runs a server for the length of the test. It skips the test where there
// is no binary, and fails it where there is one that does not start.
func Start(tb testing.TB) *Server {
	tb.Helper()
	binary, err := find()
	if err != nil {
		tb.Skipf("versitygw is not available: set VERSITYGW to its path or put it on the PATH (%v)", err)
	}
	root := tb.TempDir()
	s := &Server{
		Bucket: "landing", AccessKey: "versitytest", SecretKey: "versitytestsecret",
		Dir: filepath.Join(root, "data"),
	}
	if err := os.MkdirAll(filepath.Join(s.Dir, s.Bucket), 0o750); err != nil {
		tb.Fatalf("making the data directory: %v", err)
	}
	address := freeAddress(tb)
	s.URL = "http://" + address
	run(tb, binary, s, address, posixArgs(tb, s.Dir, filepath.Join(root, "sidecar")))
	return s
}

func find() (string, error) {
	if path := os.Getenv("VERSITYGW"); path != "" {
		_, err := os.Stat(path)
		return path, err
	}
	return exec.LookPath("versitygw")
}

// freeAddress asks the kernel for a port. Somebody else may take it before the
// server does; then the start fails loudly.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("finding a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// posixArgs keeps metadata in extended attributes where the file system has
// them, and in a directory beside the data where it does not.
func posixArgs(tb testing.TB, dir, sidecar string) []string {
	tb.Helper()
	if err := syscall.Setxattr(dir, "user.s3test", []byte("1"), 0); err == nil {
		_ = syscall.Removexattr(dir, "user.s3test")
		return []string{"posix", dir}
	}
	if err := os.MkdirAll(sidecar, 0o750); err != nil {
		tb.Fatalf("making the sidecar directory: %v", err)
	}
	return []string{"posix", "--sidecar", sidecar, dir}
}

func run(tb testing.TB, binary string, s *Server, address string, posix []string) {
	tb.Helper()
	var output lockedBuffer
	// Not the test's context: that ends before the clean-up, which stops it.
	args := append([]string{"--port", address, "--region", Region, "--quiet"}, posix...)
	cmd := exec.CommandContext(context.WithoutCancel(tb.Context()), binary, args...)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKey, "ROOT_SECRET_KEY="+s.SecretKey)
	cmd.Dir = filepath.Dir(s.Dir)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		tb.Fatalf("starting versitygw: %v", err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	tb.Cleanup(func() { stop(cmd, exited) })
	if err := ready(s.URL, exited); err != nil {
		tb.Fatalf("waiting for versitygw: %v\n%s", err, output.String())
	}
}

func stop(cmd *exec.Cmd, exited <-chan struct{}) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-exited:
	case <-time.After(stopTimeout):
		_ = cmd.Process.Kill()
		<-exited
	}
}

// ready waits until the server answers anything at all.
func ready(url string, exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
			return nil
		}
		select {
		case <-exited:
			return fmt.Errorf("the process ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// lockedBuffer collects the output of the child for a failure message.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
