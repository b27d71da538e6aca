//go:build docsrun

package docsrun

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

const patience = 2 * time.Minute

// TestPages runs what the pages say, fence by fence.
func TestPages(t *testing.T) {
	w := newWorld(t)
	fences, err := Fences(root)
	require.NoError(t, err)
	ran := map[string]int{}
	for _, f := range fences {
		if _, _, listed := find(f, ""); listed {
			continue
		}
		t.Run(strings.ReplaceAll(f.String(), "/", "_"), func(t *testing.T) {
			switch f.Lang {
			case "yaml":
				w.lint(t, f)
				ran["configurations"]++
			case "go":
				w.compile(t, f)
				ran["programs"]++
			case "dockerfile":
				w.dockerfile(t, f)
			default:
				ran["commands"] += w.commands(t, f, fences)
			}
		})
	}
	t.Run("first_steps", func(t *testing.T) { w.fiveMinutes(t, fences) })
	t.Logf("tried %v", ran)
	assert.Greater(t, ran["commands"], 10)
	assert.Greater(t, ran["configurations"], 10)
	assert.Positive(t, ran["programs"])
}

// commands runs the commands of a fence, and returns how many.
func (w *world) commands(t *testing.T, f Fence, all []Fence) (ran int) {
	for _, command := range f.Commands() {
		entry, _, _ := find(f, command)
		if entry.Skip != "" || entry.Covered != "" {
			continue
		}
		ran++
		w.use(t, entry.Pipeline)
		line := strings.NewReplacer(entry.Replace...).Replace(command)
		if entry.Service {
			w.serve(t, line)
			continue
		}
		stop := func() {}
		if entry.Beside != "" {
			stop = w.beside(t, entry.Beside)
		}
		text, code := w.shell(t, line)
		require.Equal(t, entry.Exit, code, "%s: %s\n%s", f, line, text)
		stop()
		if entry.Shows {
			shows(t, f, text, all)
		}
		if begins(line, "make demo") {
			demo(t, text)
		}
	}
	return ran
}

// shell runs a command line in the clone.
func (w *world) shell(t *testing.T, line string) (text string, exit int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := w.command(ctx, line)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	var code *exec.ExitError
	if err != nil && (!errors.As(err, &code) || ctx.Err() != nil) {
		t.Fatalf("%s: %v\n%s%s", line, err, &out, &problems)
	}
	if cmd.ProcessState.ExitCode() != 0 {
		return out.String() + problems.String(), cmd.ProcessState.ExitCode()
	}
	return out.String(), 0
}

func (w *world) command(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", line)
	cmd.Dir, cmd.Env = w.dir, w.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

func (w *world) run(t *testing.T, line string) {
	t.Helper()
	text, code := w.shell(t, line)
	require.Zero(t, code, "%s\n%s", line, text)
}

// serve runs a command that does not end by itself: records that are produced
// must be stored when it has been stopped.
func (w *world) serve(t *testing.T, line string) {
	t.Helper()
	require.NoError(t, w.kafka.Produce(t.Context(), kafkatest.Numbered("events", 2, 1, 100, 200)...))
	w.background(t, line)()
}

// beside runs a command until the function that it returns is called, after
// its HTTP server is ready.
func (w *world) beside(t *testing.T, line string) (stop func()) {
	t.Helper()
	stop = w.background(t, line)
	ready := func() bool {
		_, code := w.shell(t, `s3-destination health --url "http://$HTTP_ADDRESS/ready"`)
		return code == 0
	}
	require.Eventually(t, ready, time.Minute, 200*time.Millisecond, "%s is not ready", line)
	return stop
}

// background starts a command. The function that it returns waits until
// something has been stored, and stops it.
func (w *world) background(t *testing.T, line string) (stop func()) {
	t.Helper()
	before := len(w.s3.Keys("events/"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	cmd := w.command(ctx, "exec "+line)
	var logs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &logs, &logs
	require.NoError(t, cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	return func() {
		defer cancel()
		for deadline := time.Now().Add(time.Minute); len(w.s3.Keys("events/")) <= before; time.Sleep(100 * time.Millisecond) {
			select {
			case err := <-done:
				t.Fatalf("%s ended: %v\n%s", line, err, &logs)
			default:
			}
			if time.Now().After(deadline) {
				_ = cmd.Cancel()
				<-done
				t.Fatalf("%s stored nothing\n%s", line, &logs)
			}
		}
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, <-done, "%s after SIGTERM\n%s", line, &logs)
	}
}

// shows compares what a command printed with the json fences of the page: one
// of them must be the same document, or one of its statements.
func shows(t *testing.T, f Fence, printed string, all []Fence) {
	t.Helper()
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(printed), &got))
	statements, _ := got["Statement"].([]any)
	for _, shown := range all {
		var want any
		if shown.Page != f.Page || shown.Lang != "json" || json.Unmarshal([]byte(shown.Text), &want) != nil {
			continue
		}
		for _, candidate := range append([]any{got}, statements...) {
			if assert.ObjectsAreEqual(want, candidate) {
				return
			}
		}
	}
	t.Fatalf("%s prints\n%swhich is not what any json fence of the page shows", f, printed)
}

// lint asks the binary about the configurations of a fence.
func (w *world) lint(t *testing.T, f Fence) {
	t.Helper()
	texts, err := configurations(t, f)
	require.NoError(t, err)
	for _, text := range texts {
		text = strings.ReplaceAll(text, "/etc/s3-destination/", filepath.Join(w.dir, "resources/docsrun/testdata")+"/")
		path := filepath.Join(t.TempDir(), "config.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		said, code := w.shell(t, "s3-destination lint --skip-env-var-check '"+path+"'")
		assert.Zero(t, code, "%s\n%s\n%s", f, said, text)
	}
}

// compile builds a Go program inside the clone.
func (w *world) compile(t *testing.T, f Fence) {
	t.Helper()
	dir, err := os.MkdirTemp(w.dir, "fence-") //nolint:usetesting // it must be inside the module
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(f.Text), 0o600))
	w.run(t, "go vet ./"+filepath.Base(dir)+" && go build -o /dev/null ./"+filepath.Base(dir))
}

// dockerfile compares the lines with those of the Dockerfile.
func (w *world) dockerfile(t *testing.T, f Fence) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "Dockerfile"))
	require.NoError(t, err)
	for line := range strings.Lines(f.Text) {
		assert.Contains(t, string(text), strings.TrimSpace(line), "%s", f)
	}
}
