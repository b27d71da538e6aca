package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// pkg is a package with its syntax and types, without its tests.
type pkg struct {
	path string // as go list names it
	rel  string // below the root of the module
	dir  string
	name string
	fset *token.FileSet
	info *types.Info
	// files are the sources by their path.
	files map[string]*source
}

type source struct {
	path string
	text []byte
	ast  *ast.File
}

// listed is what we ask of go list.
type listed struct {
	ImportPath, Dir, Name, Export string
	GoFiles                       []string
	DepOnly                       bool
	Module                        *struct{ Dir string }
}

// load reads and type-checks the package in a directory below the root of the
// module.
func load(ctx context.Context, root, rel string) (*pkg, error) {
	found, err := goList(ctx, root, rel)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	var p *pkg
	var names []string
	for _, l := range found {
		exports[l.ImportPath] = l.Export
		if !l.DepOnly {
			p = &pkg{path: l.ImportPath, rel: filepath.ToSlash(filepath.Clean(rel)), dir: l.Dir, name: l.Name, fset: token.NewFileSet(), files: map[string]*source{}}
			names = l.GoFiles
		}
	}
	if p == nil {
		return nil, fmt.Errorf("there is no package in %s", rel)
	}
	for _, name := range names {
		s := &source{path: filepath.Join(p.dir, name)}
		if s.text, err = os.ReadFile(s.path); err != nil {
			return nil, fmt.Errorf("reading %s: %w", rel, err)
		}
		if s.ast, err = parser.ParseFile(p.fset, s.path, s.text, parser.SkipObjectResolution); err != nil {
			return nil, fmt.Errorf("parsing %s: %w", rel, err)
		}
		p.files[s.path] = s
	}
	return p, p.check(exports)
}

func goList(ctx context.Context, root, rel string) ([]listed, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-json=ImportPath,Dir,Name,Export,GoFiles,DepOnly", "./"+filepath.ToSlash(rel))
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w: %s", rel, err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		switch err := dec.Decode(&l); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("reading what go list says of %s: %w", rel, err)
		}
		all = append(all, l)
	}
}

// check finds the types, of imports from what the compiler left of them.
func (p *pkg) check(exports map[string]string) error {
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	var files []*ast.File
	for _, s := range p.files {
		files = append(files, s.ast)
	}
	if _, err := conf.Check(p.path, p.fset, files, p.info); err != nil {
		return fmt.Errorf("checking the types of %s: %w", p.rel, err)
	}
	return nil
}
