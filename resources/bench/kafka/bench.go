package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
	"github.com/s3-destination/s3-destination/resources/bench/internal/sink"
	"github.com/s3-destination/s3-destination/resources/bench/internal/turns"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// bench measures works on one broker after the other.
type bench struct {
	options
	server *child.Server
	docs   [][]byte

	name   string
	kafka  *cluster
	filled map[string]bool
	groups int
}

// side is one of those that are compared.
type side struct {
	name, binary string
	config       func(works.KafkaRun) string
	documented   bool
	peer         bool    // one of Redpanda Connect
	target       float64 // of our side over this one, by CPU; 0 for none
	rows         int
	density      float64 // stored bytes a row, when that was checked
}

// result is one run of a side.
type result struct {
	sink.Counts
	rows      int
	cpu, wall time.Duration
	rss       int64
}

func (r result) perCPU() float64  { return float64(r.rows) / r.cpu.Seconds() / 1e3 }
func (r result) perWall() float64 { return float64(r.rows) / r.wall.Seconds() / 1e3 }

// sides are ours, then the peers.
func (b *bench) sides(w works.KafkaWork) []side {
	all := []side{{
		name: "ours", binary: b.ours, rows: rows(b.seconds * w.OurRate),
		config: func(r works.KafkaRun) string { return works.OurKafkaConfig(w, r, "") },
	}}
	if b.against != "" {
		all = append(all, side{name: "the other build", binary: b.against, rows: all[0].rows, config: all[0].config})
	}
	if b.inputs {
		all = append(all, side{
			name: "ours with the input kafka", binary: b.ours, rows: all[0].rows, target: w.InputTarget,
			config: func(r works.KafkaRun) string { return works.SaramaKafkaConfig(w, r) },
		})
	}
	if b.before != "" {
		all = append(all, side{
			name: "the build before, with the input kafka", binary: b.before, rows: all[0].rows, target: w.InputTarget,
			config: func(r works.KafkaRun) string { return works.SaramaKafkaConfig(w, r) },
		})
	}
	if b.exact && w.Ours != "" {
		all = append(all, side{
			name: "ours, exactly once", binary: b.ours, rows: all[0].rows,
			config: func(r works.KafkaRun) string { return works.ExactKafkaConfig(w, r, 45*time.Second, "") },
		})
	}
	if !b.peers {
		return all
	}
	for _, p := range w.Peers {
		all = append(all, side{
			name: p.Name, binary: filepath.Join(b.bin, "connect"), peer: true, documented: p.Documented, rows: rows(b.seconds * w.PeerRate),
			config: func(r works.KafkaRun) string { return works.PeerKafkaConfig(p, r) },
		})
	}
	return all
}

// rows rounds thousands of records up to what leaves no object unfinished.
func rows(thousands float64) int {
	return max(1, int(math.Ceil(thousands*1e3/works.KafkaUnit))) * works.KafkaUnit
}

// work measures one work and prints its rows of the table. It returns our best
// rate by the clock, in thousands of records a second.
func (b *bench) work(ctx context.Context, w works.KafkaWork) (best float64, err error) {
	all := b.sides(w)
	if b.verify && w.Ours != "" {
		for i, s := range all {
			r, err := b.check(ctx, s)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", s.name, err)
			}
			all[i].density = float64(r.Bytes) / float64(r.Rows)
		}
	}
	for _, procs := range b.procs {
		results := make([][]result, len(all))
		for n := range b.runs {
			for i, s := range all {
				profile := ""
				if i == 0 && n == 0 && b.profile != "" {
					profile = filepath.Join(b.profile, fmt.Sprintf("kafka-%s-%s-p%d.pprof", b.name, w.ID, procs))
				}
				r, err := b.measure(ctx, s, procs, profile)
				if err != nil {
					return 0, fmt.Errorf("%s: %w", s.name, err)
				}
				results[i] = append(results[i], r)
				fmt.Fprintf(os.Stderr, "%-32s p%d %8d rows  cpu %5.2fs  wall %5.2fs  %5.0f krows/CPU s  %4d objects  %4d MB RSS\n",
					s.name, procs, r.rows, r.cpu.Seconds(), r.wall.Seconds(), r.perCPU(), r.Objects, r.rss>>20)
			}
		}
		printRows(w, b.name, procs, all, results)
		best = max(best, turns.Median(results[0], result.perWall))
	}
	return best, nil
}

