package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/resources/release/internal/changelog"
	"github.com/s3-destination/s3-destination/resources/release/internal/pack"
	"github.com/s3-destination/s3-destination/resources/release/internal/sbom"
	"github.com/s3-destination/s3-destination/resources/release/internal/source"
)

// checkVersion is that of releases that are made to be looked at.
const checkVersion = "0.0.0-check"

// check makes the release of the commit that is checked out twice for this
// machine, in two folders, and looks whether both are the same and what is in
// them. Unless it is to be quick, the second build compiles everything anew.
func check(ctx context.Context, quick bool, out io.Writer) error {
	commit, err := source.Head(ctx, ".")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "s3-destination-check-*")
	if err != nil {
		return fmt.Errorf("making room for the check: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var made []release
	for _, which := range []string{"first", "second"} {
		r := release{version: checkVersion, commit: commit, out: filepath.Join(dir, which, "dist"), log: out, targets: targets([]platform{host()})}
		// The folders have names of different length, so that a path that gets
		// into a binary is noticed.
		r.tree = filepath.Join(dir, which, strings.Repeat(which+"-", 3)+"tree")
		if which == "second" && !quick {
			r.env = []string{"GOCACHE=" + filepath.Join(dir, "cache")}
		}
		if err := os.MkdirAll(r.tree, 0o755); err != nil {
			return fmt.Errorf("making room for the source: %w", err)
		}
		if err := source.Export(ctx, ".", commit.Hash, r.tree); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "the %s build of commit %s\n", which, commit.Hash)
		if err := r.make(ctx); err != nil {
			return err
		}
		made = append(made, r)
	}
	if err := same(made[0].out, made[1].out); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "both builds are the same to the byte")
	return made[0].verify(ctx, filepath.Join(dir, "extracted"))
}

// same compares all files of two folders.
func same(a, b string) error {
	for _, dir := range []string{a, b} {
		if err := pack.VerifySums(dir); err != nil {
			return err
		}
	}
	first, err := os.ReadFile(filepath.Join(a, pack.Sums))
	if err != nil {
		return fmt.Errorf("comparing the builds: %w", err)
	}
	second, err := os.ReadFile(filepath.Join(b, pack.Sums))
	if err != nil {
		return fmt.Errorf("comparing the builds: %w", err)
	}
	if !bytes.Equal(first, second) {
		return fmt.Errorf("the build cannot be reproduced: the first gave\n%sand the second\n%s", first, second)
	}
	return nil
}

// verify looks at what a release has made.
func (r *release) verify(ctx context.Context, dir string) error {
	text, err := os.ReadFile(filepath.Join(r.tree, "CHANGELOG.md"))
	if err != nil {
		return fmt.Errorf("reading the change log: %w", err)
	}
	if _, err := changelog.Parse(string(text)); err != nil {
		return fmt.Errorf("CHANGELOG.md: %w", err)
	}
	for _, t := range r.targets {
		stem := t.stem(r.version)
		if err := r.unpack(stem, dir); err != nil {
			return fmt.Errorf("%s.tar.gz: %w", stem, err)
		}
		root := filepath.Join(dir, stem)
		for _, step := range []struct {
			what string
			do   func() error
		}{
			{"has all files", func() error { return r.complete(root) }},
			{"prints its version and runs the examples", func() error { return r.runs(ctx, t, root) }},
			{"needs no library", func() error { return static(filepath.Join(root, t.executable())) }},
			{"is made of what its bill of materials says", func() error { return agrees(ctx, t, root) }},
		} {
			if err := step.do(); err != nil {
				return fmt.Errorf("%s: %w", stem, err)
			}
			_, _ = fmt.Fprintf(r.log, "  %s %s\n", stem, step.what)
		}
	}
	return nil
}

// unpack extracts an archive, and checks that it says nothing of the machine.
func (r *release) unpack(stem, dir string) error {
	f, err := os.Open(filepath.Join(r.out, stem+".tar.gz"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	if !zr.ModTime.IsZero() || zr.Name != "" {
		return fmt.Errorf("its gzip header has the time %v and the name %q", zr.ModTime, zr.Name)
	}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case !h.ModTime.Equal(r.commit.Time) || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "":
			return fmt.Errorf("%s is of %v and of user %d %q, group %d %q", h.Name, h.ModTime, h.Uid, h.Uname, h.Gid, h.Gname)
		case !strings.HasPrefix(h.Name, stem+"/") || !filepath.IsLocal(h.Name):
			return fmt.Errorf("%s is not in the folder %s", h.Name, stem)
		}
		path := filepath.Join(dir, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = writeFile(path, tr, h.FileInfo().Mode())
		}
		if err != nil {
			return err
		}
	}
}

