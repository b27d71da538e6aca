package commands

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/inspect"
)

// lintCommand takes the place of Benthos' own command of that name, whose flags
// it has. It says of each mistake which setting it is, what is wrong and what to
// write, and what is doubtful too.
func lintCommand(out, problems io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Usage:     "Say what is wrong or doubtful about configurations, and what to write instead",
		ArgsUsage: "CONFIG...",
		Description: "Paths may be patterns; one that ends with ... stands for all .yaml and .yml files below it. Of .md files the YAML in them is looked at. " +
			"Mistakes and warnings are printed as FILE(LINE,COLUMN) setting: \"value\" what is wrong: what to write. " +
			"The exit code is 1 when there are mistakes, with --fix when some are left; warnings do not change it. Run refuses what lint refuses.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "deprecated", Usage: "refuse settings that are deprecated"},
			&cli.BoolFlag{Name: "labels", Usage: "refuse components without a label"},
			&cli.BoolFlag{Name: "skip-env-var-check", Usage: "accept environment variables that are not set"},
			&cli.BoolFlag{Name: "fix", Usage: "mend in the files what is one word: misspelt settings and values, names that others know, units, quotes around numbers; comments and everything else stay"},
			&cli.BoolFlag{Name: "dry-run", Usage: "with --fix: print what would be changed, as a diff, and change nothing"},
			&cli.BoolFlag{Name: "json", Usage: "print a line of JSON for each finding, on standard output"},
			&cli.BoolFlag{Name: "verbose", Usage: "print the result for each file"},
		},
		Action: func(c *cli.Context) error {
			if c.Bool("dry-run") && !c.Bool("fix") {
				return cli.Exit("--dry-run is for --fix: add that", exitUsage)
			}
			l := linter{c: c, out: out, problems: problems, said: map[string]bool{}}
			for _, path := range inspect.Targets(append(c.Args().Slice(), configFlag(c)...)) {
				if err := l.file(path); err != nil {
					return cli.Exit(err.Error(), exitNo)
				}
			}
			if l.mistakes > 0 {
				return cli.Exit("", exitNo)
			}
			return nil
		},
	}
}

// linter says what there is to say about files.
type linter struct {
	c             *cli.Context
	out, problems io.Writer
	said          map[string]bool
	mistakes      int
}

func (l *linter) file(path string) error {
	found, err := l.lint(path)
	if err != nil {
		return err
	}
	wrong := 0
	for _, f := range found {
		if text := f.String(); !l.said[text] {
			l.said[text] = true
			if err := l.say(f); err != nil {
				return err
			}
		}
		if !f.Doubt {
			wrong++
		}
	}
	l.mistakes += wrong
	if l.c.Bool("verbose") {
		_, _ = fmt.Fprintf(l.out, "%s: %s\n", path, map[bool]string{true: "OK", false: "FAILED"}[wrong == 0])
	}
	return nil
}

// finding is a finding for machines.
type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Set      string `json:"set,omitempty"` // where it is on the command line
	Severity string `json:"severity"`
	Setting  string `json:"setting,omitempty"`
	Message  string `json:"message"`
}

func (l *linter) say(f inspect.Finding) error {
	if !l.c.Bool("json") {
		_, _ = fmt.Fprintln(l.problems, f)
		return nil
	}
	severity := "error"
	if f.Doubt {
		severity = "warning"
	}
	one := finding{f.File, f.Line, f.Column, f.Set, severity, f.Setting, f.Text}
	if err := json.NewEncoder(l.out).Encode(one); err != nil {
		return fmt.Errorf("printing the findings: %w", err)
	}
	return nil
}

// lint is what there is to say about one file and the resources with it.
func (l *linter) lint(path string) ([]inspect.Finding, error) {
	q := Request(l.c, path)
	q.Deprecated, q.Labels = l.c.Bool("deprecated"), l.c.Bool("labels")
	if filepath.Ext(path) == ".md" {
		return lintPage(path)
	}
	if l.c.Bool("fix") {
		diff := l.out
		if l.c.Bool("json") {
			diff = l.problems // lines of JSON only
		}
		text, err := fixFile(q, l.c.Bool("dry-run"), diff, l.problems)
		if err != nil {
			return nil, err
		}
		q.Text = text
	}
	r, err := inspect.ReadConfig(q)
	if err != nil {
		return nil, err
	}
	if l.c.Bool("skip-env-var-check") {
		return append(r.Serious(), r.Doubts()...), nil
	}
	return r.Findings, nil
}

// lintPage looks at the YAML in a page.
func lintPage(path string) ([]inspect.Finding, error) {
	page, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	var found []inspect.Finding
	line := 0
	for {
		before, rest, ok := bytes.Cut(page, []byte("```yaml"))
		if !ok {
			return found, nil
		}
		line += bytes.Count(before, []byte("\n"))
		snippet, after, _ := bytes.Cut(rest, []byte("```"))
		// Empty lines before it give its own lines the numbers of the page.
		r, err := inspect.ReadText(path, string(bytes.Repeat([]byte("\n"), line))+string(snippet))
		if err != nil {
			return nil, err
		}
		found = append(found, r.Findings...)
		line += bytes.Count(snippet, []byte("\n"))
		page = after
	}
}
