package main

import (
	"bytes"
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
			"The exit code is 1 when there are mistakes; warnings do not change it. Run refuses what lint refuses.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "deprecated", Usage: "refuse settings that are deprecated"},
			&cli.BoolFlag{Name: "labels", Usage: "refuse components without a label"},
			&cli.BoolFlag{Name: "skip-env-var-check", Usage: "accept environment variables that are not set"},
			&cli.BoolFlag{Name: "verbose", Usage: "print the result for each file"},
		},
		Action: func(c *cli.Context) error {
			mistakes := 0
			said := map[string]bool{}
			for _, path := range inspect.Targets(append(c.Args().Slice(), configFlag(c)...)) {
				found, err := lintFile(c, path)
				if err != nil {
					return cli.Exit(err.Error(), exitNo)
				}
				wrong := 0
				for _, f := range found {
					if text := f.String(); !said[text] {
						said[text] = true
						_, _ = fmt.Fprintln(problems, text)
					}
					if !f.Doubt {
						wrong++
					}
				}
				mistakes += wrong
				if c.Bool("verbose") {
					_, _ = fmt.Fprintf(out, "%s: %s\n", path, map[bool]string{true: "OK", false: "FAILED"}[wrong == 0])
				}
			}
			if mistakes > 0 {
				return cli.Exit("", exitNo)
			}
			return nil
		},
	}
}

// lintFile is what there is to say about one file and the resources with it.
func lintFile(c *cli.Context, path string) ([]inspect.Finding, error) {
	q := request(c, path)
	q.Deprecated, q.Labels = c.Bool("deprecated"), c.Bool("labels")
	if filepath.Ext(path) == ".md" {
		return lintPage(path)
	}
	r, err := inspect.ReadConfig(q)
	if err != nil {
		return nil, err
	}
	if c.Bool("skip-env-var-check") {
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
