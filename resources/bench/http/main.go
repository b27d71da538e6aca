// Command http measures requests to a sidecar: how many of them a CPU second answers
// and how long clients wait, with our own input, with that of Benthos, with Redpanda
// Connect and with Vector, on the same S3 server and the same records. Of each run it
// checks that every record is in the bucket, and none twice.
//
// It is its own load generator: `http load` posts from another process.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// options are the flags.
type options struct {
	bin, ours, connect, vector, dir, profile string
	bodies, chosenSides, modes, format       string
	procs, runs, clients, records            int
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "load" {
		exit(generate(os.Args[2:]))
	}
	var o options
	flag.StringVar(&o.bin, "bin", "work/bin", "directory of the binary server")
	flag.StringVar(&o.ours, "ours", "../../bin/s3-destination", "our binary")
	flag.StringVar(&o.connect, "connect", "work/bin/connect", "the binary of Redpanda Connect; empty for none")
	flag.StringVar(&o.vector, "vector", "", "the binary of Vector; empty for none")
	flag.StringVar(&o.dir, "dir", "work", "directory for data and the spool, on the disk that is meant")
	flag.StringVar(&o.profile, "profile", "", "directory for CPU profiles of our sides")
	flag.StringVar(&o.bodies, "bodies", "", "what requests have: one, array, lines, separated by commas; empty for all")
	flag.StringVar(&o.modes, "modes", "", "direct, spool, separated by commas; empty for both")
	flag.StringVar(&o.chosenSides, "sides", "", "own, http_server, any, connect, vector, separated by commas; empty for all")
	flag.StringVar(&o.format, "format", "json", "file_format of our sides; the others write JSON lines")
	flag.IntVar(&o.procs, "procs", 2, "GOMAXPROCS of the measured process")
	flag.IntVar(&o.runs, "runs", 3, "runs of each side, in turns")
	flag.IntVar(&o.clients, "clients", 256, "connections, each of which has one request under way")
	flag.IntVar(&o.records, "records", 300_000, "records of a run with 100 in a request; a fifth of them where each has one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func chosen(list, name string) bool {
	return list == "" || slices.Contains(strings.Split(list, ","), name)
}
