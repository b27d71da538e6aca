package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// verdict is what a scenario found.
type verdict struct {
	problems []string
	doubles  doubles
	stored   *stored
}

// judge compares the bucket with what was produced. Nothing may be on its way
// any more. allowed says how surplus copies without a breach are to be taken:
// in a run that hides objects from the output, they are expected.
func (w *world) judge(ctx context.Context, allowed bool) (*verdict, error) {
	s, err := readBack(ctx, w.shelf, w.ledger)
	if err != nil {
		return nil, err
	}
	v := &verdict{stored: s, doubles: s.explain(w.ledger, w.breaches, w.order, w.exactly)}
	v.problems = append(v.problems, s.wrong...)
	if missing := s.missing(w.ledger); len(missing) > 0 {
		v.problems = append(v.problems, fmt.Sprintf("%d records are missing, such as %v", len(missing), missing[:min(5, len(missing))]))
	}
	if s.letters > 0 {
		v.problems = append(v.problems, fmt.Sprintf("%d good records became dead letters", s.letters))
	}
	if v.doubles.unexplained > 0 && !allowed {
		v.problems = append(v.problems, fmt.Sprintf("%d surplus copies without a reason:\n    %s", v.doubles.unexplained, strings.Join(v.doubles.examples, "\n    ")))
	}
	if w.kafka == nil {
		return v, nil
	}
	lag, err := w.kafka.Lag(ctx, group, topic)
	if err != nil {
		return nil, err
	}
	if lag != 0 {
		v.problems = append(v.problems, fmt.Sprintf("%d stored records are not committed after a clean stop", lag))
	}
	return v, nil
}

// report prints what happened, and returns whether all is well.
func (w *world) report(v *verdict, took time.Duration, weather fmt.Stringer) bool {
	p := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(w.out, "%-12s "+format+"\n", append([]any{name}, args...)...)
	}
	p("scenario", "%s, %sbroker %s, S3 server %s, seed %d, %s", w.scenario, w.reader(), w.broker, w.lake, w.seed, took.Round(time.Second))
	p("produced", "%d records", w.ledger.len())
	p("stored", "%d records in %d objects, %.1f MB, by %d processes", len(v.stored.copies), v.stored.objects, float64(v.stored.bytes)/1e6, len(w.order))
	p("missing", "%d", len(v.stored.missing(w.ledger)))
	p("duplicates", "%d surplus copies (%.3f%%), %d without a reason", v.doubles.copies,
		100*float64(v.doubles.copies)/float64(max(1, w.ledger.len())), v.doubles.unexplained)
	for _, what := range slices.Sorted(maps.Keys(v.doubles.byBreach)) {
		p("", "%d un-acknowledged at: %s", v.doubles.byBreach[what], what)
	}
	p("S3 faults", "%s", weather)
	for _, n := range w.notes {
		p("", "%s", n)
	}
	for _, problem := range v.problems[:min(10, len(v.problems))] {
		p("VIOLATION", "%s", problem)
	}
	if len(v.problems) == 0 {
		p("verdict", "ok")
	}
	return len(v.problems) == 0
}