// check lands a small topic and has the server count the rows of the objects.
func (b *bench) check(ctx context.Context, s side) (result, error) {
	if err := b.server.Reset(true); err != nil {
		return result{}, err
	}
	s.rows = works.KafkaUnit
	r, err := b.land(ctx, s, 2, "", 0)
	if err != nil {
		return r, err
	}
	if n := len(r.Faults); n > 0 {
		return r, fmt.Errorf("%d faulty objects, among them: %s", n, r.Faults[0])
	}
	if int(r.Rows) != r.rows {
		return r, fmt.Errorf("the objects hold %d of %d rows", r.Rows, r.rows)
	}
	return r, nil
}

func (b *bench) measure(ctx context.Context, s side, procs int, profile string) (result, error) {
	if err := b.server.Reset(false); err != nil {
		return result{}, err
	}
	return b.land(ctx, s, procs, profile, works.Rows)
}

// patience is how long a run may take.
const patience = 15 * time.Minute

// land runs a pipeline in a new group until it has committed a topic but for
// the last records: a batch that is not full waits for its period, which says
// nothing about the rate. Time counts from when the process has joined the
// group.
func (b *bench) land(ctx context.Context, s side, procs int, profile string, last int64) (r result, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	topic, err := b.fill(ctx, s.rows)
	if err != nil {
		return r, err
	}
	b.groups++
	run := works.KafkaRun{Seed: b.kafka.Seeds[0], Topic: topic, Group: fmt.Sprintf("bench-%d", b.groups)}
	c, err := b.start(s.binary, s.config, run, procs)
	if err != nil {
		return r, err
	}
	defer c.Kill()
	if err := b.joined(ctx, c, run.Group); err != nil {
		return r, err
	}
	began := time.Now()
	before, err := c.CPU()
	if err != nil {
		return r, err
	}
	profiled := make(<-chan error)
	if profile != "" {
		profiled = c.saveProfile(ctx, profile)
	}
	left, err := b.committed(ctx, c, run, last)
	if err != nil {
		return r, err
	}
	r.wall, r.rows, r.rss = time.Since(began), s.rows-int(left), c.RSS()
	after, err := c.CPU()
	if err != nil {
		return r, err
	}
	r.cpu = after - before
	if profile != "" {
		if err := <-profiled; err != nil {
			return r, fmt.Errorf("profiling: %w", err)
		}
	}
	if err := c.Stop(); err != nil {
		return r, fmt.Errorf("%w\n%s", err, c.Tail(10))
	}
	r.Counts, err = b.server.Counts()
	return r, err
}

// joined waits until the group has a member.
func (b *bench) joined(ctx context.Context, c *consumer, group string) error {
	for {
		n, _, err := b.kafka.Members(ctx, group)
		if err == nil && n > 0 {
			return nil
		}
		if err := c.wait(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for the process to join: %w", err)
		}
	}
}

// committed waits until the group has committed all of the topic but for the
// last records, and returns how many are left.
func (b *bench) committed(ctx context.Context, c *consumer, run works.KafkaRun, last int64) (left int64, err error) {
	for {
		lag, err := b.kafka.Lag(ctx, run.Group, run.Topic)
		if err == nil && lag <= last {
			return lag, nil
		}
		if err := c.wait(ctx, 50*time.Millisecond); err != nil {
			return 0, fmt.Errorf("waiting for the last %d records: %w\n%s", lag, err, c.Tail(10))
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
