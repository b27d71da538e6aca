package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
)

const (
	// mostRSS is what a process with a spool may take, and mostCPU how much more CPU a
	// record may take than without one.
	mostRSS, mostCPU = 1 << 30, 2500 * time.Nanosecond
	// wholeObjects is the part of the records that fall due together which an object has
	// to have: in the beginning and at the end partitions have fewer.
	wholeObjects = 0.8
	// beats is how often a second records come.
	beats = 10
)

// manyOutput is an output whose partitions stay open for a while.
const manyOutput = `    folder: out/{{tenant}}
    variables: { tenant: '${! json("tenant") }' }
    file_name: e-{{uuid}}
    max_age: %s
    memory_limit: %s`

// used is what a process took.
type used struct {
	cpu     time.Duration
	rss     int64
	objects int64
}

// many has records come at an even rate into many partitions, each of which is open
// until its first record is of an age. Without a spool there is memory for all of
// them, with one for a part, and the process may be put into a control group that
// bounds it. With both, the process without a spool has no more memory than the other.
func many(ctx context.Context, o *options) error {
	rows := o.rate * int(o.duration.Seconds())
	age := o.duration * 3 / 4
	plentiful := "8GiB"
	if o.both {
		plentiful = o.memory
	}
	plain, err := o.carried(ctx, rows, fmt.Sprintf(manyOutput, age, plentiful), false)
	if err != nil {
		return err
	}
	spooled, err := o.carried(ctx, rows, fmt.Sprintf(manyOutput, age, o.memory), true)
	if err != nil {
		return err
	}
	more := (spooled.cpu - plain.cpu) / time.Duration(rows)
	var missed []string
	if spooled.rss > mostRSS {
		missed = append(missed, "memory")
	}
	if more > mostCPU {
		missed = append(missed, "CPU")
	}
	if float64(plain.objects) < wholeObjects*float64(spooled.objects) {
		missed = append(missed, "size of objects")
	}
	met := "yes"
	if len(missed) > 0 {
		met = "**no**: " + strings.Join(missed, ", ")
	}
	fmt.Println("| partitions | rows/s | rows | max_age | memory_limit | objects without, with a spool | peak RSS without, with, MiB | CPU a record without, with, us | more, us | met |\n|--:|--:|--:|---|---|---|---|---|--:|---|")
	fmt.Printf("| %d | %d | %d | %s | %s | %d, %d | %d, %d | %.2f, %.2f | %.2f | %s |\n", o.partitions, o.rate, rows, age, o.memory,
		plain.objects, spooled.objects, plain.rss>>20, spooled.rss>>20, us(plain.cpu, rows), us(spooled.cpu, rows), us(spooled.cpu-plain.cpu, rows), met)
	return nil
}

func us(d time.Duration, rows int) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(rows) }

// carried runs a process until all of its records are stored.
func (o *options) carried(ctx context.Context, rows int, settings string, spool bool) (u used, err error) {
	server, err := child.Serve(filepath.Join(o.bin, "server"), o.dir, false)
	if err != nil {
		return u, err
	}
	defer server.Stop()
	output := o.spooled(server.URL, settings)
	if !spool {
		output = spoolLine.ReplaceAllString(output, "")
	}
	batch := o.rate / beats
	input := generated(o.partitions, batch, fmt.Sprintf("%dms", 1000/beats)) + fmt.Sprintf("\n    count: %d", rows)
	p, err := o.start(ctx, input, output)
	if err != nil {
		return u, err
	}
	if (spool || o.both) && o.group != "" {
		if err := os.WriteFile(filepath.Join(o.group, "cgroup.procs"), strconv.AppendInt(nil, int64(p.Pid()), 10), 0o600); err != nil {
			p.Kill()
			return u, fmt.Errorf("putting the process into the control group: %w", err)
		}
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Kill()
		return u, ctx.Err()
	}
	if !p.State().Success() {
		return u, fmt.Errorf("the process ended: %s", p.Tail(10))
	}
	u.add(p.State())
	if spool { // what was not due yet is on disk
		drain := exec.CommandContext(ctx, o.binary, "spool", "drain", filepath.Join(o.dir, "spool.yaml"))
		if text, err := drain.CombinedOutput(); err != nil {
			return u, fmt.Errorf("draining the spool: %w: %s", err, text)
		}
		u.add(drain.ProcessState)
	}
	c, err := server.Counts()
	if err == nil && c.Objects == 0 {
		err = errors.New("no object was stored")
	}
	u.objects = c.Objects
	return u, err
}

// add adds a process that has ended.
func (u *used) add(ended *os.ProcessState) {
	u.cpu += ended.UserTime() + ended.SystemTime()
	if r, ok := ended.SysUsage().(*syscall.Rusage); ok {
		u.rss = max(u.rss, r.Maxrss<<10)
	}
}
