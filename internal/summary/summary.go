package summary

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

// Summary is what the outputs of a process have done, as `--summary json` prints it.
type Summary struct {
	// Records are in Objects of so many Bytes, as stored, without dead letters.
	Records int64 `json:"records"`
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// DeadLetters are records in DeadLetterObjects.
	DeadLetters       int64 `json:"dead_letters"`
	DeadLetterObjects int64 `json:"dead_letter_objects"`
	// Dropped were acknowledged and not stored. Rejected were given back as bad
	// ones, each time that they came.
	Dropped  int64 `json:"dropped"`
	Rejected int64 `json:"rejected"`
	// Bad says why, of these three; the most frequent first.
	Bad []Why `json:"bad"`
	// NotStored were taken over, or given back, and are not stored; NotStoredWhy is
	// one line.
	NotStored    int    `json:"not_stored"`
	NotStoredWhy string `json:"not_stored_why,omitempty"`
	// Rolled counts objects by the reason for which they ended.
	Rolled map[chunk.Reason]int64 `json:"rolled"`
	// Seconds is how long it took, and PerSecond the records a second.
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"records_per_second"`
	// Places are the prefixes to look at.
	Places []string `json:"places"`
	// ExitCode is that of the process.
	ExitCode int `json:"exit_code"`
}

// AtEnd sums up all outputs of this process. left is what they have not stored. It
// is nil when there was no output.
func AtEnd(now time.Time, left unstored.Report) *Summary {
	tallies.Lock()
	defer tallies.Unlock()
	return of(now, left, tallies.all)
}

func of(now time.Time, left unstored.Report, tallies []*Tally) *Summary {
	if len(tallies) == 0 {
		return nil
	}
	var sum counts
	s := &Summary{Places: []string{}, Rolled: map[chunk.Reason]int64{}, Bad: []Why{}}
	began := now
	for _, t := range tallies {
		t.mu.Lock()
		sum.add(&t.counts)
		if t.began.Before(began) {
			began = t.began
		}
		for _, place := range t.places {
			if !slices.Contains(s.Places, place) {
				s.Places = append(s.Places, place)
			}
		}
		t.mu.Unlock()
	}
	s.Records, s.Objects, s.Bytes = sum.records, sum.objects, sum.bytes
	s.DeadLetters, s.DeadLetterObjects = sum.letters, sum.letterObjects
	s.Dropped, s.Rejected = sum.dropped, sum.rejected
	s.Bad = append(s.Bad, sum.why...)
	slices.SortStableFunc(s.Bad, func(a, b Why) int { return int(b.Records - a.Records) })
	if sum.otherwise > 0 {
		s.Bad = append(s.Bad, Why{"other reasons", sum.otherwise})
	}
	if sum.rolled != nil {
		s.Rolled = sum.rolled
	}
	if left.Any() {
		s.NotStored, s.NotStoredWhy = left.Records+left.Returned, left.String()
	}
	if s.Seconds = now.Sub(began).Seconds(); s.Seconds > 0 {
		s.PerSecond = float64(s.Records) / s.Seconds
	}
	return s
}

// AnyBad reports whether records were acknowledged and are not among the data.
func (s *Summary) AnyBad() bool { return s.Dropped > 0 || s.DeadLetters > 0 }

// JSON writes it as one line.
func (s *Summary) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(s) }

// Line is all of it in one line, for a log.
func (s *Summary) Line() string {
	line := fmt.Sprintf("Stored %s in %s, %s, in %s (%s records/s)", several(s.Records, "record"), several(s.Objects, "object"),
		humanize.IBytes(uint64(s.Bytes)), s.took(), humanize.Comma(int64(s.PerSecond)))
	for _, more := range []struct {
		what  string
		count int64
	}{{"became dead letters", s.DeadLetters}, {"were dropped", s.Dropped}, {"times a record was given back as a bad one", s.Rejected}} {
		if more.count > 0 {
			line += fmt.Sprintf("; %s %s", humanize.Comma(more.count), more.what)
		}
	}
	return line + ". Look at " + strings.Join(s.Places, " and ") + "."
}

// Text writes it for people.
func (s *Summary) Text(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { _, _ = fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	line("stored", "%s in %s, %s", several(s.Records, "record"), several(s.Objects, "object"), humanize.IBytes(uint64(s.Bytes)))
	line("took", "%s, %s records/s", s.took(), humanize.Comma(int64(s.PerSecond)))
	if len(s.Rolled) > 0 {
		line("objects ended by", "%s", s.reasons())
	}
	if s.DeadLetters > 0 {
		line("dead letters", "%s in %s", several(s.DeadLetters, "record"), several(s.DeadLetterObjects, "object"))
	}
	if s.Dropped > 0 {
		line("dropped", "%s", several(s.Dropped, "record"))
	}
	if s.Rejected > 0 {
		line("given back", "%s times, as bad ones", humanize.Comma(s.Rejected))
	}
	for _, why := range s.Bad {
		line("", "%s: %s", humanize.Comma(why.Records), why.Reason)
	}
	if s.NotStoredWhy != "" {
		line("not stored", "%s", several(int64(s.NotStored), "record"))
	}
	line("look at", "%s", strings.Join(s.Places, "\n\t"))
	return w.Flush() //nolint:wrapcheck // the caller says what was being done
}

func (s *Summary) took() time.Duration {
	return time.Duration(s.Seconds * float64(time.Second)).Round(100 * time.Millisecond)
}

// reasons are those for which objects ended, in one order.
func (s *Summary) reasons() string {
	var all []string
	for _, reason := range chunk.Reasons {
		if n := s.Rolled[reason]; n > 0 {
			all = append(all, fmt.Sprintf("%s %s", reason, humanize.Comma(n)))
		}
	}
	return strings.Join(all, ", ")
}

func several(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(n) + " " + one + "s"
}
