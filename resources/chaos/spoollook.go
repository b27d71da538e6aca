package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// spoolFiles are the names of the files in each part of a spool.
type spoolFiles map[string]map[string]struct{}

// files are what is there now.
func (s *spooling) files() spoolFiles {
	all := spoolFiles{}
	for _, part := range []string{"journal", "spill", "outbox"} {
		all[part] = map[string]struct{}{}
		for _, name := range s.names(part) {
			all[part][name] = struct{}{}
		}
	}
	return all
}

func (s *spooling) names(part string) []string {
	entries, err := os.ReadDir(filepath.Join(s.dir, "lake", part))
	if err != nil {
		return nil // it is not made yet
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// atFile kills the process when it begins another file of a part of its spool, after
// some others.
func (s *spooling) atFile(ctx context.Context, part string, known spoolFiles, skip int, moment string) string {
	defer s.strike()
	for end := time.Now().Add(spoolPatience); time.Now().Before(end) && ctx.Err() == nil && !s.last.ended(); {
		for _, name := range s.names(part) {
			if _, old := known[part][name]; old {
				continue
			}
			known[part][name] = struct{}{}
			if skip--; skip < 0 {
				return moment
			}
		}
		pause(ctx, 500*time.Microsecond)
	}
	return "in vain waiting for: " + moment
}

// spoolReport is what the commands print of a spool.
type spoolReport struct {
	Bytes      map[string]int64 `json:"bytes"`
	Partitions []any            `json:"partitions"`
	Objects    []any            `json:"objects"`
	Lost       []string         `json:"lost"`
	Torn       []string         `json:"torn"`
}

// look verifies the spool of the process that has ended: everything in it can be
// read, and nothing is in it when it was drained.
func (s *spooling) look(ctx context.Context, drained bool) error {
	if _, err := os.Stat(filepath.Join(s.dir, "lake", "journal")); errors.Is(err, os.ErrNotExist) && !drained {
		return nil // the first process was killed before it made one
	}
	s.looks++
	out, err := s.command(ctx, "verify")
	var report spoolReport
	if failed := json.Unmarshal(out, &report); failed != nil {
		return fmt.Errorf("verifying the spool: %w, %q", errors.Join(err, failed), out)
	}
	s.torn += len(report.Torn)
	if len(report.Lost) > 0 || err != nil {
		s.broken("spool verify after %s: %v, lost: %s", s.last.name, err, strings.Join(report.Lost, "; "))
	}
	if left := len(report.Partitions) + len(report.Objects); drained && left+int(report.Bytes["outbox"]+report.Bytes["spill"]) > 0 {
		s.broken("after spool drain %d partitions and objects are left, and %v bytes", left, report.Bytes)
	}
	return nil
}

// drain stores what the last process has left.
func (s *spooling) drain(ctx context.Context) error {
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	before := len(s.names("outbox"))
	if out, err := s.command(bounded, "drain"); err != nil {
		s.broken("spool drain: %v: %s", err, out)
	}
	s.note("%d objects and what was collected were drained in %s; the spool was verified %d times, with the torn ends of %d writes",
		before, time.Since(began).Round(100*time.Millisecond), s.looks+1, s.torn)
	return s.look(ctx, true)
}

// command runs a subcommand of spool on the configuration of the last process.
func (s *spooling) command(ctx context.Context, name string) ([]byte, error) {
	config := strings.TrimSuffix(s.last.log, ".log") + ".yaml"
	cmd := exec.CommandContext(ctx, s.binary, "spool", name, "--json", config) // #nosec G204 -- the binary under test
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return out, err
}

// conclude drains the spool and judges.
func (s *spooling) conclude(ctx context.Context, sky *weather, began time.Time) (bool, error) {
	if err := s.drain(ctx); err != nil {
		return false, err
	}
	v, err := s.judge(ctx, false)
	if err != nil {
		return false, err
	}
	s.note("%s", s.doubts(v.stored))
	v.problems = append(v.problems, s.wrong...)
	return s.report(v, time.Since(began), sky), nil
}

// doubts describes what became of records that were sent and not answered.
func (s *spooling) doubts(found *stored) string {
	doubtful, there := 0, 0
	for id := range s.ledger.len() {
		if s.ledger.doubted(id) {
			doubtful++
			if len(found.copies[id]) > 0 {
				there++
			}
		}
	}
	return fmt.Sprintf("of %d records that were sent and not answered %d are stored, and the others are not", doubtful, there)
}
