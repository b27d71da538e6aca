package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/ports"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// dockerConfig is what the image runs by default.
var dockerConfig = filepath.Join("..", "..", "config", "docker.yaml")

// startFile runs the binary on a configuration as it is, with no environment
// but the one given. The url is that of the process, once it serves.
func startFile(t *testing.T, address, path string, flags []string, env ...string) *process {
	t.Helper()
	binary, err := exec.LookPath("s3-destination") // put on the PATH by testscript.Main
	require.NoError(t, err)
	cmd := exec.Command(binary, append(append([]string{"run"}, flags...), path)...)
	cmd.Env = append([]string{"GORACE=exitcode=0 " + os.Getenv("GORACE")}, env...)
	return launch(t, cmd, address)
}

// launch starts a command that serves on an address.
func launch(t *testing.T, cmd *exec.Cmd, address string) *process {
	t.Helper()
	p := &process{cmd: cmd, done: make(chan error, 1), url: "http://" + address}
	cmd.Stdout, cmd.Stderr = &p.logs, &p.logs
	require.NoError(t, cmd.Start())
	go func() { p.done <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return p
}

// waitReady waits until input and destination are connected.
func (p *process) waitReady(t *testing.T) {
	t.Helper()
	deadline := time.After(patience)
	for {
		if status, _ := p.get("/ready"); status == http.StatusOK {
			return
		}
		select {
		case err := <-p.done:
			t.Fatalf("the process ended before it was ready: %v\n%s", err, p.logs.String())
		case <-deadline:
			t.Fatal("the process was not ready within a minute")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := ports.Address(t.Context())
	require.NoError(t, err)
	return address
}

// sidecar is a process that takes records by HTTP.
type sidecar struct {
	*process
	input string // the URL that takes them
}

// sidecarEnv is the least that the sidecar needs to reach a server of the test.
func sidecarEnv(s *s3test.Server, address, input string, more ...string) []string {
	return append([]string{
		"BUCKET=" + s.Bucket, "ENDPOINT=" + s.URL, "FORCE_PATH_STYLE_URLS=true",
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
		"HTTP_ADDRESS=" + address, "INPUT_ADDRESS=" + input,
	}, more...)
}

func startSidecar(t *testing.T, s *s3test.Server, more ...string) *sidecar {
	t.Helper()
	address, input := freeAddress(t), freeAddress(t)
	p := &sidecar{
		process: startFile(t, address, dockerConfig, nil, sidecarEnv(s, address, input, more...)...),
		input:   "http://" + input + "/events",
	}
	p.waitReady(t)
	return p
}

// post sends a body and returns the answer; the status is 0 when there is none.
func (p *sidecar) post(ctx context.Context, body string, headers ...string) (status int, answer string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.input, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(text)
}

// bucket is what tests read of one.
type bucket interface {
	Objects(prefix string) []s3test.Object
}

// landed counts the records below a prefix of gzipped JSON lines by their id.
func landed(t *testing.T, s bucket, prefix string) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, o := range s.Objects(prefix) {
		r, err := gzip.NewReader(bytes.NewReader(o.Body))
		require.NoError(t, err, o.Key)
		text, err := io.ReadAll(r)
		require.NoError(t, err, o.Key)
		for line := range bytes.Lines(text) {
			found[recordID(t, line)]++
		}
	}
	return found
}

// recordID is the id of a record, with every digit.
func recordID(t *testing.T, line []byte) string {
	t.Helper()
	var rec struct{ ID any }
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	require.NoError(t, d.Decode(&rec), "%s", line)
	return fmt.Sprint(rec.ID)
}

func once(ids ...string) map[string]int {
	all := map[string]int{}
	for _, id := range ids {
		all[id] = 1
	}
	return all
}

// gauge reads a metric of the process, summed over its labels; -1 when it has
// none.
func (p *process) gauge(name string) float64 {
	_, text := p.get("/metrics")
	sum, found := 0.0, false
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || (rest[0] != '{' && rest[0] != ' ') {
			continue
		}
		var v float64
		if _, err := fmt.Sscan(rest[strings.LastIndex(strings.TrimSpace(rest), " ")+1:], &v); err == nil {
			sum, found = sum+v, true
		}
	}
	if !found {
		return -1
	}
	return sum
}
