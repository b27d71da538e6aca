package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/resources/release/internal/changelog"
	"github.com/s3-destination/s3-destination/resources/release/internal/licence"
	"github.com/s3-destination/s3-destination/resources/release/internal/pack"
	"github.com/s3-destination/s3-destination/resources/release/internal/sbom"
	"github.com/s3-destination/s3-destination/resources/release/internal/source"
)

// release is what is built, and where.
type release struct {
	version string
	commit  source.Commit
	// tree is a folder with the files of the commit and nothing else.
	tree string
	// out is an empty folder for what is made.
	out     string
	targets []target
	// env is added to the environment of the go command.
	env []string
	log io.Writer
}

// buildRelease makes the release of the commit that is checked out.
func buildRelease(ctx context.Context, version, out string, log io.Writer) error {
	commit, err := source.Head(ctx, ".")
	if err != nil {
		return err
	}
	if err := announce(ctx, version, commit, log); err != nil {
		return err
	}
	tree, err := os.MkdirTemp("", "s3-destination-release-*")
	if err != nil {
		return fmt.Errorf("making room for the source: %w", err)
	}
	defer func() { _ = os.RemoveAll(tree) }()
	if err := source.Export(ctx, ".", commit.Hash, tree); err != nil {
		return err
	}
	entry, err := entryOf(tree, version)
	if err != nil {
		return err
	}
	r := release{version: version, commit: commit, tree: tree, out: out, targets: targets(platforms), log: log}
	if err := r.make(ctx); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(log, "\n%s %s, %s\n\n%s\n", name, version, entry.Date.Format(time.DateOnly), entry.Body)
	return nil
}

// announce says what is released, and refuses a tag of this version that is
// somewhere else.
func announce(ctx context.Context, version string, commit source.Commit, log io.Writer) error {
	tagged, err := source.Tagged(ctx, ".", "v"+version)
	if err != nil {
		return err
	}
	if tagged != "" && tagged != commit.Hash {
		return fmt.Errorf("the tag v%s is at %s, and %s is checked out: check out the tag", version, tagged, commit.Hash)
	}
	_, _ = fmt.Fprintf(log, "releasing %s %s from commit %s of %s\n", name, version, commit.Hash, commit.Time.Format(time.RFC3339))
	if tagged == "" {
		_, _ = fmt.Fprintf(log, "there is no tag v%s yet\n", version)
	}
	changed, err := source.Changed(ctx, ".")
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		_, _ = fmt.Fprintf(log, "%d changed files are not committed, and so not released\n", len(changed))
	}
	return nil
}

// entryOf returns the section of a version in the change log.
func entryOf(tree, version string) (changelog.Entry, error) {
	text, err := os.ReadFile(filepath.Join(tree, "CHANGELOG.md"))
	if err != nil {
		return changelog.Entry{}, fmt.Errorf("reading the change log: %w", err)
	}
	entries, err := changelog.Parse(string(text))
	if err != nil {
		return changelog.Entry{}, fmt.Errorf("CHANGELOG.md: %w", err)
	}
	return changelog.Find(entries, version)
}

// make builds everything, and the checksums last.
func (r *release) make(ctx context.Context) error {
	rest, err := os.ReadDir(r.out)
	if err == nil && len(rest) > 0 {
		return fmt.Errorf("%s is not empty: make clean removes it", r.out)
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return fmt.Errorf("making room for the release: %w", err)
	}
	lister := licence.NewLister()
	rules, err := readRules(r.tree)
	if err != nil {
		return err
	}
	for _, t := range r.targets {
		began := time.Now()
		if err := r.makeTarget(ctx, t, lister, rules); err != nil {
			return fmt.Errorf("%s for %s: %w", t.name, t.platform, err)
		}
		_, _ = fmt.Fprintf(r.log, "  %-58s %3.0f s\n", t.stem(r.version), time.Since(began).Seconds())
	}
	return pack.WriteSums(r.out)
}

