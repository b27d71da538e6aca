package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/ports"
	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// side is one of those that are compared.
type side struct {
	id, name string
	command  []string // the file of the configuration follows
	config   func(works.HTTPRun) string
	ours     bool
	ready    func(works.HTTPRun) string // the URL that says so
}

// sides are those of a mode: others have nothing like a spool.
func (o *options) sides(spool bool) []side {
	fields := "file_format: " + o.format + "\nmax_age: " + works.HTTPAge
	if spool {
		fields = "file_format: " + o.format + "\nmax_age: 1s"
	}
	ours := []string{o.ours, "run"}
	with := func(input works.HTTPInput) func(works.HTTPRun) string {
		return func(r works.HTTPRun) string { return works.OurHTTPConfig(r, input, fields) }
	}
	ready := func(r works.HTTPRun) string { return "http://" + r.Admin + "/ready" }
	all := []side{
		{"own", "s3_destination_http", ours, with(works.OwnInput), true, ready},
		{"http_server", "http_server, this body alone", ours, with(works.OneBody), true, ready},
		{"any", "http_server, any body", ours, with(works.AnyBody), true, ready},
	}
	if !spool && o.connect != "" {
		all = append(all, side{"connect", "Redpanda Connect", []string{o.connect, "run"}, works.PeerHTTPConfig, false, ready})
	}
	if !spool && o.vector != "" {
		vector := append(works.VectorCommand(o.vector, o.procs), "--config")
		listens := func(r works.HTTPRun) string { return "http://" + r.Listen + "/ping" }
		all = append(all, side{"vector", "Vector", vector, works.VectorHTTPConfig, false, listens})
	}
	return slices.DeleteFunc(all, func(s side) bool { return !chosen(o.chosenSides, s.id) })
}

// result is one run of a side.
type result struct {
	answers
	cpu     time.Duration
	rss     int64
	objects int64
}

func (r result) perCPU() float64 { return float64(r.Requests) / r.cpu.Seconds() }
func (r result) each() float64   { return r.cpu.Seconds() / float64(r.Records) * 1e6 }
func (r result) median() float64 { return float64(r.P50.Microseconds()) / 1e3 }
func (r result) late() float64   { return float64(r.P99.Microseconds()) / 1e3 }
func (r result) peak() float64   { return float64(r.rss) / 1e6 }

