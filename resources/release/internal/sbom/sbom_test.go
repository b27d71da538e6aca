package sbom

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/resources/release/internal/licence"
)

// subject builds a program with one dependency, a folder of its own.
func subject(t *testing.T) Subject {
	t.Helper()
	dir := t.TempDir()
	mit := "Permission is hereby granted, free of charge, to any person obtaining a copy"
	for name, body := range map[string]string{
		"go.mod":      "module example.com/main\n\ngo 1.26\n\nrequire example.com/dep v1.0.0\n\nreplace example.com/dep => ./dep\n",
		"main.go":     "package main\n\nimport _ \"example.com/dep\"\n\nfunc main() {}\n",
		"LICENSE":     mit,
		"dep/go.mod":  "module example.com/dep\n\ngo 1.26\n",
		"dep/dep.go":  "package dep\n",
		"dep/LICENSE": mit,
		"dep/isc.go":  "// SPDX-License-Identifier: ISC\npackage dep\n",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(body), 0o600))
	}
	env := append(os.Environ(), "CGO_ENABLED=0")
	binary := filepath.Join(dir, "program")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", binary, ".")
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	inv, err := licence.NewLister().List(t.Context(), licence.Build{Dir: dir, Package: ".", Env: env})
	require.NoError(t, err)
	return Subject{Binary: binary, Name: "program", Version: "1.2.3+abc", Time: time.Unix(1_700_000_000, 0).UTC(), Inventory: inv}
}

func TestABinaryIsDescribed(t *testing.T) {
	s := subject(t)
	doc, err := Describe(s)
	require.NoError(t, err)
	assert.Equal(t, "CycloneDX", doc.Format)
	assert.Equal(t, "2023-11-14T22:13:20Z", doc.Metadata.Timestamp)
	assert.Regexp(t, `^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, doc.SerialNumber)

	root := doc.Metadata.Component
	assert.Equal(t, "application", root.Type)
	assert.Equal(t, "pkg:golang/example.com/main@1.2.3%2Babc", root.PURL)
	assert.Len(t, root.Hashes[0].Content, 64)

	var names []string
	for _, c := range doc.Components {
		names = append(names, c.Name)
	}
	assert.Equal(t, []string{"example.com/dep", licence.Std}, names)
	dep := doc.Components[0]
	assert.Equal(t, []Licence{{"ISC AND MIT"}}, dep.Licences)
	assert.Contains(t, dep.Properties, Property{"licence:isc.go", "ISC"})
	assert.Equal(t, Dependency{Ref: root.Ref, DependsOn: []string{dep.Ref}}, doc.Dependencies[1])
}

func TestTheDescriptionIsReproducible(t *testing.T) {
	s := subject(t)
	var texts [2][]byte
	for i := range texts {
		doc, err := Describe(s)
		require.NoError(t, err)
		texts[i], err = doc.Encode()
		require.NoError(t, err)
	}
	assert.Equal(t, string(texts[0]), string(texts[1]))
	assert.NotContains(t, string(texts[0]), filepath.Dir(s.Binary), "it names no folder of this machine")
}

func TestBinaryAndListMustAgree(t *testing.T) {
	tests := map[string]struct {
		change func(*licence.Inventory)
		want   string
	}{
		"a module that was not listed": {
			func(inv *licence.Inventory) { inv.Modules = append(inv.Modules[1:2:2], inv.Modules[2]) },
			"the binary has the module example.com/dep",
		},
		"a module too many": {
			func(inv *licence.Inventory) {
				inv.Modules = append(inv.Modules, &licence.Module{Path: "example.com/ghost"})
			},
			"the binary has 2 modules, and the list of packages 3",
		},
		"another version":       {func(inv *licence.Inventory) { inv.Modules[0].Version = "v9.0.0" }, "and the list of packages v9.0.0"},
		"another Go":            {func(inv *licence.Inventory) { inv.Modules[2].Version = "1.0" }, "were listed with 1.0"},
		"of another repository": {func(inv *licence.Inventory) { inv.Modules[1].Main = false }, `of the module "example.com/main"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := subject(t)
			test.change(s.Inventory)
			_, err := Describe(s)
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := Describe(Subject{Binary: filepath.Join(t.TempDir(), "none")})
	require.ErrorContains(t, err, "reading what")
}
