package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/store"
)

// Result is how a check ended.
type Result string

// The results.
const (
	Works   Result = "works"
	Fails   Result = "fails"
	Skipped Result = "skipped" // pointless after another one failed
	Unknown Result = "unknown" // the server does not say
)

// Weight is whether a failed check matters.
type Weight string

// The weights. Only what is required decides about the exit code.
const (
	Required    Weight = "required"
	Recommended Weight = "recommended"
	Optional    Weight = "optional"
)

// Row is one check.
type Row struct {
	// Check names what was tried, in a word or two.
	Check string `json:"check"`
	// Result is how it ended, Matters whether that matters.
	Result  Result `json:"result"`
	Matters Weight `json:"matters"`
	// Detail says what was found, or what was refused and what to do.
	Detail string `json:"detail,omitempty"`
	// Class is the class of the error of a check that fails.
	Class store.Class `json:"class,omitempty"`
	// Fixes are statements that would make it work.
	Fixes []Fix `json:"fixes,omitempty"`
}

// Fix is a statement to add to a policy.
type Fix struct {
	// Where says which policy.
	Where string `json:"where"`
	// Statement is what to add.
	Statement policy.Statement `json:"statement"`
	// Note is what else may be the cause, or when the statement is not needed.
	Note string `json:"note,omitempty"`
}

// Report is the outcome of all checks. It holds no secret.
type Report struct {
	// Bucket and Prefix are where the checks wrote.
	Bucket string `json:"bucket"`
	Prefix string `json:"prefix"`
	// Rows are the checks in the order in which they were made.
	Rows []Row `json:"checks"`
	// broken: the configuration cannot be tried at all.
	broken bool
}

// Exit codes of a report.
const (
	ExitHealthy = 0
	ExitFailed  = 1
	ExitConfig  = 2
)

// OK reports whether everything that is required works.
func (r *Report) OK() bool { return r.ExitCode() == ExitHealthy }

// ExitCode is what the process ends with: [ExitConfig] when the configuration
// cannot be tried, [ExitFailed] when something that is required fails,
// [ExitHealthy] otherwise, whatever optional rights are missing.
func (r *Report) ExitCode() int {
	if r.broken {
		return ExitConfig
	}
	for _, row := range r.Rows {
		if row.Matters == Required && row.Result == Fails {
			return ExitFailed
		}
	}
	return ExitHealthy
}

func (r *Report) add(row Row) { r.Rows = append(r.Rows, row) }

// JSON is the report for scripts, indented, with a final line feed.
func (r *Report) JSON() ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // placeholders are in angle brackets
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		OK bool `json:"ok"`
		*Report
	}{r.OK(), r})
	if err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return []byte(b.String()), nil
}

// Write prints the report as a table for people, followed by the statements to
// add.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "s3://%s/%s\n\n", r.Bucket, r.Prefix)
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "CHECK\tRESULT\tMATTERS\tDETAIL")
	for _, row := range r.Rows {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", row.Check, row.Result, row.Matters, row.Detail)
	}
	_ = table.Flush() // into memory
	r.writeFixes(&b)
	fmt.Fprintf(&b, "\n%s\n", r.summary())
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// writeFixes prints every statement once, however many checks it would help.
func (r *Report) writeFixes(b *strings.Builder) {
	text := func(f Fix) string {
		s := fmt.Sprintf("add to %s:\n%s", f.Where, f.Statement.JSON())
		if f.Note != "" {
			s += f.Note + "\n"
		}
		return s
	}
	checks := map[string][]string{}
	for _, row := range r.Rows {
		for _, f := range row.Fixes {
			checks[text(f)] = append(checks[text(f)], row.Check)
		}
	}
	for _, row := range r.Rows {
		for i, f := range row.Fixes {
			helped := checks[text(f)]
			if helped == nil {
				continue // printed already
			}
			delete(checks, text(f))
			verb := "To make it work"
			if i > 0 {
				verb = "and also"
			}
			fmt.Fprintf(b, "\n%s: %s, %s", strings.Join(helped, ", "), verb, text(f))
		}
	}
}

func (r *Report) summary() string {
	missing := 0
	for _, row := range r.Rows {
		if row.Result == Fails && row.Matters != Required {
			missing++
		}
	}
	switch {
	case r.broken:
		return "The configuration cannot work as it is."
	case !r.OK():
		return "The destination does not accept data."
	case missing == 1:
		return "The destination accepts data; one thing would make it better."
	case missing > 1:
		return fmt.Sprintf("The destination accepts data; %d things would make it better.", missing)
	}
	return "The destination accepts data, and everything else works too."
}
