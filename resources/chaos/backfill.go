package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const (
	fastInput = `
  batched:
    policy: {count: 500, period: 100ms}
    child:
      file:
        paths: ['%s/*.jsonl']
        scanner: {lines: {}}
`
	fastOutput = `
    folder: lake/date={{YYYY}}-{{MM}}-{{DD}}
    file_name: 'e-{{chunk_id}}'
    file_format: csv+gzip
    memory_limit: 128MiB
`
	fastRecords, fastSize = 240_000, 387
)

// fast reads a file faster than it is encoded and stored, in a control group of
// the size that the command size gives for that configuration: everything waits
// in memory at first, and nothing has been stored that could make room.
func fast(ctx context.Context, o options) (bool, error) {
	o.broker = noBroker
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	limits, err := w.runFast(ctx)
	problem := w.noteUsage(limits)
	if err != nil {
		_, _ = fmt.Fprintf(o.out, "%v %s\n", w.notes, problem)
		w.close(true)
		return false, err
	}
	kept, err := w.conclude(ctx, &weather{}, began)
	if problem != "" {
		_, _ = fmt.Fprintf(o.out, "VIOLATION    %s\n", problem)
		kept = false
	}
	w.close(!kept || err != nil)
	return kept, err
}

func (w *world) runFast(ctx context.Context) (*cage, error) {
	dir, err := w.writeFiles(1, fastRecords, fastSize)
	if err != nil {
		return nil, err
	}
	set := settings{input: fmt.Sprintf(fastInput, dir), output: fastOutput, inFlight: "auto"}
	size, err := w.containerFor(ctx, set)
	if err != nil {
		return nil, err
	}
	limits := w.confine(size, &set)
	w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Do: s3test.Delay(100 * time.Millisecond)})
	only, err := w.start(ctx, "only", set)
	if err != nil {
		return limits, err
	}
	return limits, only.endsAlone(2 * time.Minute)
}

// containerFor asks the binary how much memory a configuration needs, in bytes,
// for as many records a second as the file is read with.
func (w *world) containerFor(ctx context.Context, set settings) (int64, error) {
	text, err := w.render("size", "127.0.0.1:1", "http://127.0.0.1:1", set)
	if err != nil {
		return 0, err
	}
	path := filepath.Join(w.dir, "size.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return 0, fmt.Errorf("writing the configuration: %w", err)
	}
	// Its exit code says that some setting is in the way, as memory_limit is here.
	out, failed := exec.CommandContext(ctx, w.binary, "size", "--json", "--rate", "50000", "--row-bytes", fmt.Sprint(fastSize), path).Output() // #nosec G204 -- the binary under test
	var report struct {
		Memory struct {
			Container float64 `json:"container_bytes"`
		} `json:"memory"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return 0, fmt.Errorf("asking for the size of the container: %w, %q", errors.Join(failed, err), out)
	}
	return int64(report.Memory.Container), nil
}
