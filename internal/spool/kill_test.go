package spool_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

const (
	childDir   = "SPOOL_TEST_DIR"   // makes this program a process that uses a spool
	childLife  = "SPOOL_TEST_LIFE"  // which one it is
	childDrain = "SPOOL_TEST_DRAIN" // it takes nothing in, and ends when all has landed
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childDir); path != "" {
		if err := child(path, os.Getenv(childLife), os.Getenv(childDrain) != ""); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// folder is a store in a directory: objects are files that appear at one stroke,
// unless there is one of that name.
type folder string

func (f folder) put(_ context.Context, intent []byte, body io.WriterTo) error {
	key, identity, _ := strings.Cut(string(intent), " ")
	var text bytes.Buffer
	text.WriteString(identity + "\n")
	if _, err := body.WriteTo(&text); err != nil {
		return err
	}
	beside := filepath.Join(string(f), "."+identity)
	if err := os.WriteFile(beside, text.Bytes(), 0o600); err != nil {
		return err
	}
	err := os.Link(beside, filepath.Join(string(f), key))
	if errors.Is(err, os.ErrExist) {
		return errTaken
	}
	return err
}

func (f folder) ours(_ context.Context, intent []byte) (bool, error) {
	key, identity, _ := strings.Cut(string(intent), " ")
	data, err := os.ReadFile(filepath.Join(string(f), key))
	return strings.HasPrefix(string(data), identity+"\n"), err
}

func (f folder) another(_ context.Context, intent []byte) ([]byte, error) {
	key, identity, _ := strings.Cut(string(intent), " ")
	return []byte(key + "+ " + identity), nil
}

// child takes records in until it is killed, says which it has acknowledged, and
// stores them at the same time.
func child(path, life string, drain bool) error {
	s, err := spool.Open(disk.OS{}, filepath.Join(path, "spool"), spool.Options{
		MaxSize: 1 << 30, Memory: 20_000, Reserve: 10_000, SegmentSize: frame.HeaderSize + 50_000,
		Lost:   func(l spool.Loss) { fmt.Fprintln(os.Stdout, "lost", l.Unacknowledged, l) },
		Failed: func(err error) { fmt.Fprintln(os.Stdout, "failed", err) },
		Now:    time.Now,
	})
	if err != nil {
		return err
	}
	ctx := context.Background()
	store := folder(filepath.Join(path, "bucket"))
	var out sync.Mutex
	for caller := 0; caller < 4 && !drain; caller++ {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%s.%d.%d", life, caller, n)
				if err := s.Append(ctx, of(fmt.Sprintf("p%d", n%7), id+strings.Repeat("x", 100))); err != nil {
					panic(err)
				}
				out.Lock()
				fmt.Fprintln(os.Stdout, "acknowledged", id)
				out.Unlock()
			}
		}()
	}
	for n := 0; ; n++ {
		more, err := step(ctx, s, store, fmt.Sprintf("%s-%d", life, n))
		if err != nil {
			return err
		}
		if drain && !more {
			return s.Close()
		}
	}
}

// step seals the first stream and delivers what is in the outbox.
func step(ctx context.Context, s *spool.Spool, store folder, identity string) (more bool, err error) {
	if streams := s.Streams(); len(streams) > 0 {
		more = true
		b, err := s.Read(streams[0].ID, 0, 5_000, 0)
		if err != nil {
			return false, err
		}
		intent := []byte(fmt.Sprintf("%s.%d %s", streams[0].Path, len(identity), identity))
		if _, err := s.Seal(ctx, b.Range, intent, bytes.NewReader(bytes.Join(b.Records, []byte("\n"))), nil); err != nil {
			return false, err
		}
	}
	objects, err := s.Objects(ctx)
	if err != nil {
		return false, err
	}
	for _, o := range objects {
		if err := s.Deliver(ctx, o.Number, carried{store}); err != nil {
			return false, err
		}
	}
	return more || len(objects) > 0, nil
}

// A process is killed again and again while it takes in, spills, seals, delivers
// and recovers.
func TestAProcessThatIsKilledLosesAndDoublesNothing(t *testing.T) { kills(t, 12) }

func TestAProcessThatIsKilledOftenLosesAndDoublesNothing(t *testing.T) {
	long.Skip(t)
	kills(t, 300)
}

func kills(t *testing.T, lives int) {
	path := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(path, "bucket"), 0o700))
	acknowledged := map[string]bool{}
	for life := range lives {
		// Every third is killed while it opens the spool, or whenever that is.
		until := 1 + (life*life*37)%400
		if life%3 == 2 {
			until = 0
		}
		run(t, path, life, until, acknowledged)
	}
	require.NotEmpty(t, acknowledged)
	run(t, path, lives, -1, acknowledged)

	copies := map[string]int{}
	files, err := filepath.Glob(filepath.Join(path, "bucket", "p*"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, line := range strings.Split(string(data), "\n")[1:] {
			copies[strings.TrimRight(line, "x")]++
		}
	}
	for id := range acknowledged {
		require.Equal(t, 1, copies[id], id)
	}
	for id, n := range copies {
		require.Equal(t, 1, n, id)
	}
}

// run runs a process and kills it after so many acknowledgements; with -1 it ends
// by itself.
func run(t *testing.T, path string, life, until int, acknowledged map[string]bool) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childDir+"="+path, fmt.Sprintf("%s=%d", childLife, life))
	if until < 0 {
		cmd.Env = append(cmd.Env, childDrain+"=yes")
	}
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for n := 0; until != 0 && lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "acknowledged":
			acknowledged[rest] = true
			if n++; n == until {
				require.NoError(t, cmd.Process.Kill())
			}
		case "lost", "failed":
			assert.True(t, strings.HasPrefix(rest, "true"), lines.Text())
		}
	}
	if until == 0 { // at any time: nothing that is checked depends on it
		time.Sleep(time.Duration(life%40) * time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		all, err := io.ReadAll(out)
		require.NoError(t, err)
		for line := range strings.Lines(string(all)) {
			if id, is := strings.CutPrefix(strings.TrimSpace(line), "acknowledged "); is && strings.HasSuffix(line, "\n") {
				acknowledged[id] = true
			}
		}
	}
	err = cmd.Wait()
	if until < 0 {
		require.NoError(t, err)
	}
}
