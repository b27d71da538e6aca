// Package patch has breaks of the code that people wrote down: a list of them is
// tried by the tests of each package, and by whole binaries under faults.
package patch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Patch is a break that somebody wrote down: a text of a file and what to put in
// its place.
type Patch struct {
	Name, File    string
	Before, After string
}

// The lines that divide a list of patches.
const (
	beginName   = "# "
	beginFile   = "file "
	beginBefore = "--- before"
	beginAfter  = "--- after"
	endPatch    = "---"
)

// Parse reads a list. A patch is
//
//	# what it breaks
//	file internal/chunk/gate.go
//	--- before
//	the text as it is
//	--- after
//	the text to put there; nothing leaves it out
//	---
//
// Text between patches that begins with neither is a comment.
func Parse(text string) ([]Patch, error) {
	var all []Patch
	var p Patch
	var into *strings.Builder
	var before, after strings.Builder
	number := 0
	for line := range strings.Lines(text) {
		number++
		bare := strings.TrimRight(line, "\n")
		switch {
		case bare == beginBefore:
			into = &before
		case bare == beginAfter:
			into = &after
		case bare == endPatch:
			p.Before, p.After = strings.TrimSuffix(before.String(), "\n"), strings.TrimSuffix(after.String(), "\n")
			if p.Name == "" || p.File == "" || p.Before == "" {
				return nil, fmt.Errorf("the patch that ends on line %d lacks a name, a file or a text to replace", number)
			}
			all = append(all, p)
			p, into = Patch{}, nil
			before.Reset()
			after.Reset()
		case into != nil:
			into.WriteString(line)
		case strings.HasPrefix(bare, beginName):
			p.Name = strings.TrimPrefix(bare, beginName)
		case strings.HasPrefix(bare, beginFile):
			p.File = strings.TrimPrefix(bare, beginFile)
		}
	}
	if into != nil {
		return nil, errors.New("the last patch has no end")
	}
	return all, nil
}

// Apply returns the file with the patch in it. The text must be there once.
func (p Patch) Apply(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p.File)))
	if err != nil {
		return nil, fmt.Errorf("reading the file of a patch: %w", err)
	}
	return p.In(text)
}

// In is Apply on the text of the file, which may have other patches in it.
func (p Patch) In(text []byte) ([]byte, error) {
	if n := bytes.Count(text, []byte(p.Before)); n != 1 {
		return nil, fmt.Errorf("%s: %q: the text to replace is there %d times; write it anew after the code", p.File, p.Name, n)
	}
	return bytes.Replace(text, []byte(p.Before), []byte(p.After), 1), nil
}
