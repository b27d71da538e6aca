// Command kafka measures whole pipelines from a Kafka broker to objects, ours
// and Redpanda Connect's, on the same broker, the same records and the same S3
// server, and prints tables: rates, then lag and delay of our side at four
// fifths of its rate.
//
// It is its own fake broker: `kafka broker` runs kfake, so that the broker does
// not share a process, and its garbage collector, with what is measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

type options struct {
	bin, ours, before, against, dir, brokers, works, profile string
	procs                                                    []int
	runs                                                     int
	seconds                                                  float64
	secure, verify, peers, inputs, exact                     bool
	load                                                     time.Duration
	rate                                                     float64
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "broker" {
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var o options
	procs := "1,2"
	flag.StringVar(&o.bin, "bin", "work/bin", "directory of the binaries server and connect")
	flag.StringVar(&o.ours, "ours", "../../bin/s3-destination", "our binary")
	flag.StringVar(&o.before, "before", "", "an earlier build of ours, whose input kafka is measured as well")
	flag.StringVar(&o.against, "against", "", "another build of ours, measured with our own input as well")
	flag.StringVar(&o.dir, "dir", "work", "directory for data")
	flag.StringVar(&o.brokers, "brokers", "kfake,kafka", "brokers to measure on: kfake in a process of its own, and kafka, Apache Kafka from Maven Central, which is left out where Java or Maven is missing")
	flag.StringVar(&o.works, "works", "", "works to measure, by id, separated by commas; empty for all")
	flag.StringVar(&o.profile, "profile", "", "directory for CPU profiles of our side")
	flag.StringVar(&procs, "procs", procs, "values of GOMAXPROCS")
	flag.IntVar(&o.runs, "runs", 3, "runs of each side, in turns")
	flag.Float64Var(&o.seconds, "seconds", 4, "CPU seconds that a run should take, about")
	flag.BoolVar(&o.secure, "tls", true, "upload over https")
	flag.BoolVar(&o.verify, "verify", true, "first count the rows in the objects of all sides")
	flag.BoolVar(&o.peers, "peers", true, "measure the peers as well")
	flag.BoolVar(&o.inputs, "inputs", true, "measure our output with the input kafka as well")
	flag.BoolVar(&o.exact, "exact", false, "measure our side with delivery: exactly_once as well, and how long it takes to recover when one of three processes is killed")
	flag.DurationVar(&o.load, "load", time.Minute, "how long to produce for lag and delay; 0 leaves that out")
	flag.Float64Var(&o.rate, "rate", 0, "thousands of records a second to produce for lag and delay, instead of four fifths of the maximum that is measured while producing")
	flag.Parse()
	for p := range strings.SplitSeq(procs, ",") {
		n, err := strconv.Atoi(p)
		if err != nil {
			fmt.Fprintln(os.Stderr, "procs:", err)
			os.Exit(2)
		}
		o.procs = append(o.procs, n)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	data, err := dataset.Write(o.dir, dataset.Clicks, 100_000)
	if err != nil {
		return err
	}
	server, err := child.Serve(filepath.Join(o.bin, "server"), o.dir, o.secure)
	if err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	defer server.Stop()
	b := &bench{options: o, server: server}
	if b.docs, err = readLines(data); err != nil {
		return err
	}
	for name := range strings.SplitSeq(o.brokers, ",") {
		err := b.broker(ctx, name)
		if errors.Is(err, kafkatest.ErrUnavailable) {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// broker measures everything on one broker.
func (b *bench) broker(ctx context.Context, name string) error {
	var err error
	if b.kafka, err = startBroker(ctx, name); err != nil {
		return err
	}
	defer b.kafka.Close()
	b.name, b.filled = name, map[string]bool{}
	fmt.Println(heading)
	best := map[string]float64{}
	for _, w := range works.KafkaWorks {
		if !chosen(b.works, w.ID) {
			continue
		}
		if best[w.ID], err = b.work(ctx, w); err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	if b.exact {
		fmt.Println(recoveryHeading)
		for _, w := range works.KafkaWorks {
			if w.Ours != "" && chosen(b.works, w.ID) {
				if err := b.recovery(ctx, w); err != nil {
					return err
				}
			}
		}
	}
	if b.load == 0 {
		return nil
	}
	fmt.Println(loadHeading)
	for _, w := range works.KafkaWorks {
		if w.Ours == "" || best[w.ID] == 0 {
			continue
		}
		if err := b.underLoad(ctx, w, best[w.ID]*1e3); err != nil {
			return fmt.Errorf("%s, under load: %w", w.Name, err)
		}
	}
	return nil
}

func chosen(list, name string) bool {
	return list == "" || slices.Contains(strings.Split(list, ","), name)
}
