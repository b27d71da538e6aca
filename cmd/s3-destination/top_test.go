package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/live"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// top asks a process, and returns what it prints.
func (p *process) top(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("s3-destination", append(append([]string{"top"}, args...), p.url)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	require.NoError(t, err, "%s", &stderr)
	return string(text)
}

// terminal is one of our own, in which a command runs.
type terminal struct {
	*os.File
	ended chan error

	mu   sync.Mutex
	said []byte // since the last look
}

func openTerminal(t *testing.T, rows, columns uint16, cmd *exec.Cmd) *terminal {
	t.Helper()
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: columns})
	if err != nil {
		t.Skip("this system has no pseudo-terminals: ", err)
	}
	term := &terminal{File: f, ended: make(chan error, 1)}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = f.Close()
	})
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := f.Read(buffer)
			term.mu.Lock()
			term.said = append(term.said, buffer[:n]...)
			term.mu.Unlock()
			if err != nil { // it has ended
				break
			}
		}
		term.ended <- cmd.Wait()
	}()
	return term
}

// shows waits until some text was written, and forgets what was.
func (term *terminal) shows(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool {
		term.mu.Lock()
		defer term.mu.Unlock()
		if !bytes.Contains(term.said, []byte(text)) {
			return false
		}
		term.said = nil
		return true
	}, patience, 20*time.Millisecond, "%q", term)
}

// String is what was written since.
func (term *terminal) String() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return string(term.said)
}

func TestTopOfARunningProcess(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := start(t, evilInput+evilOutput(s))
	require.Eventually(t, func() bool {
		_, body := p.get(live.JSONPath)
		return strings.Contains(body, "alert(1)") && strings.Contains(body, "red")
	}, patience, 50*time.Millisecond, "%s", &p.logs)

	var state live.State
	require.NoError(t, json.Unmarshal([]byte(p.top(t, "--json")), &state))
	assert.Equal(t, live.Format, state.Format)
	require.Len(t, state.Outputs, 1)
	text := p.top(t)
	assert.Contains(t, text, "root.output  json into bucket")
	assert.Contains(t, text, "alert(1)")
	assert.Contains(t, text, "2 open")
	assert.NotContains(t, text, "\x1b", "no terminal, no colours")

	term := openTerminal(t, 30, 150, exec.Command("s3-destination", "top", "--interval", "100ms", p.url))
	term.shows(t, "oldest first")
	require.NotContains(t, term.String(), "\x1b[31mred")
	resized := func(columns uint16, want string) { // then all of it is drawn again
		t.Helper()
		require.NoError(t, pty.Setsize(term.File, &pty.Winsize{Rows: 30, Cols: columns}))
		term.shows(t, want)
	}
	resized(140, "root.output")
	_, err := term.WriteString("s")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		require.NoError(t, pty.Setsize(term.File, &pty.Winsize{Rows: 30, Cols: 120 + uint16(time.Now().UnixNano()%20)}))
		time.Sleep(50 * time.Millisecond)
		return strings.Contains(term.String(), "fullest first")
	}, patience, 10*time.Millisecond)
	_, err = term.WriteString("q")
	require.NoError(t, err)
	select {
	case err := <-term.ended:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		require.Fail(t, "q does not end it", "%q", term)
	}
	assert.Contains(t, term.String(), "\x1b[?1049l", "what was on the terminal is back")
	p.terminate(t)
}
