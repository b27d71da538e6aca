package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
)

const (
	// most is in how many syncs 99 of 100 posts have to be answered, beside what an
	// answer takes without a disk.
	most = 4
	// probing is the time between two syncs that are measured beside the load, and
	// alone how many there are before it.
	probing, alone = 20 * time.Millisecond, 200
	// warming is how long posts are sent that are not counted.
	warming = 3 * time.Second
)

const posted = `
  http_server: { path: /events, allowed_verbs: [ POST ], timeout: 30s }
pipeline: { processors: [ { unarchive: { format: lines } } ] }`

const sidecarOutput = `    folder: out
    file_name: e-{{uuid}}
    max_age: 5s
    memory_limit: 256MiB`

// latency posts records of 1 kB at an even rate, whether or not those before were
// answered, and has files of the same directory synced meanwhile. Before and after
// that it posts to a pipeline that keeps nothing: what such an answer takes is no
// matter of the disk.
func latency(ctx context.Context, o *options) error {
	server, err := child.Serve(filepath.Join(o.bin, "server"), o.dir, false)
	if err != nil {
		return err
	}
	defer server.Stop()
	idle, err := syncs(ctx, o.dir, alone, 0)
	if err != nil {
		return err
	}
	before, err := o.measure(ctx, "  drop: {}", o.duration/2)
	if err != nil {
		return err
	}
	found, err := o.measure(ctx, o.spooled(server.URL, sidecarOutput), o.duration)
	if err != nil {
		return err
	}
	after, err := o.measure(ctx, "  drop: {}", o.duration/2)
	if err != nil {
		return err
	}
	c, err := server.Counts()
	if err != nil {
		return err
	}
	nothing := slices.Sorted(slices.Values(slices.Concat(before.answers, after.answers)))
	beyond := float64(at(found.answers, 0.99) - at(nothing, 0.99))
	ratio := beyond / float64(at(found.syncs, 0.99))
	met := "yes"
	switch {
	case at(found.answers, 0.99) <= most*at(found.syncs, 0.99): // whatever an answer takes without a disk
	case 2*at(nothing, 0.99) > at(found.answers, 0.99):
		met = "the machine is too busy to tell"
	case ratio > most:
		met = "**no**"
	}
	fmt.Println("| posts/s | posts | objects | a sync, nothing else at work: p50, p99, ms | a sync beside the load | a group of the spool | answer: p50, p90, p99, max | answer of a pipeline that keeps nothing | p99 beyond that, in p99 of a sync | met |\n|--:|--:|--:|---|---|---|---|---|--:|---|")
	fmt.Printf("| %d | %d | %d | %s | %s | %s | %s | %s | %.2f | %s |\n", o.rate, len(found.answers), c.Objects,
		ms(idle, 0.5, 0.99), ms(found.syncs, 0.5, 0.99), found.groups, ms(found.answers, 0.5, 0.9, 0.99, 1), ms(nothing, 0.5, 0.9, 0.99, 1), ratio, met)
	return nil
}

// measured is what was seen of a pipeline under load, in order.
type measured struct {
	answers, syncs []time.Duration
	groups         string // of the spool, in ms
}

// measure posts to a pipeline of its own.
func (o *options) measure(ctx context.Context, output string, length time.Duration) (m measured, err error) {
	p, err := o.start(ctx, posted, output)
	if err != nil {
		return m, err
	}
	defer p.Kill()
	if err := p.until(ctx, 10*time.Millisecond, time.Minute, "it is ready", func() bool { return p.ready(ctx) }); err != nil {
		return m, err
	}
	if _, err := p.load(ctx, o.rate, warming); err != nil {
		return m, err
	}
	var probed error
	var probe sync.WaitGroup
	probe.Go(func() { m.syncs, probed = syncs(ctx, o.dir, int(length/probing), probing) })
	m.answers, err = p.load(ctx, o.rate, length)
	probe.Wait()
	m.groups = p.groups(ctx)
	return m, errors.Join(err, probed)
}

var groupLatency = regexp.MustCompile(`(?m)^s3_destination_spool_sync_latency_ns\{.*quantile="(0\.5|0\.99)"\} (\S+)$`)

// groups is how long the spool's own syncs took, p50 and p99 in ms.
func (p *process) groups(ctx context.Context) string {
	text, _ := p.get(ctx, "/metrics")
	var parts []string
	for _, m := range groupLatency.FindAllStringSubmatch(text, -1) {
		ns, _ := strconv.ParseFloat(m[2], 64)
		parts = append(parts, fmt.Sprintf("%.2f", ns/1e6))
	}
	return strings.Join(parts, ", ")
}

// syncs measures so many appends of 4 kB with their syncs.
func syncs(ctx context.Context, dir string, n int, rest time.Duration) ([]time.Duration, error) {
	f, err := os.Create(filepath.Join(dir, "probe"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	block := bytes.Repeat([]byte("x"), 4<<10)
	took := make([]time.Duration, 0, n)
	for range n {
		began := time.Now()
		if _, err := f.Write(block); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
		if err := sleep(ctx, rest); err != nil {
			return nil, err
		}
	}
	slices.Sort(took)
	return took, nil
}

// load posts for a while, and returns how long each post waited from the moment in
// which it was due.
func (p *process) load(ctx context.Context, rate int, length time.Duration) ([]time.Duration, error) {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	defer client.CloseIdleConnections()
	n := int(length.Seconds() * float64(rate))
	waited, errs := make([]time.Duration, n), make([]error, n)
	var all sync.WaitGroup
	began := time.Now()
	for i := range n {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		if err := sleep(ctx, time.Until(due)); err != nil {
			return nil, err
		}
		all.Go(func() {
			errs[i] = p.post(ctx, client, i)
			waited[i] = time.Since(due)
		})
	}
	all.Wait()
	slices.Sort(waited)
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return waited, nil
}

// post sends one record.
func (p *process) post(ctx context.Context, client *http.Client, n int) error {
	body := fmt.Sprintf(`{"id":%d,"text":"%s"}`, n, bytes.Repeat([]byte("0123456789abcdef"), 61))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/events", bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("post %d was answered with %d", n, res.StatusCode)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// at is a quantile of what is sorted.
func at(sorted []time.Duration, part float64) time.Duration {
	return sorted[int(part*float64(len(sorted)-1))]
}

// ms lists quantiles in milliseconds.
func ms(sorted []time.Duration, parts ...float64) string {
	var all []string
	for _, part := range parts {
		all = append(all, fmt.Sprintf("%.2f", float64(at(sorted, part).Microseconds())/1e3))
	}
	return strings.Join(all, ", ")
}
