package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed switch.go.txt
var switches string

// build compiles the tests of a package with mutations in it, and returns the
// binary with the mutations that are part of it: what the compiler refuses is
// left out.
func build(ctx context.Context, p *pkg, all []*mutation, dir string) (binary string, built []*mutation, err error) {
	built = slices.Clone(all)
	for range 10 {
		binary, said, err := compile(ctx, p, overlay(p, built), dir)
		if err == nil {
			return binary, built, nil
		}
		kept := slices.DeleteFunc(slices.Clone(built), func(m *mutation) bool { return blamed(said, m) })
		if len(kept) == len(built) {
			return "", nil, fmt.Errorf("compiling %s: %w: %s", p.rel, err, said)
		}
		built = kept
	}
	return "", nil, fmt.Errorf("compiling %s: the compiler refuses ever more", p.rel)
}

// overlay is the text of each file that differs from the one on disk.
func overlay(p *pkg, all []*mutation) map[string][]byte {
	replaced := map[string][]byte{
		filepath.Join(p.dir, "zz_mutation.go"): []byte(strings.Replace(switches, "PACKAGE", p.name, 1)),
	}
	byFile := map[string][]*mutation{}
	for _, m := range all {
		byFile[m.file] = append(byFile[m.file], m)
	}
	for path, ms := range byFile {
		replaced[path] = render(p.files[path].text, ms)
	}
	return replaced
}

// compile builds the test binary of a package with some files replaced.
func compile(ctx context.Context, p *pkg, replaced map[string][]byte, dir string) (binary, said string, err error) {
	where := map[string]string{}
	for path, text := range replaced {
		file, err := os.CreateTemp(dir, "*.go")
		if err != nil {
			return "", "", fmt.Errorf("making room for a mutated file: %w", err)
		}
		_, err = file.Write(text)
		if closing := file.Close(); err != nil || closing != nil {
			return "", "", fmt.Errorf("writing a mutated file: %w", err)
		}
		where[path] = file.Name()
	}
	list, err := json.Marshal(map[string]any{"Replace": where})
	if err != nil {
		return "", "", fmt.Errorf("writing the overlay: %w", err)
	}
	out, err := os.MkdirTemp(dir, "build")
	if err != nil {
		return "", "", fmt.Errorf("making room for a test binary: %w", err)
	}
	overlay := filepath.Join(out, "overlay.json")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return "", "", fmt.Errorf("writing the overlay: %w", err)
	}
	binary = filepath.Join(out, "tests")
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-gcflags=-e", "-overlay", overlay, "-o", binary, ".")
	cmd.Dir = p.dir
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	if err := cmd.Run(); err != nil {
		said = both.String()
		for path, file := range where {
			said = strings.ReplaceAll(said, file, path) // syntax errors name the copy
		}
		return "", said, err
	}
	return binary, "", nil
}

// quiet are the arguments that keep tests from writing into the source tree:
// rapid keeps what made a property fail.
func quiet(ctx context.Context, binary string) []string {
	help, _ := exec.CommandContext(ctx, binary, "-help").CombinedOutput() // exits with 2
	if bytes.Contains(help, []byte("-rapid.nofailfile")) {
		return []string{"-rapid.nofailfile"}
	}
	return nil
}

// complaint is a line of the compiler's about a place.
var complaint = regexp.MustCompile(`(?m)^(\S+?\.go):(\d+):\d+: `)

// blamed reports whether the compiler complains about the line of a mutation.
// Insertions move no lines.
func blamed(said string, m *mutation) bool {
	for _, c := range complaint.FindAllStringSubmatch(said, -1) {
		if line, err := strconv.Atoi(c[2]); err == nil && line == m.line && filepath.Base(c[1]) == filepath.Base(m.file) {
			return true
		}
	}
	return false
}
