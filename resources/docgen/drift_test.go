package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/config"
)

// These tests hold the hand-written pages to the code: metrics, the names of
// the tests that prove a guarantee, and links.

const root = "../.."

func TestMetricsPageMatchesTheCode(t *testing.T) {
	assert.ElementsMatch(t, metricsOfTheCode(t), metricsOfThePage(t),
		"docs/reference/metrics.md must list exactly the metrics of internal/telemetry, internal/kafka and internal/httpinput")
}

var constructors = map[string]string{"NewCounter": "counter", "NewTimer": "timer", "NewGauge": "gauge"}

// metricsOfTheCode finds the calls that make metrics, as "name kind labels".
func metricsOfTheCode(t *testing.T) []string {
	t.Helper()
	var found []string
	files, err := filepath.Glob(filepath.Join(root, "internal/telemetry/*.go"))
	require.NoError(t, err)
	for _, name := range append(files, filepath.Join(root, "internal/kafka/metrics.go"), filepath.Join(root, "internal/httpinput/metrics.go")) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || constructors[selector.Sel.Name] == "" {
				return true
			}
			texts := texts(call.Args)
			if len(texts) > 0 && texts[0] != "input_received" { // one of Benthos, which counts batches handed over whole as one
				found = append(found, strings.TrimSpace(fmt.Sprintf("%s_%s %s %s", config.Name,
					strings.TrimPrefix(texts[0], config.Name+"_"), constructors[selector.Sel.Name], strings.Join(texts[1:], ", "))))
			}
			return true
		})
	}
	require.NotEmpty(t, found)
	slices.Sort(found)
	return slices.Compact(found) // the input and the output may count the same
}

// texts are the string literals in expressions, in order.
func texts(args []ast.Expr) []string {
	var out []string
	for _, a := range args {
		ast.Inspect(a, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if s, err := strconv.Unquote(l.Value); err == nil {
					out = append(out, s)
				}
			}
			return true
		})
	}
	return out
}

var metricRow = regexp.MustCompile("(?m)^\\| `(s3_destination_[a-z_]+)` \\| (\\w+) \\|([^|]*)\\|")

func metricsOfThePage(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs/reference/metrics.md"))
	require.NoError(t, err)
	var found []string
	for _, m := range metricRow.FindAllStringSubmatch(string(text), -1) {
		found = append(found, strings.TrimSpace(m[1]+" "+m[2]+" "+strings.ReplaceAll(strings.TrimSpace(m[3]), "`", "")))
	}
	return found
}

// pages are those at the root and everything below docs.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md"), filepath.Join(root, "SECURITY.md")}
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".md") {
			found = append(found, path)
		}
		return err
	}))
	return found
}

var namedTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`")

func TestTestsNamedInThePagesExist(t *testing.T) {
	existing := testsOfTheCode(t)
	named := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range namedTest.FindAllStringSubmatch(string(text), -1) {
			named++
			assert.True(t, slices.Contains(existing, m[1]), "%s names %s, which does not exist", page, m[1])
		}
	}
	assert.Positive(t, named)
}

var testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

func testsOfTheCode(t *testing.T) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			found = append(found, string(m[1]))
		}
		return err
	}))
	return found
}

var link = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)]*))?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	anchors := map[string][]string{} // of pages
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target := page
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(page), m[1])
			}
			_, err := os.Stat(target)
			if assert.NoError(t, err, "%s links to %s", page, m[1]) && m[2] != "" {
				if anchors[target] == nil {
					anchors[target] = headings(t, target)
				}
				assert.Contains(t, anchors[target], m[2], "%s links to a heading of %s", page, target)
			}
		}
	}
}

var (
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	unwanted = regexp.MustCompile(`[^a-z0-9_ -]`)
)

// headings are the anchors of a page, as GitHub makes them.
func headings(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var found []string
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		found = append(found, strings.ReplaceAll(unwanted.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return found
}
