package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

// scenarios by name. Each runs to its end, or for the duration in the options.
var scenarios = map[string]func(context.Context, options) (bool, error){
	"kill": kill, "term": term, "all": stopAll, "s3": storm, "memory": memory, "broker": outage,
}

func main() {
	o := options{out: os.Stdout}
	flag.StringVar(&o.scenario, "scenario", "kill", "kill: SIGKILL and restart; term: rolling restarts of 3 consumers; "+
		"all: 3 consumers stop at once; s3: faults of S3 only; broker: Kafka is killed; memory: many partitions, large records")
	flag.StringVar(&o.broker, "broker", "kfake", "kfake, or kafka for a real Apache Kafka")
	flag.StringVar(&o.binary, "binary", "", "the binary to run; empty builds it")
	flag.Uint64Var(&o.seed, "seed", 1, "decides what goes wrong, and when")
	flag.DurationVar(&o.duration, "duration", 30*time.Second, "how long things go wrong")
	flag.IntVar(&o.kills, "kills", 0, "kill: go on until there were so many, whatever the duration")
	flag.IntVar(&o.rate, "rate", 2000, "records a second")
	flag.BoolVar(&o.forbid, "forbid", false, "deny HeadObject and ListObjectsV2 now and then; records whose upload's outcome is unknown may then be doubled")
	flag.BoolVar(&o.calm, "calm", false, "kill: leave S3 alone")
	flag.Parse()
	os.Exit(run(o))
}

// run returns the exit code: 0 when all promises were kept, 1 when not, 2 when
// that could not be found out.
func run(o options) int {
	scenario, ok := scenarios[o.scenario]
	if !ok {
		_, _ = fmt.Fprintf(os.Stderr, "there is no scenario %q\n", o.scenario)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	kept, err := scenario(ctx, o)
	switch {
	case errors.Is(err, kafkatest.ErrUnavailable):
		_, _ = fmt.Fprintf(o.out, "skipped: %v\n", err)
		return 0
	case errors.Is(err, errLate):
		_, _ = fmt.Fprintf(os.Stderr, "VIOLATION: %v\n", err)
		return 1
	case err != nil:
		_, _ = fmt.Fprintf(os.Stderr, "chaos: %v\n", err)
		return 2
	case !kept:
		return 1
	}
	return 0
}
