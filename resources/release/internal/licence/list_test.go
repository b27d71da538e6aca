package licence

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func list(t *testing.T, dir, pkg, tags string, env ...string) *Inventory {
	t.Helper()
	env = append(os.Environ(), append(env, "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")...)
	inv, err := NewLister().List(t.Context(), Build{Dir: dir, Package: pkg, Tags: tags, Env: env})
	require.NoError(t, err)
	return inv
}

// released lists what a package of ours is made of in a release.
func released(t *testing.T, pkg, tags string) *Inventory {
	t.Helper()
	return list(t, "../../../..", pkg, tags, "GOFLAGS=-modfile=release.mod")
}

func (inv *Inventory) module(t *testing.T, path string) *Module {
	t.Helper()
	at := slices.IndexFunc(inv.Modules, func(m *Module) bool { return m.Path == path })
	require.GreaterOrEqual(t, at, 0, "%s is not listed", path)
	return inv.Modules[at]
}

const connect = "github.com/redpanda-data/connect/v4"

// TestTheFilesThatAreNotOpenSource holds NOTICE to its word: five files with
// Kafka, none without.
func TestTheFilesThatAreNotOpenSource(t *testing.T) {
	m := released(t, "./cmd/s3-destination", "").module(t, connect)
	assert.Equal(t, []string{"Apache-2.0"}, m.Licences)
	assert.Equal(t, []File{
		{Name: "internal/impl/protobuf/common/decode_common.go", Licence: Business},
		{Name: "internal/impl/protobuf/common/decode_dynamicpb.go", Licence: Business},
		{Name: "internal/impl/protobuf/common/decode_hyperpb.go", Licence: Business},
		{Name: "internal/impl/protobuf/common/structured.go", Licence: Business},
		{Name: "internal/serviceaccount/oauth2.go", Licence: Redpanda},
	}, m.Others)
	var texts []string
	for _, text := range m.Texts {
		texts = append(texts, text.Name)
	}
	assert.Equal(t, []string{"licenses/Apache-2.0.txt", "licenses/rcl.md"}, texts)

	m = released(t, "./cmd/s3-destination", "nokafka").module(t, connect)
	assert.Empty(t, m.Others)
	assert.Equal(t, "Apache-2.0", m.Names())
}

// TestWhatThePackageNeedsIsOpenSource is the same for users of the package.
func TestWhatThePackageNeedsIsOpenSource(t *testing.T) {
	inv := released(t, "./plugin", "")
	assert.False(t, slices.ContainsFunc(inv.Modules, func(m *Module) bool { return m.Path == connect }))
	open := rules(t, "Apache-2.0\nBSD-2-Clause\nBSD-3-Clause\nISC\nMIT\nMPL-2.0")
	assert.Empty(t, open.Check(inv, ""))
	assert.Equal(t, []string{"BSD-3-Clause"}, inv.module(t, Std).Licences)
	assert.Contains(t, inv.module(t, "github.com/s3-destination/s3-destination").Needs, "github.com/aws/smithy-go")
}

// tree writes a module with a dependency that is a folder of it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{
		"go.mod":          "module example.com/main\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n\nreplace example.com/dep => ./dep\n",
		"main.go":         "package main\n\nimport _ \"example.com/dep/a\"\n\nfunc main() {}\n",
		"LICENSE":         "Permission is hereby granted, free of charge, to any person obtaining a copy",
		"dep/go.mod":      "module example.com/dep\n\ngo 1.26\n",
		"dep/a/a.go":      "package a\n\nimport _ \"example.com/dep/a/b\"\n",
		"dep/a/b/b.go":    "package b\n",
		"dep/c/c.go":      "package c\n",
		"dep/c/LICENSE":   "GNU General Public License",
		"dep/LICENSE.txt": "Permission is hereby granted, free of charge, to any person obtaining a copy",
	}
	for name, body := range files {
		all[name] = body
	}
	for name, body := range all {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(body), 0o600))
	}
	return dir
}

func TestTextsBetweenPackageAndModuleCount(t *testing.T) {
	isc := "Permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted"
	m := list(t, tree(t, map[string]string{"dep/a/b/COPYING": isc, "dep/NOTICE": "Who made it."}), ".", "").module(t, "example.com/dep")
	assert.Equal(t, []string{"ISC", "MIT"}, m.Licences, "what is not linked does not count")
	var names []string
	for _, text := range m.Texts {
		names = append(names, text.Name)
	}
	assert.Equal(t, []string{"LICENSE.txt", "NOTICE", "a/b/COPYING"}, names)
}

func TestFilesThatSayOtherwiseAreNamed(t *testing.T) {
	m := list(t, tree(t, map[string]string{
		"dep/a/other.go": "// Licensed under the GNU Affero General Public License.\npackage a\n",
		"dep/a/same.go":  "// MIT License\npackage a\n",
	}), ".", "").module(t, "example.com/dep")
	assert.Equal(t, []File{{Name: "a/other.go", Licence: "AGPL"}}, m.Others)
	assert.Equal(t, "AGPL AND MIT", m.Names())
}

func TestWithoutATextTheHeadersDecideAndSilenceIsUnknown(t *testing.T) {
	dir := tree(t, map[string]string{"dep/a/b/b.go": "// MIT License\npackage b\n"})
	require.NoError(t, os.Remove(filepath.Join(dir, "dep", "LICENSE.txt")))
	m := list(t, dir, ".", "").module(t, "example.com/dep")
	assert.Equal(t, []string{"MIT"}, m.Licences)
	assert.Equal(t, []File{{Name: "a/a.go", Licence: Unknown}}, m.Others)
	assert.Empty(t, m.Texts)
}

func TestTheReportHasEveryTextOnce(t *testing.T) {
	inv := list(t, tree(t, map[string]string{"dep/a/LICENSE": "Permission is hereby granted, free of charge, to any person obtaining a copy"}), ".", "")
	var out bytes.Buffer
	require.NoError(t, inv.WriteTexts(&out, "Title"))
	assert.Equal(t, 1, bytes.Count(out.Bytes(), []byte("Permission is hereby granted")))
	assert.Contains(t, out.String(), "example.com/dep (devel): LICENSE.txt\nexample.com/dep (devel): a/LICENSE\n")
	assert.Contains(t, out.String(), "\nexample.com/main  -  ")
	assert.Contains(t, out.String(), "std "+inv.module(t, Std).Version+": LICENSE\n")
}

func TestMergedInventoriesHaveEverythingOfBoth(t *testing.T) {
	a := list(t, tree(t, nil), ".", "")
	b := list(t, tree(t, map[string]string{
		"dep/a/x.go":     "// BSD-style license\npackage a\n",
		"dep/a/b/NOTICE": "x",
	}), ".", "")
	m := Merge(a, b).module(t, "example.com/dep")
	assert.Equal(t, "BSD-3-Clause AND MIT", m.Names())
	assert.Len(t, m.Texts, 2)
	assert.Empty(t, a.module(t, "example.com/dep").Others, "the parts are as they were")
}
