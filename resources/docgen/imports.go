package main

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// module is the path of the module whose packages are drawn.
const module = "github.com/s3-destination/s3-destination/"

// imports are the packages that each package imports, tests left out. A package
// below another one counts as that one: encode/csv is encode.
type imports map[string]map[string]bool

// importsOf reads the imports of the packages in some directories below root.
func importsOf(root string, dirs ...string) (imports, error) {
	found := imports{}
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			rel, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return err
			}
			return found.add(path, room(filepath.ToSlash(rel)))
		})
		if err != nil {
			return nil, fmt.Errorf("reading the imports of %s: %w", dir, err)
		}
	}
	return found, nil
}

// room is the package as it is drawn, empty for one that is not.
func room(path string) string {
	path, internal := strings.CutPrefix(path, "internal/")
	first, _, nested := strings.Cut(path, "/")
	switch {
	case first == "testutil", internal && first == "":
		return ""
	case internal && nested:
		return first
	}
	return path
}

func (i imports) add(file, from string) error {
	if from == "" {
		return nil
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	if i[from] == nil {
		i[from] = map[string]bool{}
	}
	for _, spec := range f.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		if own, ok := strings.CutPrefix(path, module); ok {
			if to := room(own); to != "" && to != from {
				i[from][to] = true
			}
		}
	}
	return nil
}

// behind adds everything that a package imports, and what that imports.
func (i imports) behind(from string, found map[string]bool) {
	for to := range i[from] {
		if !found[to] {
			found[to] = true
			i.behind(to, found)
		}
	}
}

// follows reports whether an import follows from others of the package.
func (i imports) follows(from, to string) bool {
	for via := range i[from] {
		found := map[string]bool{}
		if i.behind(via, found); via != to && found[to] {
			return true
		}
	}
	return false
}

// circle returns a package that imports itself through others, empty for none:
// what lies below a package counts as part of it.
func (i imports) circle() string {
	for _, from := range slices.Sorted(maps.Keys(i)) {
		found := map[string]bool{}
		if i.behind(from, found); found[from] {
			return from
		}
	}
	return ""
}

// drawing is the imports as a Mermaid chart. An arrow that follows from others is
// left out.
func (i imports) drawing() string {
	var b strings.Builder
	b.WriteString("```mermaid\nflowchart TD\n")
	for _, from := range slices.Sorted(maps.Keys(i)) {
		var to []string
		for _, name := range slices.Sorted(maps.Keys(i[from])) {
			if !i.follows(from, name) {
				to = append(to, name)
			}
		}
		if len(to) > 0 {
			fmt.Fprintf(&b, "  %s --> %s\n", from, strings.Join(to, " & "))
		}
	}
	b.WriteString("```\n")
	return b.String()
}

const drawingBegins, drawingEnds = "<!-- imports: made by make docs -->\n", "<!-- end of imports -->\n"

// draw puts the drawing of the imports into a page, between its two marks.
func draw(root, page string) error {
	found, err := importsOf(root, "plugin", "cmd/s3-destination", "internal")
	if err != nil {
		return err
	}
	if from := found.circle(); from != "" {
		return fmt.Errorf("the packages in and below %s import what imports them: move the part that is shared", from)
	}
	name := filepath.Join(root, page)
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("reading the page of the picture: %w", err)
	}
	before, rest, begins := bytes.Cut(text, []byte(drawingBegins))
	_, after, ends := bytes.Cut(rest, []byte(drawingEnds))
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the picture of imports: %s...%s", page, drawingBegins, drawingEnds)
	}
	made := slices.Concat(before, []byte(drawingBegins), []byte(found.drawing()), []byte(drawingEnds), after)
	return os.WriteFile(name, made, 0o644)
}
