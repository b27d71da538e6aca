package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"
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
    memory_limit: 160MiB
    upload: {concurrency: 32}
`

// most is what the process may use, as the limit of its container would say.
const most = 512 << 20

// memory fills ten thousand partitions with records of 1 KB, and then sends
// records of 1 MB faster than they can be stored.
func memory(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	// Batches that wait at memory_limit are in memory beside what it counts, so
	// that there must not be too many of them: 80 of 1 MB.
	c, err := w.start(ctx, "only", settings{output: memoryOutput, inFlight: 80, period: time.Second})
	if err != nil {
		w.close(true)
		return false, err
	}
	limited, cancel := context.WithCancel(ctx)
	peaks := make(chan peak, 1)
	go func() { peaks <- watch(limited, c) }()
	small := load{topic: topic, partitions: partitions, size: 1000, rate: o.rate}
	large := small
	large.size = 1_000_000
	err = produce(ctx, w.kafka, small, w.ledger, 60_000)
	for i := 0; err == nil && i < 40; i++ {
		err = produce(ctx, w.kafka, large, w.ledger, 10)
	}
	if err == nil {
		err = w.caughtUp(ctx, 3*time.Minute)
	}
	cancel()
	p := <-peaks
	if err != nil {
		w.close(true)
		return false, err
	}
	w.note("60,000 records of 1 KB in 10,000 partitions, then 400 of 1 MB: at most %.0f open partitions, %.0f MiB held, %d MiB resident",
		p.open, p.held/(1<<20), p.resident>>20)
	small.rate = 0
	kept, err := w.finish(ctx, startFeed(ctx, w.kafka, small, w.ledger), &weather{}, began, c)
	if p.resident > most {
		_, _ = fmt.Fprintf(o.out, "VIOLATION    %d MiB resident are more than %d\n", p.resident>>20, most>>20)
		kept = false
	}
	return kept, err
}

// peak is the most that was seen of a process.
type peak struct {
	resident   int64
	open, held float64
}

var (
	highWater  = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
	openGauge  = regexp.MustCompile(`(?m)^s3_destination_open_partitions\{.*\} (\S+)$`)
	bytesGauge = regexp.MustCompile(`(?m)^s3_destination_held_bytes\{.*\} (\S+)$`)
)

// watch looks at a process until ctx ends.
func watch(ctx context.Context, c *consumer) peak {
	var p peak
	for ctx.Err() == nil {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
		if m := highWater.FindSubmatch(status); err == nil && m != nil {
			kb, _ := strconv.ParseInt(string(m[1]), 10, 64)
			p.resident = max(p.resident, kb<<10)
		}
		text := c.metrics(ctx)
		p.open = max(p.open, gauge(openGauge, text))
		p.held = max(p.held, gauge(bytesGauge, text))
		pause(ctx, 200*time.Millisecond)
	}
	return p
}

func gauge(re *regexp.Regexp, text string) float64 {
	m := re.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	v, _ := strconv.ParseFloat(m[1], 64)
	return v
}
