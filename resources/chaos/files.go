package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const (
	// filesInput reads a directory record by record, and ends.
	filesInput = `
  batched:
    policy: {count: 1000, period: 100ms}
    child:
      file:
        paths: ['%s/*.jsonl']
        scanner: {lines: {}}
`
	// filesOutput fills objects one after the other.
	filesOutput = `
    folder: lake/date={{YYYY}}-{{MM}}-{{DD}}
    file_name: 'e-{{chunk_id}}'
    file_format: json+gzip
    max_file_size: 20KB
    max_age: 10m
    idle_timeout: 1s
    memory_limit: 64MiB
    upload: {request_timeout: 3s, concurrency: 4}
`
	// filesSize is that of a record in bytes.
	filesCount, filesRecords, filesSize = 4, 50_000, 300
)

// files runs a backfill, whose input knows no offsets: whatever stops it, it
// begins with the first line again. So every line arrives, and what a run had
// stored before it was stopped is there once more for each such run. The run
// that is left alone ends by itself.
func files(ctx context.Context, o options) (bool, error) {
	o.broker = noBroker
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	dir, err := w.writeFiles(filesCount, filesRecords, filesSize)
	if err == nil {
		err = w.backfill(ctx, settings{input: fmt.Sprintf(filesInput, dir), output: filesOutput})
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	kept, err := w.conclude(ctx, &weather{}, began)
	w.close(!kept || err != nil)
	return kept, err
}

// backfill stops a backfill a few times, then lets it end.
func (w *world) backfill(ctx context.Context, set settings) error {
	late := w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Do: s3test.Delay(10 * time.Millisecond)})
	stops := moments{}
	enough := or(w.kills, 6)
	for n := range enough {
		name := fmt.Sprintf("run-%04d", n)
		c, err := w.start(ctx, name, set)
		if err != nil {
			return err
		}
		w.awaitUpload(c)
		pause(ctx, w.dice.between(0, 1500*time.Millisecond))
		if c.ended() {
			return fmt.Errorf("%s %w: there were too few records to stop it", name, errEnded)
		}
		what := "SIGKILL"
		if n%2 == 0 {
			c.kill()
		} else {
			what = "SIGTERM"
			if _, err := c.terminate(); err != nil {
				return err
			}
		}
		stops[what]++
		w.mu.Lock()
		w.breaches = append(w.breaches, &breach{what: what + " before the end", runs: []string{name}, ends: w.fileEnds()})
		w.mu.Unlock()
	}
	w.note("stopped before its end by %s", stops)
	late.Remove()
	last, err := w.start(ctx, "last", set)
	if err != nil {
		return err
	}
	return last.endsAlone(time.Minute)
}

// endsAlone waits until a backfill that is left alone has ended well.
func (c *consumer) endsAlone(limit time.Duration) error {
	select {
	case <-c.done:
	case <-time.After(limit):
		return fmt.Errorf("the end of a backfill %w", errLate)
	}
	if c.err != nil {
		return fmt.Errorf("a backfill that was left alone: %w\n%s", c.err, c.logged())
	}
	return nil
}

// awaitUpload waits until a process stores its first object, and returns false
// when that takes too long.
func (w *world) awaitUpload(c *consumer) bool {
	w.mu.Lock()
	began := w.working[c.name]
	w.mu.Unlock()
	if began == nil {
		return true // it has done so
	}
	select {
	case <-began:
		return true
	case <-c.done:
	case <-time.After(patience):
	}
	return false
}

// writeFiles makes the files, whose lines the ledger knows: the file is the
// partition, the line the offset.
func (w *world) writeFiles(count, records, size int) (string, error) {
	dir := filepath.Join(w.dir, "in")
	if err := os.Mkdir(dir, 0o750); err != nil {
		return "", fmt.Errorf("making a directory: %w", err)
	}
	for n := range count {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.jsonl", n)))
		if err != nil {
			return "", fmt.Errorf("making a file: %w", err)
		}
		b := bufio.NewWriter(f)
		for line := range records {
			_, _ = b.Write(append(kafkatest.NumberedValue(w.ledger.len(), size), '\n'))
			w.ledger.add(origin{partition: int32(n), offset: int64(line), size: size})
		}
		if err := b.Flush(); err != nil {
			return "", fmt.Errorf("writing a file: %w", err)
		}
		_ = f.Close()
	}
	return dir, nil
}

// fileEnds is where each file ends.
func (w *world) fileEnds() map[int32]int64 {
	ends := map[int32]int64{}
	for n := range filesCount {
		ends[int32(n)] = filesRecords
	}
	return ends
}
