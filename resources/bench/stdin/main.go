// Command stdin measures a pipeline from standard input to objects, with our binary and
// with Vector, on the same S3 server and the same records. Figures are of the whole
// process, with its start and end. Of each run it checks that the objects have as many
// rows as there were records.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
	"github.com/s3-destination/s3-destination/resources/bench/internal/turns"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// options are the flags.
type options struct {
	bin, ours, vector, dir, formats string
	procs, runs, times              int
	secure                          bool
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "work/bin", "directory of the binary server")
	flag.StringVar(&o.ours, "ours", "../../bin/s3-destination", "our binary")
	flag.StringVar(&o.vector, "vector", "", "the binary of Vector; empty for none")
	flag.StringVar(&o.dir, "dir", "work", "directory for data")
	flag.StringVar(&o.formats, "formats", "parquet,json", "formats of the objects, separated by commas")
	flag.IntVar(&o.procs, "procs", 2, "GOMAXPROCS of the measured process, or its threads")
	flag.IntVar(&o.runs, "runs", 3, "runs of each side, in turns")
	flag.BoolVar(&o.secure, "tls", false, "upload over https, as to AWS: without it, both sides hash what they upload to sign it")
	flag.IntVar(&o.times, "times", 4, "how often the 100,000 records of the file are read")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fileRecords are the records of the file, which are read several times.
const fileRecords = 100_000

const heading = `
Medians; CPU is user and system time of the whole process. The ratio is that of records per CPU second to those of ours. RSS is the peak, in MB. Objects are those of one run: their number and mean size in MB.

| format | by | CPU s | of it system | ratio | seconds | RSS | objects |
|---|---|--:|--:|--:|--:|--:|--:|`

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp(o.dir, "stdin-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{options: o}
	if b.data, err = dataset.Write(o.dir, dataset.Clicks, fileRecords); err != nil {
		return err
	}
	if b.dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	b.schema = filepath.Join(b.dir, "clicks.schema")
	if err := os.WriteFile(b.schema, []byte(works.VectorSchema(dataset.Clicks)), 0o600); err != nil {
		return err
	}
	if b.server, err = child.Serve(filepath.Join(o.bin, "server"), b.dir, o.secure); err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	defer b.server.Stop()
	fmt.Println(heading)
	for format := range strings.SplitSeq(o.formats, ",") {
		if err := b.format(ctx, format); err != nil {
			return fmt.Errorf("%s: %w", format, err)
		}
	}
	return nil
}

// format measures one format and prints its rows of the table.
func (b *bench) format(ctx context.Context, format string) error {
	all := b.sides(format)
	results := make([][]result, len(all))
	for range b.runs {
		for i, s := range all {
			r, err := b.measure(ctx, s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			results[i] = append(results[i], r)
			fmt.Fprintf(os.Stderr, "%-28s %-8s cpu %5.2fs, of that system %5.2fs  wall %5.2fs  %d objects  %.0f MB RSS\n",
				s.name, format, r.cpu.Seconds(), r.system.Seconds(), r.wall.Seconds(), r.Objects, r.peak())
		}
	}
	base := turns.Median(results[0], result.seconds)
	for i, s := range all {
		own := results[i]
		c := own[0].Counts
		fmt.Printf("| %s | %s | %.2f | %.2f | %.2fx | %.1f | %.0f | %d of %.1f |\n", format, s.name,
			turns.Median(own, result.seconds), turns.Median(own, result.kernel), base/turns.Median(own, result.seconds),
			turns.Median(own, result.clock), turns.Median(own, result.peak), c.Objects, float64(c.Bytes)/float64(c.Objects)/1e6)
	}
	return nil
}

// sides are those that are compared; the first one is ours.
func (b *bench) sides(format string) []side {
	at := works.Endpoint{URL: b.server.URL, CA: b.server.CA}
	all := []side{{"s3-destination", []string{b.ours, "run"}, works.OurStdinConfig(format, at)}}
	if b.vector == "" {
		return all
	}
	vector := append(works.VectorCommand(b.vector, b.procs), "--config")
	with := func(schema string) string { return works.VectorStdinConfig(format, at, b.dir, schema) }
	if format != "parquet" {
		return append(all, side{"Vector", vector, with("")})
	}
	return append(all, side{"Vector, columns inferred", vector, with("")}, side{"Vector, with a schema", vector, with(b.schema)})
}
