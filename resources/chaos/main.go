package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// scenarios by name. Each runs to its end, or for the duration in the options.
var scenarios = map[string]func(context.Context, options) (bool, error){
	"kill": kill, "term": term, "all": stopAll, "s3": storm, "memory": memory, "broker": outage, "forced": forced,
	"partition": partition, "exact": exact, "rules": rules, "sts": sessions, "slow": slow, "bare": bare, "soak": soak, "files": files, "backfill": fast, "http": sidecar, "named": named,
	"spool": spoolHTTP, "spool-kafka": spoolKafka, "spool-full": spoolFull,
}

// short is the form that gates a change: the scenarios that tell most, in about
// two minutes. Those that say so use a real S3 server where there is
// one.
var short = []struct {
	scenario string
	duration time.Duration
	real     bool
}{
	{"kill", 12 * time.Second, true},
	{"all", 8 * time.Second, false},
	{"term", 8 * time.Second, false},
	{"named", 8 * time.Second, false},
	{"s3", 10 * time.Second, true},
	{"partition", 12 * time.Second, false},
	{"exact", 15 * time.Second, false},
	{"sts", 10 * time.Second, false},
	{"bare", 5 * time.Second, false},
	{"http", 4 * time.Second, false},
	{"spool", 10 * time.Second, false},
	{"spool-kafka", 8 * time.Second, false},
	{"backfill", 0, false},
}

// options are the flags.
type options struct {
	scenario string
	broker   string
	// lake is the S3 server: memory or versitygw; empty means memory.
	lake string
	// input is the one that reads Kafka; empty means kafka.
	input    string
	binary   string
	seed     uint64
	duration time.Duration
	kills    int
	rate     int
	// forbid adds faults that deny HeadObject and ListObjectsV2: then records
	// whose upload's outcome is unknown may be stored twice.
	forbid bool
	// calm leaves S3 alone while processes are killed, and kills no sidecar.
	calm bool
	// storm breaks S3 while processes come and go.
	storm bool
	// store is how the S3 server in this process behaves, by the name of its mode.
	store string
	// cut is the only one to make in the scenario partition; empty makes all.
	cut string
	// exactly has each record stored exactly once: no reason excuses a copy.
	exactly bool
	// groups is the protocol of the group: auto, classic or consumer.
	groups string
	// profiles is a directory to keep profiles in; empty keeps none.
	profiles string
	out      io.Writer

	// members is how many processes the scenario exact has.
	members int
	// without is which rules the scenario rules leaves out, by the beginning of the
	// name of the break; empty is all, one after the other.
	without string

	// partitions of the topic; zero is the usual number. silence is how long a
	// member may say nothing where the brokers assign partitions; zero leaves it to
	// them. Not flags: scenarios set them.
	partitions int
	silence    time.Duration
	// cables puts links that can be cut before the broker and, for each
	// process, before S3. Not a flag: scenarios set it.
	cables bool
	// land is where the scenario exact is; nil leaves it to the dice. hunting has it
	// end as soon as anything is wrong. Not flags: the scenario rules sets them.
	land    *terrain
	hunting bool
}