// makeTarget builds a binary and what goes with it: archive, bill of materials,
// licences.
func (r *release) makeTarget(ctx context.Context, t target, lister *licence.Lister, rules *licence.Rules) error {
	dir, err := os.MkdirTemp("", "s3-destination-build-*")
	if err != nil {
		return fmt.Errorf("making room for the binary: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, t.executable())
	env := append(t.env(), r.env...)
	if err := r.compile(ctx, t, env, binary); err != nil {
		return err
	}
	inv, err := lister.List(ctx, licence.Build{Dir: r.tree, Package: command, Env: env, Tags: t.tags})
	if err != nil {
		return err
	}
	if wrong := rules.Check(inv, t.name); len(wrong) > 0 {
		return fmt.Errorf("licences that are not allowed (make licence-check):\n%s", strings.Join(wrong, "\n"))
	}
	doc, err := sbom.Describe(sbom.Subject{Binary: binary, Name: name, Version: t.stamp(r.version, r.commit.Hash), Time: r.commit.Time, Inventory: inv})
	if err != nil {
		return err
	}
	bom, err := doc.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.out, t.stem(r.version)+".cdx.json"), bom, 0o644); err != nil {
		return fmt.Errorf("writing the bill of materials: %w", err)
	}
	files, err := r.contents(t, binary, inv)
	if err != nil {
		return err
	}
	return r.pack(t, append(files, pack.File{Name: "sbom.cdx.json", Body: bom}))
}

func (r *release) compile(ctx context.Context, t target, env []string, binary string) error {
	ldflags := fmt.Sprintf("-s -w -X main.version=%s -X main.date=%s", t.stamp(r.version, r.commit.Hash), r.commit.Time.Format(time.RFC3339))
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", t.tags, "-ldflags", ldflags, "-o", binary, command)
	cmd.Dir, cmd.Env = r.tree, env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building the binary: %w\n%s", err, stderr.Bytes())
	}
	return nil
}

// carried are the files of the repository that are in every archive, and the
// folders of which all files are.
var carried = struct{ files, folders []string }{
	files:   []string{"LICENSE", "NOTICE", "README.md", "CHANGELOG.md"},
	folders: []string{"config", "docs"},
}

// contents gathers the files of an archive.
func (r *release) contents(t target, binary string, inv *licence.Inventory) ([]pack.File, error) {
	var files []pack.File
	take := func(path, name string, executable bool) error {
		body, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("gathering the files of the archive: %w", err)
		}
		files = append(files, pack.File{Name: name, Body: body, Executable: executable})
		return nil
	}
	if err := take(binary, t.executable(), true); err != nil {
		return nil, err
	}
	for _, file := range carried.files {
		if err := take(filepath.Join(r.tree, file), file, false); err != nil {
			return nil, err
		}
	}
	for _, folder := range carried.folders {
		names, err := filesBelow(r.tree, folder)
		if err != nil {
			return nil, err
		}
		for _, file := range names {
			if err := take(filepath.Join(r.tree, file), file, false); err != nil {
				return nil, err
			}
		}
	}
	var texts bytes.Buffer
	title := fmt.Sprintf("Third-party software in %s %s for %s", name, t.stamp(r.version, r.commit.Hash), t.platform)
	if err := inv.WriteTexts(&texts, title); err != nil {
		return nil, err
	}
	return append(files, pack.File{Name: licencesFile, Body: texts.Bytes()}), nil
}

// filesBelow returns the files of a folder of the tree and those below it.
func filesBelow(tree, folder string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(filepath.Join(tree, folder), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(tree, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("gathering the files of the archive: %w", err)
	}
	return names, nil
}

// pack writes the archive. All files are in one folder of the archive's name.
func (r *release) pack(t target, files []pack.File) error {
	stem := t.stem(r.version)
	for i := range files {
		files[i].Name = stem + "/" + files[i].Name
	}
	var b bytes.Buffer
	if err := pack.TarGz(&b, files, r.commit.Time); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.out, stem+".tar.gz"), b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return nil
}
