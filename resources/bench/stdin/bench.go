package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/logs"
	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
	"github.com/s3-destination/s3-destination/resources/bench/internal/sink"
)

// side is one of those that are compared.
type side struct {
	name    string
	command []string // the file of the configuration follows
	config  string
}

// result is one run of a side.
type result struct {
	sink.Counts
	cpu, system, wall time.Duration
	rss               int64
}

func (r result) seconds() float64 { return r.cpu.Seconds() }
func (r result) kernel() float64  { return r.system.Seconds() }
func (r result) clock() float64   { return r.wall.Seconds() }
func (r result) peak() float64    { return float64(r.rss) / 1e6 }

// bench measures.
type bench struct {
	options
	server       *child.Server
	data, schema string
}

// patience is how long a run may take.
const patience = 10 * time.Minute

// measure runs a side until it has read all and ends by itself.
func (b *bench) measure(ctx context.Context, s side) (r result, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := b.server.Reset(true); err != nil {
		return r, err
	}
	path := filepath.Join(b.dir, "stream.yaml")
	if err := os.WriteFile(path, []byte(s.config), 0o600); err != nil {
		return r, err
	}
	input, done, err := b.records()
	if err != nil {
		return r, err
	}
	defer done()
	var log logs.Buffer
	cmd := exec.CommandContext(ctx, s.command[0], append(s.command[1:], path)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(b.procs))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, &log, &log
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("running %s: %w: %s", s.command[0], err, log.Tail(10))
	}
	r.wall = time.Since(began)
	state := cmd.ProcessState
	r.system = state.SystemTime()
	r.cpu = state.UserTime() + r.system
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		r.rss = usage.Maxrss << 10 // Linux counts in KiB
	}
	if r.Counts, err = b.server.Counts(); err != nil {
		return r, err
	}
	return r, b.check(r, &log)
}

// check compares the rows of the objects with the records.
func (b *bench) check(r result, log *logs.Buffer) error {
	if len(r.Faults) > 0 {
		return fmt.Errorf("%d faulty objects, among them: %s", len(r.Faults), r.Faults[0])
	}
	if sent := int64(b.times) * fileRecords; r.Rows != sent {
		return fmt.Errorf("of %d records the objects have %d: %s", sent, r.Rows, log.Tail(10))
	}
	return nil
}

// records is the file as often as it is read, for a pipe.
func (b *bench) records() (io.Reader, func(), error) {
	var files []io.Closer
	done := func() {
		for _, f := range files {
			_ = f.Close()
		}
	}
	var all []io.Reader
	for range b.times {
		f, err := os.Open(b.data)
		if err != nil {
			done()
			return nil, nil, err
		}
		files, all = append(files, f), append(all, f)
	}
	return io.MultiReader(all...), done, nil
}
