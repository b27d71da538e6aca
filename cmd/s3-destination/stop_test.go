package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// fifty batches of ten records, which then wait for the input to go on
const fifty = `
input:
  generate: {interval: 1ms, count: 500, batch_size: 10, mapping: 'root = {"id": counter()}'}
`

const idle = `
input:
  generate: {interval: 1h, mapping: 'root = {}'}
`

// ended waits for the end of a process, and returns its exit code and how long
// that took.
func (p *process) ended(t *testing.T) (code int, took time.Duration) {
	t.Helper()
	began := time.Now()
	select {
	case err := <-p.done:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode(), time.Since(began)
		}
		require.NoError(t, err)
		return 0, time.Since(began)
	case <-time.After(patience):
		require.Fail(t, "the process does not end", "%s", &p.logs)
		return 0, 0
	}
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(s))
}

// lastWord returns the one line about what was not stored.
func (p *process) lastWord(t *testing.T) string {
	t.Helper()
	var found []string
	for line := range strings.Lines(p.logs.String()) {
		if strings.Contains(line, "Stopped with records that were not stored") {
			found = append(found, line)
		}
	}
	require.Len(t, found, 1, "%s", &p.logs)
	return found[0]
}

func (p *process) waits(t *testing.T, batches int) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, text := p.get("/metrics")
		sum := 0
		for _, m := range waitingBatches.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.Atoi(m[1])
			sum += n
		}
		return sum == batches
	}, patience, 20*time.Millisecond, "%s", &p.logs)
}

var waitingBatches = regexp.MustCompile(`(?m)^s3_destination_waiting_batches\{.*\} (\d+)$`)

// A signal that comes before the pipelines run ends them as soon as they do. Here it
// comes while the process reads its configuration, from a pipe that nobody has
// written to yet.
func TestASignalDuringTheStartIsNotForgotten(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	config := idle + outputConfig(s, "") + "\nhttp: {address: 127.0.0.1:0}\n"
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	p := &process{done: make(chan error, 1), cmd: exec.Command(binary, "run", path)}
	p.cmd.Stdout, p.cmd.Stderr = &p.logs, &p.logs
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() { p.done <- p.cmd.Wait() }()

	pipe, err := os.OpenFile(path, os.O_WRONLY, 0) // returns when somebody reads
	require.NoError(t, err)
	p.signal(t, syscall.SIGTERM)
	_, err = pipe.WriteString(config)
	require.NoError(t, errors.Join(err, os.WriteFile(path+".file", []byte(config), 0o600), os.Rename(path+".file", path), pipe.Close()))
	code, _ := p.ended(t)
	assert.Zero(t, code, "%s", &p.logs)
	assert.Contains(t, p.logs.String(), "Received SIGINT, the service is closing",
		"not the signal of the user: two equal ones that come together are one")
}

// A command that runs no pipeline has nothing to store when it is to end.
func TestASignalEndsACommandAtOnce(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	asked := make(chan struct{}, 10)
	s.Faults.Add(s3test.Rule{Do: func(x *s3test.Exchange) {
		asked <- struct{}{}
		s3test.HangUnread()(x)
	}})
	p := startWith(t, idle+outputConfig(s, ""), func(main string) []string { return []string{"check", main} })
	select {
	case <-asked:
	case <-time.After(patience):
		t.Fatal("nothing was asked of the store")
	}
	p.signal(t, syscall.SIGINT)
	require.Error(t, <-p.done)
	assert.Equal(t, syscall.SIGINT, p.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(), "%s", &p.logs)
}

// TestAStopThatComesEarlyIsNotForgotten: Benthos handles signals from the moment on in
// which its stream runs, and we do from the first one on.
func TestAStopThatComesEarlyIsNotForgotten(t *testing.T) {
	t.Parallel()
	p := start(t, idle+"output: {drop: {}}\n")
	require.Eventually(t, func() bool { return strings.Contains(p.logs.String(), "Running main config") }, patience, time.Millisecond)
	p.terminate(t)
}

