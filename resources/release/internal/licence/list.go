package licence

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Std names the standard library where a module is named otherwise.
const Std = "std"

// Build is a build whose parts are listed.
type Build struct {
	// Dir is the root of the main module, Package what is built in it.
	Dir, Package string
	// Env is the environment of the go command, with GOOS, GOARCH and
	// CGO_ENABLED as they are for the build.
	Env []string
	// Tags are build tags, with commas between them.
	Tags string
}

// Inventory is what is linked into a binary.
type Inventory struct {
	// Modules are sorted by path. The main module and the standard library are
	// among them.
	Modules []*Module
}

// Module is a module of which packages are linked.
type Module struct {
	Path    string
	Version string
	Main    bool
	// Licences are the SPDX names found in its texts, or in the headers of its
	// files where it has no text.
	Licences []string
	// Texts are the licences, notices and patent grants beside its packages.
	Texts []Text
	// Others are linked files that name a licence in their header that is not
	// among Licences.
	Others []File
	// Needs are the paths of the modules that its linked packages import.
	Needs []string

	dir   string
	files []string
}

// Text is a file that has to be passed on.
type Text struct {
	// Name is the path of the file below its module.
	Name string
	Body string
	// Licences are what Detect found; nil for notices and patent grants.
	Licences []string
}

// File is a file with a licence of its own.
type File struct {
	Name    string
	Licence string
}

// Lister lists builds. It remembers files, so that the many builds of a release
// do not take that many times as long. It is not for concurrent use.
type Lister struct {
	headers map[string][]string
	texts   map[string]Text
}

// NewLister returns a Lister that knows no files.
func NewLister() *Lister {
	return &Lister{headers: map[string][]string{}, texts: map[string]Text{}}
}

// listed is what go list says about a package.
type listed struct {
	ImportPath string
	Dir        string
	Standard   bool
	Module     *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Path, Version string }
	}
	GoFiles, SFiles, CFiles, HFiles, CgoFiles []string
	Imports                                   []string
}

// List returns what goes into a build.
func (l *Lister) List(ctx context.Context, b Build) (*Inventory, error) {
	packages, err := packagesOf(ctx, b)
	if err != nil {
		return nil, err
	}
	std, err := standardLibrary(ctx, b)
	if err != nil {
		return nil, err
	}
	modules := map[string]*Module{Std: std}
	owner := map[string]string{}
	for _, p := range packages {
		if p.Standard {
			owner[p.ImportPath] = Std
			continue
		}
		owner[p.ImportPath] = p.Module.Path
		if err := l.add(modules, p); err != nil {
			return nil, err
		}
	}
	for _, p := range packages {
		m := modules[owner[p.ImportPath]]
		for _, path := range p.Imports {
			if need := owner[path]; need != "" && need != m.Path {
				m.Needs = append(m.Needs, need)
			}
		}
	}
	inv := &Inventory{}
	for _, m := range modules {
		if err := l.judge(m); err != nil {
			return nil, err
		}
		slices.Sort(m.Needs)
		m.Needs = slices.Compact(m.Needs)
		inv.Modules = append(inv.Modules, m)
	}
	slices.SortFunc(inv.Modules, func(a, b *Module) int { return strings.Compare(a.Path, b.Path) })
	return inv, nil
}

func packagesOf(ctx context.Context, b Build) ([]listed, error) {
	out, err := goCommand(ctx, b, "list", "-deps", "-tags", b.Tags,
		"-json=ImportPath,Dir,Standard,Module,GoFiles,SFiles,CFiles,HFiles,CgoFiles,Imports", b.Package)
	if err != nil {
		return nil, fmt.Errorf("listing the packages of %s: %w", b.Package, err)
	}
	var packages []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages, nil
		case err != nil:
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		case !p.Standard && p.Module == nil:
			return nil, fmt.Errorf("the package %s belongs to no module: run this in a module, without a vendor folder", p.ImportPath)
		}
		packages = append(packages, p)
	}
}

// standardLibrary returns Go itself as a module.
func standardLibrary(ctx context.Context, b Build) (*Module, error) {
	out, err := goCommand(ctx, b, "env", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, fmt.Errorf("asking for the version of Go: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 2 {
		return nil, fmt.Errorf("asking for the version of Go: unexpected answer %q", out)
	}
	m := &Module{Path: Std, Version: strings.TrimPrefix(lines[1], "go"), dir: lines[0]}
	for _, name := range []string{"LICENSE", "PATENTS"} {
		body, err := os.ReadFile(filepath.Join(m.dir, name))
		if err != nil {
			return nil, fmt.Errorf("reading the licence of Go (a distribution of Go from go.dev has it): %w", err)
		}
		m.Texts = append(m.Texts, textOf(name, string(body)))
	}
	return m, nil
}

func goCommand(ctx context.Context, b Build, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = b.Dir, b.Env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

// add counts a package in: its files, and the texts in its folder and those
// above it, up to the root of its module.
func (l *Lister) add(modules map[string]*Module, p listed) error {
	m := modules[p.Module.Path]
	if m == nil {
		m = &Module{Path: p.Module.Path, Version: p.Module.Version, Main: p.Module.Main, dir: p.Module.Dir}
		if r := p.Module.Replace; r != nil {
			m.Version = cmp.Or(r.Version, "(devel)") // a folder has no version
		}
		modules[m.Path] = m
	}
	for _, names := range [][]string{p.GoFiles, p.SFiles, p.CFiles, p.HFiles, p.CgoFiles} {
		for _, name := range names {
			m.files = append(m.files, filepath.Join(p.Dir, name))
		}
	}
	for dir := p.Dir; ; dir = filepath.Dir(dir) {
		if err := l.collect(m, dir); err != nil {
			return err
		}
		if dir == m.dir || dir == filepath.Dir(dir) {
			return nil
		}
	}
}
