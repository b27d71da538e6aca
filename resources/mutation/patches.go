package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// patch is a break that somebody wrote down: a text of a file and what to put
// in its place.
type patch struct {
	name, file    string
	before, after string
}

// The lines that divide a list of patches.
const (
	beginName   = "# "
	beginFile   = "file "
	beginBefore = "--- before"
	beginAfter  = "--- after"
	endPatch    = "---"
)

// parsePatches reads a list. A patch is
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
func parsePatches(text string) ([]patch, error) {
	var all []patch
	var p patch
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
			p.before, p.after = strings.TrimSuffix(before.String(), "\n"), strings.TrimSuffix(after.String(), "\n")
			if p.name == "" || p.file == "" || p.before == "" {
				return nil, fmt.Errorf("the patch that ends on line %d lacks a name, a file or a text to replace", number)
			}
			all = append(all, p)
			p, into = patch{}, nil
			before.Reset()
			after.Reset()
		case into != nil:
			into.WriteString(line)
		case strings.HasPrefix(bare, beginName):
			p.name = strings.TrimPrefix(bare, beginName)
		case strings.HasPrefix(bare, beginFile):
			p.file = strings.TrimPrefix(bare, beginFile)
		}
	}
	if into != nil {
		return nil, errors.New("the last patch has no end")
	}
	return all, nil
}

// apply returns the file with the patch in it. The text must be there once.
func (p patch) apply(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p.file)))
	if err != nil {
		return nil, fmt.Errorf("reading the file of a patch: %w", err)
	}
	if n := bytes.Count(text, []byte(p.before)); n != 1 {
		return nil, fmt.Errorf("%s: %q: the text to replace is there %d times; write it anew after the code", p.file, p.name, n)
	}
	return bytes.Replace(text, []byte(p.before), []byte(p.after), 1), nil
}

// patchTimeout bounds the tests of a package with a patch in it.
const patchTimeout = 3 * time.Minute

// tryPatch runs all tests of the patched file's package.
func tryPatch(ctx context.Context, root string, p patch, dir string) (fate, error) {
	root, err := filepath.Abs(root) // the overlay is read from the package's directory
	if err != nil {
		return 0, fmt.Errorf("finding the module: %w", err)
	}
	text, err := p.apply(root)
	if err != nil {
		return 0, err
	}
	where := &pkg{rel: path.Dir(p.file), dir: filepath.Join(root, filepath.FromSlash(path.Dir(p.file)))}
	binary, said, err := compile(ctx, where, map[string][]byte{filepath.Join(root, filepath.FromSlash(p.file)): text}, dir)
	if err != nil {
		return 0, fmt.Errorf("%s: %q does not compile: %w: %s", p.file, p.name, err, said)
	}
	defer func() { _ = os.Remove(binary) }()
	bounded, cancel := context.WithTimeout(ctx, patchTimeout+5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(bounded, binary, append(quiet(ctx, binary), "-test.failfast", "-test.timeout="+patchTimeout.String())...)
	cmd.Dir = where.dir
	switch err := cmd.Run(); {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return noticed, nil
	}
	return survived, nil
}