func TestForcedStopSaysInOneLineWhatIsNotStored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		away func(s *s3test.Server) // how S3 goes away when it has accepted the output
		why  string
	}{
		"refused": {func(s *s3test.Server) { s.Close() }, "(network)"},
		"a black hole": {func(s *s3test.Server) {
			s.Faults.Add(s3test.Rule{Do: s3test.HangUnread()})
		}, "("},
		"denied": {func(s *s3test.Server) { s.Faults.Deny("PutObject") }, "(denied)"},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "denied" {
				long.Skip(t)
			}
			t.Parallel()
			s := s3test.StartT(t, s3test.Config{})
			p := start(t, fifty+outputConfig(s, "    max_age: 1m\n    idle_timeout: 0s\n")+"\nshutdown_timeout: 3s\n")
			p.waits(t, 50)
			c.away(s)
			p.signal(t, syscall.SIGTERM)
			code, _ := p.ended(t)
			assert.Equal(t, exitUnstored, code)
			line := p.lastWord(t)
			assert.Contains(t, line, "500 records in 50 batches")
			assert.Contains(t, line, "bucket "+s.Bucket+" at "+s.URL)
			assert.Contains(t, line, c.why)
			assert.NotContains(t, p.logs.String(), "Failed to send message", "not one for each batch")
		})
	}
}

func TestStopOfAProcessThatNeverReachedS3IsNoSuccess(t *testing.T) {
	t.Parallel()
	hole, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	require.NoError(t, err)
	defer hole.Close()
	for name, endpoint := range map[string]string{
		"refused":      "http://" + freeAddress(t),
		"a black hole": "http://" + hole.Addr().String(),
	} {
		for input, conf := range map[string]string{"backfill": fifty, "idle": idle} {
			t.Run(name+", "+input, func(t *testing.T) {
				if (name == "refused") != (input == "idle") {
					long.Skip(t)
				}
				t.Parallel()
				p := start(t, conf+outputConfig(&s3test.Server{Bucket: "b", URL: endpoint, AccessKey: "a", SecretKey: "s"}, "")+"\nshutdown_timeout: 3s\n")
				require.Eventually(t, func() bool { status, _ := p.get("/ready"); return status == 503 }, patience, 10*time.Millisecond)
				time.Sleep(500 * time.Millisecond)
				p.signal(t, syscall.SIGTERM)
				code, took := p.ended(t)
				assert.Equal(t, exitUnstored, code, "the input may have read something")
				assert.Less(t, took, time.Minute, "it does not wait for S3")
				line := p.lastWord(t)
				assert.Contains(t, line, "never reached")
				assert.Contains(t, line, "bucket b at "+endpoint)
			})
		}
	}
}

