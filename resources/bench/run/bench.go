package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/s3-destination/s3-destination/resources/bench/feed"
	"github.com/s3-destination/s3-destination/resources/bench/internal/child"
	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
	"github.com/s3-destination/s3-destination/resources/bench/internal/sink"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// bench measures works.
type bench struct {
	options
	server *child.Server
}

// side is one of the two that are compared.
type side struct {
	binary string
	path   string // of the binary, where it is none of ours
	config func(works.Run) string
	data   dataset.Name
	rows   int
	ours   bool
	opaque bool // its objects cannot be read
	copies bool // each batch has memory of its own
	env    []string
}

// result is one run of a side.
type result struct {
	feed.Stats
	sink.Counts
}

// perCPU is thousands of rows per CPU second, perWall by the clock.
func (r result) perCPU() float64  { return float64(r.Sent) / r.CPU.Seconds() / 1e3 }
func (r result) perWall() float64 { return float64(r.Sent) / r.Wall.Seconds() / 1e3 }

// work measures one work on one data set and prints its rows of the table.
func (b *bench) work(w works.Work, d dataset.Name) error {
	data, err := dataset.Write(b.dir, d, sizes[d])
	if err != nil {
		return err
	}
	peer, ours := b.sides(w, d)
	peer.copies, ours.copies = w.Copies, w.Copies
	if w.Patient {
		peer.env, ours.env = []string{feed.EnvPatient + "=1"}, []string{feed.EnvPatient + "=1"}
	}
	if w.Unknown {
		ours.env = append(ours.env, feed.EnvUnknown+"=1")
	}
	if b.verify {
		for _, s := range []side{ours, peer} {
			s.rows = min(s.rows, 100_000)
			if err := b.check(s, data); err != nil {
				return err
			}
		}
	}
	for _, procs := range b.procs {
		var theirs, own []result
		for range b.runs {
			profile := fmt.Sprintf("%s-%s-p%d", w.ID, d, procs)
			if theirs, err = b.measure(theirs, peer, data, procs, profile+"-peer"); err != nil {
				return err
			}
			if own, err = b.measure(own, ours, data, procs, profile); err != nil {
				return err
			}
		}
		printRow(w, d, procs, theirs, own)
	}
	return nil
}

func (b *bench) sides(w works.Work, d dataset.Name) (peer, ours side) {
	weight := works.Weight(d)
	ours = side{
		binary: "ours", data: d, ours: true, opaque: w.Ours == "", rows: rows(b.seconds*w.OurRate/weight, works.Batch),
		config: func(r works.Run) string { return works.OurConfig(w.Ours, r) },
	}
	if b.against != "" {
		peer = ours
		peer.path = b.against
		return peer, ours
	}
	if w.Base != "" {
		peer = side{
			binary: "ours", data: d, ours: true, rows: rows(b.seconds*w.PeerRate/weight, works.Batch),
			config: func(r works.Run) string { return works.OurConfig(w.Base, r) },
		}
		return peer, ours
	}
	p := w.Peer(d)
	peer = side{
		binary: "peer", data: d, opaque: p.Opaque || p.Path == "", rows: rows(b.seconds*w.PeerRate/weight, max(p.Batch, works.Batch)),
		config: func(r works.Run) string { return works.PeerConfig(p, r) },
	}
	return peer, ours
}

// rows rounds thousands of rows up to whole batches, so that no side waits for
// the period of an incomplete one.
func rows(thousands float64, batch int) int {
	n := int(thousands * 1e3)
	return (n + batch - 1) / batch * batch
}

// check runs a side once and has the server count the rows of its objects.
func (b *bench) check(s side, data string) error {
	if err := b.server.Reset(true); err != nil {
		return err
	}
	r, err := b.stream(s, data, 2, "")
	if err != nil {
		return err
	}
	if n := len(r.Faults); n > 0 {
		return fmt.Errorf("%s: %d faulty objects, among them: %s", s.binary, n, r.Faults[0])
	}
	if r.Rows != r.Sent && !s.opaque {
		return fmt.Errorf("%s: the objects hold %d of %d rows", s.binary, r.Rows, r.Sent)
	}
	return nil
}

func (b *bench) measure(to []result, s side, data string, procs int, profile string) ([]result, error) {
	if err := b.server.Reset(false); err != nil {
		return nil, err
	}
	r, err := b.stream(s, data, procs, profile)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "%-6s p%d %8d rows  cpu %5.2fs, of that system %5.2fs  wall %5.2fs  %6.0f krows/CPU s  %5d objects  %4d MB RSS\n",
		s.binary, procs, r.Sent, r.CPU.Seconds(), r.System.Seconds(), r.Wall.Seconds(), r.perCPU(), r.Objects, r.PeakRSS>>20)
	return append(to, r), nil
}

func (b *bench) stream(s side, data string, procs int, profile string) (r result, err error) {
	run := works.Run{Name: s.data, Data: data, Records: s.rows, Copy: b.copy || s.copies, Endpoint: b.server.URL}
	if s.ours {
		run.InFlight = b.inFlight
	}
	env := slices.Clone(s.env)
	if s.ours {
		run.CA = b.server.CA
		if b.profile != "" && profile != "" {
			env = append(env, feed.EnvProfile+"="+filepath.Join(b.profile, profile+".pprof"))
		}
		if b.contention != "" && profile != "" {
			env = append(env, feed.EnvContention+"="+filepath.Join(b.contention, profile))
		}
	} else if b.server.CA != "" {
		env = append(env, "AWS_CA_BUNDLE="+b.server.CA)
	}
	binary := s.path
	if binary == "" {
		binary = filepath.Join(b.bin, s.binary)
	}
	if r.Stats, err = child.Stream(binary, s.config(run), b.dir, procs, env...); err != nil {
		return r, err
	}
	r.Counts, err = b.server.Counts()
	return r, err
}