// bench measures.
type bench struct {
	options
	server *child.Server
	data   string
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp(o.dir, "http-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{options: o}
	if b.data, err = dataset.Write(o.dir, dataset.Clicks, 10_000); err != nil {
		return err
	}
	if b.dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if b.server, err = child.Serve(filepath.Join(o.bin, "server"), b.dir, false); err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	defer b.server.Stop()
	fmt.Println(heading)
	for _, mode := range []string{"direct", "spool"} {
		for _, body := range works.Bodies {
			if !chosen(o.modes, mode) || !chosen(o.bodies, body.ID) {
				continue
			}
			if err := b.work(ctx, mode == "spool", body); err != nil {
				return fmt.Errorf("%s, %s: %w", mode, body.Name, err)
			}
		}
	}
	return nil
}

// work measures one kind of request and prints its rows of the table.
func (b *bench) work(ctx context.Context, spool bool, body works.Body) error {
	all := b.sides(spool)
	results := make([][]result, len(all))
	for n := range b.runs {
		for i, s := range all {
			r, err := b.measure(ctx, s, spool, body, n == 0)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			results[i] = append(results[i], r)
			fmt.Fprintf(os.Stderr, "%-28s %-16s spool %-5t %8d records  cpu %5.2fs  wall %5.2fs  %6.0f requests/CPU s  %6.2f us/record  p99 %.1f ms  %d objects\n",
				s.name, body.Name, spool, r.Records, r.cpu.Seconds(), r.Took.Seconds(), r.perCPU(), r.each(), r.late(), r.objects)
		}
	}
	printRows(spool, body, all, results)
	return nil
}

// patience is how long a run may take.
const patience = 15 * time.Minute

// measure runs a side, posts to it, and looks at what is in the bucket.
func (b *bench) measure(ctx context.Context, s side, spool bool, body works.Body, profile bool) (r result, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := b.server.Keep(); err != nil {
		return r, err
	}
	run := works.HTTPRun{Endpoint: b.server.URL, Body: body}
	if spool || s.id == "vector" {
		run.Spool = filepath.Join(b.dir, "spool")
		defer func() { _ = os.RemoveAll(run.Spool) }()
		if err := os.MkdirAll(run.Spool, 0o700); err != nil {
			return r, err
		}
	}
	for _, address := range []*string{&run.Listen, &run.Admin} {
		if *address, err = ports.Address(ctx); err != nil {
			return r, err
		}
	}
	path := filepath.Join(b.dir, "stream.yaml")
	if err := os.WriteFile(path, []byte(s.config(run)), 0o600); err != nil {
		return r, err
	}
	p, err := child.Start(b.procs, nil, s.command[0], append(s.command[1:], path)...)
	if err != nil {
		return r, err
	}
	defer p.Kill()
	if err := p.Until(ctx, 100*time.Millisecond, "it is ready", func() bool {
		_, err := child.Get(ctx, s.ready(run))
		return err == nil
	}); err != nil {
		return r, err
	}
	return b.post(ctx, s, p, run, profile)
}

// post posts to a process that is ready. Time counts from the first request until all
// of them are answered and, with a spool, it is empty.
func (b *bench) post(ctx context.Context, s side, p *child.Service, run works.HTTPRun, profile bool) (r result, err error) {
	before, err := p.CPU()
	if err != nil {
		return r, err
	}
	profiled := make(chan error, 1)
	if profile = profile && b.profile != "" && s.ours; profile {
		go func() { profiled <- b.save(ctx, s, run) }()
	}
	if r.answers, err = b.load(ctx, run); err != nil {
		return r, err
	}
	if s.ours && run.Spool != "" {
		if err := p.Until(ctx, 100*time.Millisecond, "the spool is empty", func() bool { return landed(ctx, run) >= r.Records }); err != nil {
			return r, err
		}
	}
	after, err := p.CPU()
	if err != nil {
		return r, err
	}
	r.cpu, r.rss = after-before, p.RSS()
	if profile {
		if err := <-profiled; err != nil {
			return r, fmt.Errorf("profiling: %w", err)
		}
	}
	if err := p.Stop(); err != nil {
		return r, err
	}
	return r, b.look(&r)
}

// look checks that each record is in the bucket once.
func (b *bench) look(r *result) error {
	d, err := b.server.Delays()
	if err != nil {
		return err
	}
	if d.Rows != r.Records || d.Distinct != r.Records {
		return fmt.Errorf("of %d records that were answered the bucket has %d, of which %d differ", r.Records, d.Rows, d.Distinct)
	}
	c, err := b.server.Counts()
	r.objects = c.Objects
	return err
}

// load posts from another process.
func (b *bench) load(ctx context.Context, run works.HTTPRun) (a answers, err error) {
	requests := b.records / run.Body.Records
	if run.Body.Records == 1 {
		requests /= 5
	}
	self, err := os.Executable()
	if err != nil {
		return a, err
	}
	cmd := exec.CommandContext(ctx, self, "load", "-address", run.Listen, "-body", run.Body.ID, "-data", b.data,
		"-clients", strconv.Itoa(b.clients), "-requests", strconv.Itoa(requests))
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return a, fmt.Errorf("posting: %w", err)
	}
	return a, json.Unmarshal(text, &a)
}

var rowsTotal = regexp.MustCompile(`(?m)^s3_destination_rows_total\{.*\} (\S+)$`)

// landed is how many rows one of our sides has stored.
func landed(ctx context.Context, run works.HTTPRun) (total int) {
	text, err := child.Get(ctx, "http://"+run.Admin+"/metrics")
	if err != nil {
		return 0
	}
	for _, m := range rowsTotal.FindAllSubmatch(text, -1) {
		n, _ := strconv.ParseFloat(string(m[1]), 64)
		total += int(n)
	}
	return total
}

// profileLength is about a run, in seconds.
const profileLength = 5

// save writes a CPU profile of a side to a file.
func (b *bench) save(ctx context.Context, s side, run works.HTTPRun) error {
	text, err := child.Get(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", run.Admin, profileLength))
	if err != nil {
		return err
	}
	name := "http-" + s.id + "-" + run.Body.ID
	if run.Spool != "" {
		name += "-spool"
	}
	return os.WriteFile(filepath.Join(b.profile, name+".pprof"), text, 0o600)
}
