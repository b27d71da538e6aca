package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// memoryOutput opens ten thousand partitions, and has less memory than the
// records that wait would need.
const memoryOutput = `
    folder: 'lake/date={{YYYY}}-{{MM}}-{{DD}}/p={{p}}'
    variables: {p: '${! json("id").number() % 10000 }'}
    file_name: 'e-{{uuid}}'
    file_format: json
    max_file_size: 32MB
    max_age: 20s
    memory_limit: 96MiB
    upload: {concurrency: 32}
`

// most is what the process may use, as the limit of its container would say.
const most = 512 << 20

// memory fills ten thousand partitions with records of 1 KB, and then sends
// records of 1 MB faster than they can be stored, to a process that the kernel
// gives 512 MiB.
func memory(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	// Batches that wait at memory_limit are in memory beside what it counts, so
	// that there must not be too many of them. docs/kafka.md has the sum, which
	// counts memory_limit twice for so many partitions: 202 + 120 + 150 MB, and
	// what the input fetches: 6 partitions x 4 records, or 10 MB with redpanda.
	set := settings{output: memoryOutput, inFlight: "120", ahead: 4, period: time.Second, session: 30 * time.Second}
	limits := w.confine(most, &set)
	w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Do: s3test.Delay(100 * time.Millisecond)})
	c, err := w.start(ctx, "only", set)
	if err != nil {
		w.close(true)
		return false, err
	}
	p, err := w.fill(ctx, c)
	if err != nil {
		w.noteUsage(limits)
		_, _ = fmt.Fprintf(o.out, "%v\n", w.notes)
		w.close(true)
		return false, err
	}
	w.note("60,000 records of 1 KB in 10,000 partitions, then 400 of 1 MB: at most %.0f open partitions, %.0f MiB held, %d MiB resident; %.0f batches waited for memory, and %.0f times all slots were taken",
		p.open, p.held/(1<<20), p.resident>>20, p.waits, p.saturations)
	problem := w.noteUsage(limits)
	kept, err := w.finish(ctx, nil, &weather{}, began, c)
	switch {
	case limits == nil && p.resident > most: // which counts pages of the binary, too
		problem = fmt.Sprintf("%d MiB resident are more than %d", p.resident>>20, most>>20)
	case p.waits+p.saturations == 0:
		problem = "no batch had to wait: this run proves nothing about back-pressure"
	}
	if problem != "" {
		_, _ = fmt.Fprintf(o.out, "VIOLATION    %s\n", problem)
		kept = false
	}
	return kept, err
}

// fill produces, and waits until all of it is stored.
func (w *world) fill(ctx context.Context, c *consumer) (peak, error) {
	limited, cancel := context.WithCancel(ctx)
	peaks := make(chan peak, 1)
	go func() { peaks <- watch(limited, c) }()
	small := load{topic: topic, partitions: partitions, size: 1000}
	large := small
	large.size = 1_000_000
	err := produce(ctx, w.kafka, small, w.ledger, 60_000)
	for i := 0; err == nil && i < 40; i++ {
		err = produce(ctx, w.kafka, large, w.ledger, 10)
	}
	if err == nil {
		err = w.caughtUp(ctx, 10*time.Minute, c)
	}
	cancel()
	return <-peaks, err
}

// noteUsage reports what the kernel counted, and returns what is wrong with it.
func (w *world) noteUsage(limits *cage) (problem string) {
	if limits == nil {
		return ""
	}
	u, err := limits.usage()
	if err != nil {
		return err.Error()
	}
	w.note("limited to %d MiB by the kernel: at most %d MiB were used, page cache included; the limit was met %d times, and %d processes were killed for it",
		limits.limit>>20, u.peak>>20, u.hits, u.kills)
	if u.kills > 0 {
		return fmt.Sprintf("%d processes were killed for want of memory", u.kills)
	}
	return ""
}

// peak is the most that was seen of a process.
type peak struct {
	resident                       int64
	open, held, waits, saturations float64
}

var (
	highWater  = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
	openGauge  = regexp.MustCompile(`(?m)^s3_destination_open_partitions\{.*\} (\S+)$`)
	bytesGauge = regexp.MustCompile(`(?m)^s3_destination_held_bytes\{.*\} (\S+)$`)
	satCount   = regexp.MustCompile(`(?m)^s3_destination_saturations_total\{.*\} (\S+)$`)
	waitsCount = regexp.MustCompile(`(?m)^s3_destination_memory_waits_total\{.*\} (\S+)$`)
)

// watch looks at a process until ctx ends.
func watch(ctx context.Context, c *consumer) peak {
	var p peak
	for ctx.Err() == nil {
		p.resident = max(p.resident, resident(c, highWater))
		text := c.metrics(ctx)
		p.open = max(p.open, sum(openGauge, text))
		p.held = max(p.held, sum(bytesGauge, text))
		p.waits = max(p.waits, sum(waitsCount, text))
		p.saturations = max(p.saturations, sum(satCount, text))
		pause(ctx, 200*time.Millisecond)
	}
	return p
}

// resident reads a size of the process, in bytes, from what the kernel says.
func resident(c *consumer, what *regexp.Regexp) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	m := what.FindSubmatch(status)
	if err != nil || m == nil {
		return 0
	}
	kb, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return kb << 10
}