func writeFile(path string, r io.Reader, mode os.FileMode) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, mode)
}

// complete checks that the files of the repository are as committed, and that
// there are licences.
func (r *release) complete(root string) error {
	names := slices.Clone(carried.files)
	for _, folder := range carried.folders {
		more, err := filesBelow(r.tree, folder)
		if err != nil {
			return err
		}
		names = append(names, more...)
	}
	for _, file := range names {
		want, err := os.ReadFile(filepath.Join(r.tree, file))
		if err != nil {
			return err
		}
		have, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return err
		}
		if !bytes.Equal(want, have) {
			return fmt.Errorf("%s is not as committed", file)
		}
	}
	texts, err := os.ReadFile(filepath.Join(root, licencesFile))
	if err != nil {
		return err
	}
	for _, want := range []string{"redpanda-data/benthos", "Apache License", "Permission is hereby granted, free of charge"} {
		if !bytes.Contains(texts, []byte(want)) {
			return fmt.Errorf("%s does not have %q", licencesFile, want)
		}
	}
	return nil
}

// runs starts the binary: it prints the version it was stamped with, and
// accepts an example of its archive.
func (r *release) runs(ctx context.Context, t target, root string) error {
	binary := filepath.Join(root, t.executable())
	out, err := exec.CommandContext(ctx, binary, "--version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("running it with --version: %w: %s", err, out)
	}
	for _, want := range []string{t.stamp(r.version, r.commit.Hash), r.commit.Time.Format(time.RFC3339)} {
		if !bytes.Contains(out, []byte(want)) {
			return fmt.Errorf("--version prints %q, without %q", out, want)
		}
	}
	out, err = exec.CommandContext(ctx, binary, "lint", "--skip-env-var-check", filepath.Join(root, "config", "http-json-gzip.yaml")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("linting an example: %w: %s", err, out)
	}
	inputs, err := exec.CommandContext(ctx, binary, "list", "inputs").Output()
	if err != nil {
		return fmt.Errorf("listing its inputs: %w", err)
	}
	if has := bytes.Contains(inputs, []byte("- redpanda\n")); has != (t.suffix == "") {
		return fmt.Errorf("the variant %s has the Kafka inputs: %v\n%s", t.name, has, inputs)
	}
	return nil
}

// static checks that an executable of Linux starts without a dynamic linker.
func static(binary string) error {
	f, err := elf.Open(binary)
	if err != nil {
		var format *elf.FormatError
		if errors.As(err, &format) {
			return nil // another system, where nothing of C is linked either
		}
		return err
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			return fmt.Errorf("the binary needs a dynamic linker (%v)", p.Type)
		}
	}
	return nil
}

// agrees compares the bill of materials with what the go command says about
// the binary.
func agrees(ctx context.Context, t target, root string) error {
	text, err := os.ReadFile(filepath.Join(root, "sbom.cdx.json"))
	if err != nil {
		return err
	}
	var doc sbom.Document
	if err := json.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("reading the bill of materials: %w", err)
	}
	out, err := exec.CommandContext(ctx, "go", "version", "-m", filepath.Join(root, t.executable())).Output()
	if err != nil {
		return fmt.Errorf("asking go version -m: %w", err)
	}
	want := modulesOf(string(out))
	var have []string
	for _, c := range doc.Components {
		have = append(have, c.Name+" "+c.Version)
		if len(c.Licences) == 0 {
			return fmt.Errorf("the bill of materials has no licence for %s", c.Name)
		}
	}
	slices.Sort(have)
	if !slices.Equal(want, have) {
		return fmt.Errorf("go version -m names\n  %s\nand the bill of materials\n  %s", strings.Join(want, "\n  "), strings.Join(have, "\n  "))
	}
	return nil
}

// modulesOf reads what go version -m prints: modules and the version of Go.
func modulesOf(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case !strings.HasPrefix(line, "\t") && len(fields) > 0:
			all = append(all, "std "+strings.TrimPrefix(fields[len(fields)-1], "go"))
		case len(fields) > 2 && fields[0] == "dep":
			all = append(all, fields[1]+" "+fields[2])
		case len(fields) > 2 && fields[0] == "=>" && len(all) > 0:
			path, _, _ := strings.Cut(all[len(all)-1], " ")
			all[len(all)-1] = path + " " + fields[2]
		}
	}
	slices.Sort(all)
	return all
}
