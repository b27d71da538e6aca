package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// suite is the compiled tests of a package.
type suite struct {
	p      *pkg
	binary string
	quiet  []string
	tests  []*test
}

// test is one top-level test, and what it meets.
type test struct {
	name string
	took time.Duration
	met  map[int]bool
}

// trace runs every test once, unharmed, and notes which mutations it meets.
func (s *suite) trace(ctx context.Context, workers int, dir string) error {
	out, err := s.command(ctx, "-test.list", "^(Test|Fuzz|Example)").Output()
	if err != nil {
		return fmt.Errorf("listing the tests of %s: %w", s.p.rel, err)
	}
	for line := range strings.Lines(string(out)) {
		if name := strings.TrimSpace(line); name != "" && !strings.Contains(name, " ") {
			s.tests = append(s.tests, &test{name: name, met: map[int]bool{}})
		}
	}
	err = each(ctx, workers, s.tests, func(t *test) error { return s.traceOne(ctx, t, dir) })
	slices.SortFunc(s.tests, func(a, b *test) int { return int(a.took - b.took) })
	return err
}

func (s *suite) traceOne(ctx context.Context, t *test, dir string) error {
	file := filepath.Join(dir, strings.ReplaceAll(s.p.rel, "/", "_")+"."+t.name+".trace")
	cmd := s.command(ctx, "-test.run", "^"+t.name+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), "MUTANT_TRACE="+file)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s of %s fails without any mutation: %w\n%s", t.name, s.p.rel, err, tail(both.Bytes()))
	}
	t.took = time.Since(began)
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it meets none
	}
	if err != nil {
		return fmt.Errorf("reading what %s meets: %w", t.name, err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			t.met[n] = true
		}
	}
	return lines.Err() //nolint:wrapcheck // says enough
}

func (s *suite) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.binary, slices.Concat(s.quiet, args)...)
	cmd.Dir = s.p.dir
	return cmd
}

func tail(b []byte) []byte { return b[max(0, len(b)-4000):] }

// fate is what became of a mutation.
type fate uint8

const (
	// noticed: a test failed.
	noticed fate = iota
	// survived: tests met it, and all passed.
	survived
	// unmet: no test runs that code.
	unmet
)

// try runs the tests that meet a mutation, quick ones first, until one fails.
func (s *suite) try(ctx context.Context, m *mutation) fate {
	quick, rest := s.meeting(m)
	if len(quick)+len(rest) == 0 {
		return unmet
	}
	for _, tests := range [][]*test{quick, rest} {
		if len(tests) > 0 && s.fails(ctx, m, tests) {
			return noticed
		}
	}
	return survived
}

// quickTests is how long the tests of the first try take together.
const quickTests = 400 * time.Millisecond

// meeting divides the tests that meet a mutation.
func (s *suite) meeting(m *mutation) (quick, rest []*test) {
	sum := time.Duration(0)
	for _, t := range s.tests {
		if !t.met[m.number] {
			continue
		}
		if sum += t.took; sum <= quickTests || len(quick) == 0 {
			quick = append(quick, t)
		} else {
			rest = append(rest, t)
		}
	}
	return quick, rest
}

func (s *suite) fails(ctx context.Context, m *mutation, tests []*test) bool {
	names, limit := make([]string, len(tests)), 15*time.Second
	for i, t := range tests {
		names[i] = t.name
		limit += 4 * t.took
	}
	// The binary's own time limit does not help when every processor spins.
	bounded, cancel := context.WithTimeout(ctx, limit+5*time.Second)
	defer cancel()
	cmd := s.command(bounded, "-test.run", "^("+strings.Join(names, "|")+")$", "-test.count=1", "-test.failfast", "-test.timeout="+limit.String())
	cmd.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(m.number))
	return cmd.Run() != nil && ctx.Err() == nil
}
