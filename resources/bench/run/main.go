// Command run measures whole pipelines, ours and Redpanda Connect's, on the
// same data, the same server and the same machine, and prints a table.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// sizes are the records of the data files. They are larger than any window of
// a compressor, so that repeating them does not flatter it.
var sizes = map[dataset.Name]int{dataset.Clicks: 100_000, dataset.Wide: 40_000, dataset.Tenants: 100_000}

type options struct {
	bin, dir, works, data, profile string
	against, contention            string
	procs                          []int
	runs, inFlight                 int
	seconds                        float64
	secure, verify, copy           bool
	onTwoCores, ofRecords          bool
}

func main() {
	var o options
	procs := "1,2"
	flag.StringVar(&o.bin, "bin", "work/bin", "directory of the binaries ours, peer and server")
	flag.StringVar(&o.against, "against", "", "another build of ours (a path) to compare with, instead of Redpanda Connect")
	flag.StringVar(&o.dir, "dir", "work", "directory for data")
	flag.StringVar(&o.works, "works", "", "works to measure, by id, separated by commas; empty for all")
	flag.StringVar(&o.data, "data", "", "data sets, separated by commas; empty for all")
	flag.StringVar(&o.profile, "profile", "", "directory for CPU profiles of our binaries, also where they are the peer")
	flag.StringVar(&o.contention, "contention", "", "directory for profiles of what goroutines of our binaries wait for; figures do not count then")
	flag.StringVar(&procs, "procs", procs, "values of GOMAXPROCS")
	flag.IntVar(&o.runs, "runs", 3, "runs of each side, in turns")
	flag.IntVar(&o.inFlight, "in-flight", 0, "max_in_flight of our side, instead of what suits the work")
	flag.Float64Var(&o.seconds, "seconds", 3, "CPU seconds that a run should take, about")
	flag.BoolVar(&o.secure, "tls", true, "upload over https")
	flag.BoolVar(&o.verify, "verify", true, "first count the rows in the objects of both sides")
	flag.BoolVar(&o.copy, "copy", false, "give every batch of the input memory of its own")
	flag.BoolVar(&o.onTwoCores, "scaling", false, "compare our side on two cores with one, in one folder and in many, instead of the works")
	flag.BoolVar(&o.ofRecords, "costs", false, "compare what records and objects of our side cost with what s3-destination size says, instead of the works")
	flag.Parse()
	for p := range strings.SplitSeq(procs, ",") {
		n, err := strconv.Atoi(p)
		if err != nil {
			fmt.Fprintln(os.Stderr, "procs:", err)
			os.Exit(2)
		}
		o.procs = append(o.procs, n)
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(o options) error {
	server, err := child.Serve(filepath.Join(o.bin, "server"), o.dir, o.secure)
	if err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	defer server.Stop()
	b := &bench{options: o, server: server}
	switch {
	case o.onTwoCores:
		return b.scaling()
	case o.ofRecords:
		return b.costs()
	}
	fmt.Println(heading)
	for _, w := range works.All {
		if !chosen(o.works, w.ID) {
			continue
		}
		for _, d := range w.Data {
			if !chosen(o.data, string(d)) {
				continue
			}
			if err := b.work(w, d); err != nil && !errors.Is(err, child.ErrConfig) {
				return fmt.Errorf("%s, %s: %w", w.Name, d, err)
			} else if err != nil {
				fmt.Printf("| %s | %s | | not measured: the configuration is not accepted |\n", w.Name, d)
				fmt.Fprintln(os.Stderr, w.Name, err)
			}
		}
	}
	return nil
}

func chosen(list, name string) bool {
	return list == "" || slices.Contains(strings.Split(list, ","), name)
}
