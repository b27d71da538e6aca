package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/resources/mutation/patch"
)

//go:embed patches.txt
var patchList string

//go:embed survivors.txt
var survivorList string

// options is what the command line says.
type options struct {
	root     string
	packages []string
	sample   int
	seed     uint64
	goal     float64
	workers  int
	patches  bool
	only     string
}

func main() {
	var o options
	packages := flag.String("packages", "internal/chunk,internal/landing,internal/store", "the `directories` of the packages to break")
	flag.StringVar(&o.root, "root", ".", "the `directory` of the module")
	flag.IntVar(&o.sample, "sample", 0, "how many mutations to try of each package; 0 is all")
	flag.Uint64Var(&o.seed, "seed", 1, "which sample")
	flag.Float64Var(&o.goal, "goal", 90, "the `percentage` of a package's mutations that must be noticed")
	flag.IntVar(&o.workers, "workers", 2, "how many to try at a time")
	flag.BoolVar(&o.patches, "list", false, "try the breaks of patches.txt, all of which must be noticed")
	flag.StringVar(&o.only, "only", "", "only mutations whose name holds this `text`")
	flag.Parse()
	o.packages = strings.Split(*packages, ",")

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := mutate
	if o.patches {
		run = tryPatches
	}
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		os.Exit(1) //nolint:gocritic // the signals need no restoring
	}
}

// mutate goes through the packages.
func mutate(ctx context.Context, o options, w io.Writer) error {
	dir, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return fmt.Errorf("making room: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	reasons := explained(survivorList)
	var failed []error
	for _, rel := range o.packages {
		began := time.Now()
		s, err := mutatePackage(ctx, o, rel, dir, reasons)
		if err != nil {
			return err
		}
		s.print(w, rel)
		_, _ = fmt.Fprintf(w, "%s took %s\n\n", rel, time.Since(began).Round(time.Second))
		if s.percent() < o.goal {
			failed = append(failed, fmt.Errorf("%s: %.1f%% noticed, less than %.0f%%", rel, s.percent(), o.goal))
		}
	}
	return errors.Join(failed...)
}

func mutatePackage(ctx context.Context, o options, rel, dir string, reasons map[string]string) (score, error) {
	p, err := load(ctx, o.root, rel)
	if err != nil {
		return score{}, err
	}
	all := find(p)
	if gone := stale(reasons, all, p.rel); len(gone) > 0 {
		return score{}, fmt.Errorf("survivors.txt explains what is not there any more:\n%s", strings.Join(gone, "\n"))
	}
	binary, built, err := build(ctx, p, all, dir)
	if err != nil {
		return score{}, err
	}
	s := &suite{p: p, binary: binary, quiet: quiet(ctx, binary)}
	if err := s.trace(ctx, o.workers, dir); err != nil {
		return score{}, err
	}
	results, err := s.tryAll(ctx, o, choose(built, o))
	return count(results, reasons), err
}

// choose draws the sample.
func choose(all []*mutation, o options) []*mutation {
	chosen := slices.DeleteFunc(slices.Clone(all), func(m *mutation) bool { return !strings.Contains(m.name, o.only) })
	if o.sample <= 0 || o.sample >= len(chosen) {
		return chosen
	}
	r := rand.New(rand.NewPCG(o.seed, 0))
	r.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	return chosen[:o.sample]
}

func (s *suite) tryAll(ctx context.Context, o options, chosen []*mutation) ([]result, error) {
	var mu sync.Mutex
	var results []result
	err := each(ctx, o.workers, chosen, func(m *mutation) error {
		came := result{m.name, s.try(ctx, m)}
		mu.Lock()
		defer mu.Unlock()
		results = append(results, came)
		if n := len(results); n%100 == 0 {
			fmt.Fprintf(os.Stderr, "%s: %d of %d\n", s.p.rel, n, len(chosen))
		}
		return ctx.Err()
	})
	return results, err
}

// tryPatches goes through the breaks that people wrote.
func tryPatches(ctx context.Context, o options, w io.Writer) error {
	all, err := patch.Parse(patchList)
	if err != nil {
		return fmt.Errorf("reading patches.txt: %w", err)
	}
	all = slices.DeleteFunc(all, func(p patch.Patch) bool { return !strings.Contains(p.File+" "+p.Name, o.only) })
	dir, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return fmt.Errorf("making room: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var mu sync.Mutex
	var results []result
	err = each(ctx, o.workers, all, func(p patch.Patch) error {
		f, err := tryPatch(ctx, o.root, p, dir)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			results = append(results, result{p.File + ": " + p.Name, f})
		}
		return err
	})
	s := count(results, explained(survivorList))
	s.print(w, "patches")
	if err == nil && len(s.left) > 0 {
		err = fmt.Errorf("%d breaks are not noticed by the tests of their own package", len(s.left))
	}
	return err
}