func main() {
	o := options{out: os.Stdout}
	flag.StringVar(&o.scenario, "scenario", "short", "short: the ones that tell most, in two minutes; kill: SIGKILL and restart; term: rolling restarts of 3 consumers; "+
		"all: 3 consumers stop at once; named: both, with names in the group, which moves nothing; forced: SIGTERM while S3 is gone; s3: faults of S3 only; slow: every answer of S3 takes 30 s; broker: Kafka is killed; "+
		"partition: the network is cut; exact: processes are killed, frozen, stopped and cut off under delivery exactly_once; rules: the same without one of its rules after the other, which has to be noticed; sts: sessions end and STS fails; bare: nothing can be written to disk; memory: many partitions, large records, 512 MiB; "+
		"soak: goroutines and heap over time; files: a backfill is stopped; backfill: one is faster than S3, in the memory that `size` says; http: a sidecar is stopped; "+
		"spool: one with a spool, whose process is killed and whose S3 is away; spool-kafka: the same from Kafka; spool-full: its disk is full, and drained")
	flag.StringVar(&o.broker, "broker", "kfake", "kfake, or kafka for a real Apache Kafka "+kafkatest.DefaultVersion+", or kafka-4.3.0 for another version of it")
	flag.StringVar(&o.lake, "s3", "", "memory, or versitygw for a real S3 server; the default is memory, and in the short form versitygw for some of it, where there is one")
	flag.StringVar(&o.store, "store", "", "a store of the zoo that the server in memory behaves like, such as seaweedfs-3.96, which ignores conditions")
	flag.StringVar(&o.input, "input", sizing.OwnKafka, "s3_destination_kafka; kafka, which balances eagerly; or redpanda or kafka_franz, which can lose records at a rebalance")
	flag.StringVar(&o.profiles, "profiles", "", "soak: a directory to keep profiles in")
	flag.StringVar(&o.binary, "binary", "", "the binary to run; empty builds it")
	flag.Uint64Var(&o.seed, "seed", 1, "decides what goes wrong, and when")
	flag.DurationVar(&o.duration, "duration", 30*time.Second, "how long things go wrong")
	flag.IntVar(&o.kills, "kills", 0, "kill, spool: go on until there were so many, whatever the duration; files: so many stops")
	flag.IntVar(&o.rate, "rate", 2000, "records a second")
	flag.StringVar(&o.cut, "cut", "", "partition: cut only this, by the name in the report, such as \"broker lost by all\"")
	flag.BoolVar(&o.forbid, "forbid", false, "deny HeadObject and ListObjectsV2 now and then; records whose upload's outcome is unknown may then be doubled")
	flag.BoolVar(&o.exactly, "exactly", false, "delivery: exactly_once, and no reason excuses a copy; the scenario exact does so by itself")
	flag.IntVar(&o.members, "members", 4, "exact: so many processes, each with troubles of its own")
	flag.StringVar(&o.without, "break", "", "rules: only breaks that begin so, such as R4, or \"R5: a commit\"")
	flag.StringVar(&o.groups, "protocol", "auto", "of the group: auto, classic or consumer (KIP-848)")
	flag.BoolVar(&o.calm, "calm", false, "kill: leave S3 alone; http: SIGTERM only")
	flag.BoolVar(&o.storm, "storm", false, "term: break S3 as well")
	flag.Parse()
	os.Exit(run(o))
}

// run returns the exit code: 0 when all promises were kept, 1 when not, 2 when
// that could not be found out.
func run(o options) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if o.scenario == "short" {
		return runShort(ctx, o)
	}
	if scenarios[o.scenario] == nil {
		_, _ = fmt.Fprintf(os.Stderr, "there is no scenario %q\n", o.scenario)
		return 2
	}
	return runOne(ctx, o)
}

// runShort builds the binary once and runs some scenarios with it.
func runShort(ctx context.Context, o options) int {
	if o.binary == "" {
		dir, err := os.MkdirTemp("", "chaos-bin-")
		if err == nil {
			defer func() { _ = os.RemoveAll(dir) }()
			o.binary = filepath.Join(dir, "s3-destination")
			err = buildBinary(ctx, o.binary)
		}
		if err != nil {
			_, _ = fmt.Fprintf(os.Stderr, "chaos: %v\n", err)
			return 2
		}
	}
	code := 0
	began := time.Now()
	for _, s := range short {
		one := o
		one.scenario, one.duration = s.scenario, s.duration
		if s.real && o.lake == "" && versitygw.Available() {
			one.lake = "versitygw"
		}
		code = max(code, runOne(ctx, one))
	}
	_, _ = fmt.Fprintf(o.out, "all in %s\n", time.Since(began).Round(time.Second))
	return code
}

func runOne(ctx context.Context, o options) int {
	kept, err := scenarios[o.scenario](ctx, o)
	switch {
	case errors.Is(err, kafkatest.ErrUnavailable), errors.Is(err, versitygw.ErrUnavailable):
		_, _ = fmt.Fprintf(o.out, "skipped: %v\n", err)
		return 0
	case errors.Is(err, errLate), errors.Is(err, errEnded):
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
