package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/resources/bench/feed"
)

const (
	// away is an endpoint where nobody listens.
	away = "http://127.0.0.1:1"
	// target is how soon partitions have to be open again.
	target = 20 * time.Second
	limit  = time.Hour
)

// generated is an input as fast as can be, of records of 1 kB in many partitions.
func generated(partitions, batch int, rest string) string {
	return fmt.Sprintf(`
  generate:
    batch_size: %d
    interval: "%s"
    mapping: 'root = "{\"tenant\":\"t-%%05d\",\"text\":\"%s\"}".format(random_int(min: 0, max: %d))'`,
		batch, rest, strings.Repeat("0123456789abcdef", 61), partitions-1)
}

const manyPartitions = `    folder: out/{{tenant}}
    variables: { tenant: '${! json("tenant") }' }
    file_name: e-{{uuid}}
    max_age: 24h
    max_file_size: 1GB
    memory_limit: 512MiB`

// recovery fills a spool while S3 is away, kills the process, drops what the kernel
// has of its files in memory, and measures a start until it is ready, which a
// process with a spool is when all that is in it is known.
func recovery(ctx context.Context, o *options) error {
	p, err := o.start(ctx, generated(o.partitions, 1000, ""), o.spooled(away, manyPartitions))
	if err != nil {
		return err
	}
	defer p.Kill()
	var held map[string]int64
	filling := func() bool {
		held = p.held(ctx)
		return held["journal"]+held["spill"]+held["outbox"] >= o.bytes
	}
	if err := p.until(ctx, 100*time.Millisecond, limit, "it is full", filling); err != nil {
		return fmt.Errorf("filling the spool: %w", err)
	}
	took := time.Since(p.began)
	p.Kill()
	if err := forget(ctx, o.dir); err != nil {
		return fmt.Errorf("dropping files from the page cache: %w", err)
	}
	q, err := o.start(ctx, generated(o.partitions, 1000, "1h"), o.spooled(away, manyPartitions))
	if err != nil {
		return err
	}
	defer q.Kill()
	if err := q.until(ctx, 5*time.Millisecond, limit, "it is ready", func() bool { return q.ready(ctx) }); err != nil {
		return fmt.Errorf("starting again: %w", err)
	}
	ready := time.Since(q.began)
	pid := strconv.Itoa(q.Pid())
	rss, read := feed.PeakRSS(pid), bytesRead(pid)
	if err := q.until(ctx, 50*time.Millisecond, time.Minute, "the partitions are open", func() bool { return q.open(ctx) >= o.partitions }); err != nil {
		return fmt.Errorf("opening %d partitions again: %w", o.partitions, err)
	}
	met := "yes"
	if ready > target {
		met = "**no**"
	}
	fmt.Println("| journal, spill, outbox, GB | partitions | filled in, s | ready again after, s | met | read from disk, MB | peak RSS, MiB |\n|---|--:|--:|--:|---|--:|--:|")
	fmt.Printf("| %.2f, %.2f, %.2f | %d | %.0f | %.2f | %s | %d | %d |\n",
		float64(held["journal"])/1e9, float64(held["spill"])/1e9, float64(held["outbox"])/1e9, q.open(ctx), took.Seconds(),
		ready.Seconds(), met, read/1e6, rss>>20)
	return nil
}

// forget has the kernel drop what it holds in memory of the files below a directory,
// as if the machine had been started anew.
func forget(ctx context.Context, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		// As the manual of dd has it. What is not on disk cannot be dropped.
		out, err := exec.CommandContext(ctx, "dd", "of="+path, "oflag=nocache", "conv=notrunc,fdatasync", "count=0").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

var readBytes = regexp.MustCompile(`(?m)^read_bytes: (\d+)$`)

// bytesRead is what a process has had read from disk.
func bytesRead(pid string) int64 {
	text, err := os.ReadFile("/proc/" + pid + "/io")
	m := readBytes.FindSubmatch(text)
	if err != nil || m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n
}