func TestStopWithNothingWaitingIsQuickWhereverS3Is(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(s *s3test.Server){
		"refused":      func(s *s3test.Server) { s.Close() },
		"a black hole": func(s *s3test.Server) { s.Faults.Add(s3test.Rule{Do: s3test.HangUnread()}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s3test.StartT(t, s3test.Config{})
			p := start(t, "input: {http_server: {path: /in}}\n"+outputConfig(s, "    health_check: {interval: 1s}\n")+"\nshutdown_timeout: 2m\n")
			require.Eventually(t, func() bool { status, _ := p.get("/ready"); return status == 200 }, patience, 20*time.Millisecond)
			away(s)
			time.Sleep(1500 * time.Millisecond) // a check is under way, or has failed
			p.signal(t, syscall.SIGTERM)
			code, took := p.ended(t)
			assert.Zero(t, code, "%s", &p.logs)
			assert.Less(t, took, time.Minute, "far less than shutdown_timeout")
			assert.NotContains(t, p.logs.String(), "not stored")
		})
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	hung := s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/f", Do: s3test.Hang()})
	p := start(t, fifty+outputConfig(s, "    max_age: 1s\n    idle_timeout: 300ms\n")+"\nshutdown_timeout: 2m\n")
	require.Eventually(t, func() bool { return hung.Hits() > 0 }, patience, 10*time.Millisecond)
	p.waits(t, 50)
	p.signal(t, syscall.SIGINT)
	select {
	case <-p.done:
		require.Fail(t, "the first signal waits for what is under way", "%s", &p.logs)
	case <-time.After(time.Second):
	}
	p.signal(t, syscall.SIGINT)
	code, took := p.ended(t)
	assert.Equal(t, exitUnstored, code)
	assert.Less(t, took, time.Minute, "far less than shutdown_timeout")
	assert.Contains(t, p.lastWord(t), "500 records in 50 batches")
}

func TestSecondSignalWithEverythingStored(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := start(t, idle+outputConfig(s, "")+"\nshutdown_delay: 1h\n") // as somebody may have set it
	require.Eventually(t, func() bool { status, _ := p.get("/ready"); return status == 200 }, patience, 20*time.Millisecond)
	p.signal(t, syscall.SIGTERM)
	time.Sleep(300 * time.Millisecond)
	p.signal(t, syscall.SIGTERM)
	code, _ := p.ended(t)
	assert.Equal(t, 128+int(syscall.SIGTERM), code)
	assert.NotContains(t, p.logs.String(), "not stored")
}

// startStreams runs the binary in streams mode, one file for each stream.
func startStreams(t *testing.T, extra string, streams map[string]string) *process {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for id, conf := range streams {
		path := filepath.Join(dir, id+".yaml")
		require.NoError(t, os.WriteFile(path, []byte(conf), 0o600))
		files = append(files, path)
	}
	return startWith(t, extra, func(main string) []string { return append([]string{"streams", "-o", main}, files...) })
}

func TestForcedStopOfManyStreamsIsOneLine(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	hung := s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/f", Do: s3test.Hang()})
	out := outputConfig(s, "    max_age: 1s\n    idle_timeout: 300ms\n")
	p := startStreams(t, "shutdown_timeout: 3s\n", map[string]string{"a": fifty + out, "b": fifty + out})
	require.Eventually(t, func() bool { return hung.Hits() > 1 }, patience, 10*time.Millisecond, "%s", &p.logs)
	p.waits(t, 100)
	p.signal(t, syscall.SIGTERM)
	code, _ := p.ended(t)
	assert.Equal(t, exitUnstored, code)
	assert.Contains(t, p.lastWord(t), "1000 records in 100 batches")
}

const oneBad = `
input:
  generate:
    count: 100
    interval: ''
    batch_size: 10
    mapping: 'root = if counter() == 7 { "{" } else { {"id": counter()} }'
`

func TestRecordsThatTheInputGivesUpAreNoSuccess(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	file := filepath.Join(t.TempDir(), "records.jsonl")
	var lines strings.Builder
	for i := range 100 {
		if i == 6 {
			lines.WriteString("{\n")
		} else {
			fmt.Fprintf(&lines, "{\"id\":%d}\n", i)
		}
	}
	require.NoError(t, os.WriteFile(file, []byte(lines.String()), 0o600))
	p := start(t, fmt.Sprintf("input:\n  file: {paths: [%q], auto_replay_nacks: false}\n", file)+outputConfig(s, "    idle_timeout: 300ms\n"))
	code, _ := p.ended(t)
	assert.Equal(t, exitUnstored, code)
	assert.Contains(t, p.lastWord(t), "1 record had been given back")
	assert.Len(t, stored(t, s), 99)
}

func TestRecordsThatAreRejectedForEverAreNoSuccess(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := start(t, oneBad+outputConfig(s, "    idle_timeout: 100ms\n"))
	require.Eventually(t, func() bool { return strings.Contains(p.logs.String(), "Failed to send message") }, patience, 10*time.Millisecond)
	time.Sleep(3 * time.Second) // the input tries again
	p.signal(t, syscall.SIGTERM)
	code, _ := p.ended(t)
	assert.Equal(t, exitUnstored, code)
	assert.Contains(t, p.lastWord(t), "1 record")
	said := 0
	for line := range strings.Lines(p.logs.String()) {
		if strings.Contains(line, "Failed to send message") {
			said++
			if said == 2 {
				assert.Contains(t, line, " batches=", "the number of those that were left out")
			}
		}
	}
	assert.LessOrEqual(t, said, 4, "%s", &p.logs) // of the first batch, of the one that is tried again, and the numbers of both
}

func TestRecordsThatAFallbackTakesAreASuccess(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	own := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(outputConfig(s, "    idle_timeout: 100ms")), "output:\n"), "\n", "\n    ")
	p := start(t, oneBad+"output:\n  fallback:\n    - "+strings.TrimSpace(own)+"\n    - drop: {}\n")
	code, _ := p.ended(t)
	assert.Zero(t, code, "%s", &p.logs)
	assert.NotContains(t, p.logs.String(), "Stopped with records")
}

// TestRecordsThatAreStoredInTheEndAreASuccess: an object was given up, its
// records were given back, and the input brought them again.
func TestRecordsThatAreStoredInTheEndAreASuccess(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	once := s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/f", Do: s3test.SlowDown(0)})
	p := start(t, fifty+outputConfig(s, "    idle_timeout: 300ms\n    health_check: {enabled: false}\n    retry: {initial_interval: 50ms, max_interval: 100ms, max_elapsed_time: 500ms}\n"))
	require.Eventually(t, func() bool { return strings.Contains(p.logs.String(), "Failed to send message") }, patience, 10*time.Millisecond, "they are given back")
	once.Remove()
	code, _ := p.ended(t)
	assert.Zero(t, code, "%s", &p.logs)
	assert.NotContains(t, p.logs.String(), "Stopped with records")
	assert.Len(t, stored(t, s), 500)
}
