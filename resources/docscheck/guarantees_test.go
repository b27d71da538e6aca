package docscheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	guarantee = regexp.MustCompile(`(?m)^## (\d)\. (.*)$`)
	promise   = regexp.MustCompile(`(?m)^(\d)\. \*\*(.*?)\*\*`)
	namedTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`")
	// placed is "`name` in [file](path)", or two names.
	placed = regexp.MustCompile("((?:`\\w+`(?: and )?)+) in \\[[^\\]]*\\]\\(([^)]*)\\)")
)

// TestEveryGuaranteeIsProvenByTestsThatExist holds docs/guarantees.md to the
// promises of README.md, and each of them to tests that exist and do something.
func TestEveryGuaranteeIsProvenByTestsThatExist(t *testing.T) {
	page := read(t, "docs/guarantees.md")
	headings := guarantee.FindAllStringSubmatch(page, -1)
	require.Len(t, headings, 6)
	existing := tests(t)
	promises := promise.FindAllStringSubmatch(read(t, "README.md"), -1)
	require.GreaterOrEqual(t, len(promises), 5)
	for i, h := range headings {
		assert.Equal(t, promises[i][1], h[1])
		assert.Equal(t, strings.TrimRight(promises[i][2], "."), h[2], "README.md promises something else")
		_, proof, found := strings.Cut(section(t, page, h[0]), "\nProof: ")
		if !assert.True(t, found, "%s has no proof", h[0]) {
			continue
		}
		names := namedTest.FindAllStringSubmatch(proof, -1)
		assert.GreaterOrEqual(t, len(names), 5, "%s: proofs are many", h[0])
		for _, m := range names {
			body, exists := existing[m[1]]
			assert.True(t, exists, "%s: there is no %s", h[0], m[1])
			assert.True(t, !exists || proves(body), "%s: %s is empty, or skips itself at once", h[0], m[1])
		}
	}
}

// TestMechanismsAreWhereThePagesSay looks for the functions that pages place
// in a file or package.
func TestMechanismsAreWhereThePagesSay(t *testing.T) {
	found := 0
	for _, page := range []string{"docs/guarantees.md", "docs/architecture.md", "docs/kafka.md", "docs/dependencies.md"} {
		for _, m := range placed.FindAllStringSubmatch(read(t, page), -1) {
			target := filepath.Join(root, "docs", m[2])
			info, err := os.Stat(target)
			require.NoError(t, err, "%s links to %s", page, m[2])
			var text string
			if dir := filepath.Dir(target); !info.IsDir() && strings.HasPrefix(m[0], "`putBack`") {
				text = all(t, dir) // the link shows one file of the package
			} else if info.IsDir() {
				text = all(t, target)
			} else {
				text = read(t, filepath.Join("docs", m[2]))
			}
			for _, name := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(m[1], -1) {
				found++
				assert.Regexp(t, `func (\([^)]*\) )?`+name[1]+`\(`, text, "%s: %s is not in %s", page, name[1], m[2])
			}
		}
	}
	assert.GreaterOrEqual(t, found, 8)
}

// all is the code of a package.
func all(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var b strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		b.Write(text)
	}
	return b.String()
}

// tests are the bodies of all tests and fuzz targets by name. Several packages
// may have one of the same name: the first that does something counts.
func tests(t *testing.T) map[string]*ast.BlockStmt {
	t.Helper()
	found := map[string]*ast.BlockStmt{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
				continue
			}
			if old := found[f.Name.Name]; old == nil || !proves(old) {
				found[f.Name.Name] = f.Body
			}
		}
		return nil
	}))
	require.Greater(t, len(found), 300)
	return found
}

// proves reports whether a test does anything but skip itself. One that begins
// with long.Skip runs in make test-full, which every change has to pass.
func proves(body *ast.BlockStmt) bool {
	if len(body.List) == 0 {
		return false
	}
	first, ok := body.List[0].(*ast.ExprStmt)
	if !ok {
		return true
	}
	call, ok := first.X.(*ast.CallExpr)
	if !ok || !strings.HasPrefix(called(call), "Skip") {
		return true
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	from, ok := selector.X.(*ast.Ident)
	return ok && from.Name == "long" && len(body.List) > 1
}
