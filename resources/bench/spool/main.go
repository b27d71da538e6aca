// Command spool measures what the product's own binary does with a spool: how soon
// it is at work again after a kill with gigabytes on disk, and how long clients wait
// for their answer, in units of what a sync of the same disk takes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	binary, bin, dir string
	// of recovery
	bytes      int64
	partitions int
	// of latency and memory
	rate     int
	duration time.Duration
	memory   string
	group    string
	both     bool
}

func main() {
	var o options
	what := flag.String("what", "latency", "recovery: fill a spool while S3 is away, kill the process and start it again; latency: answers to HTTP clients; memory: records that come at an even rate into many partitions"+
		"; floor: the least that the writes and syncs of a record take")
	flag.StringVar(&o.binary, "binary", "../../bin/s3-destination", "the binary to measure")
	flag.StringVar(&o.bin, "bin", "work/bin", "directory of the binary server")
	flag.StringVar(&o.dir, "dir", "work", "directory for the spool, on the disk that is meant")
	size := flag.Float64("gb", 1, "recovery: how many GB are in the spool when the process is killed")
	flag.IntVar(&o.partitions, "partitions", 1000, "recovery, memory: how many partitions")
	flag.IntVar(&o.rate, "rate", 500, "latency: posts a second; memory: records a second")
	flag.DurationVar(&o.duration, "duration", 30*time.Second, "latency, memory: how long")
	flag.StringVar(&o.memory, "memory-limit", "512MiB", "memory: memory_limit with a spool")
	flag.StringVar(&o.group, "cgroup", "", "memory: the directory of a control group that bounds the process with a spool")
	flag.BoolVar(&o.both, "both", false, "memory: the process without a spool has that memory_limit and is in that control group, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	o.bytes = int64(*size * 1e9)
	err := run(ctx, *what, &o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, what string, o *options) error {
	dir, err := os.MkdirTemp(o.dir, "spool-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	o.dir = dir
	switch what {
	case "recovery":
		return recovery(ctx, o)
	case "latency":
		return latency(ctx, o)
	case "memory":
		return many(ctx, o)
	case "floor":
		return floor(o)
	}
	return fmt.Errorf("there is no measurement %q: write recovery, latency, memory or floor", what)
}
