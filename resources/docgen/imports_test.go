package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImportsAreDrawnWithoutThoseThatFollow(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("plugin/p.go", "package plugin\nimport (\n\"fmt\"\n\""+module+"internal/a\"\n\""+module+"internal/c\"\n)\n")
	write("plugin/p_test.go", "package plugin\nimport \""+module+"internal/d\"\n")
	write("internal/a/a.go", "package a\nimport \""+module+"internal/b/nested\"\n")
	write("internal/b/nested/n.go", "package nested\nimport (\n\""+module+"internal/b\"\n\""+module+"internal/c\"\n)\n")
	write("internal/c/c.go", "package c\nimport \""+module+"internal/testutil/x\"\n")
	write("internal/testutil/x/x.go", "package x\nimport \""+module+"internal/a\"\n")
	found, err := importsOf(root, "plugin", "internal")
	require.NoError(t, err)
	const picture = "```mermaid\nflowchart TD\n  a --> b\n  b --> c\n  plugin --> a\n```\n"
	assert.Equal(t, picture, found.drawing(), "plugin imports c through a and b")

	write("page.md", "# P\n"+drawingBegins+"old\n"+drawingEnds+"rest\n")
	write("cmd/s3-destination/main.go", "package main\n")
	require.NoError(t, draw(root, "page.md"))
	text, err := os.ReadFile(filepath.Join(root, "page.md"))
	require.NoError(t, err)
	assert.Equal(t, "# P\n"+drawingBegins+picture+drawingEnds+"rest\n", string(text))
	write("internal/c/below/b.go", "package below\nimport \""+module+"internal/a\"\n")
	require.ErrorContains(t, draw(root, "page.md"), "in and below a import what imports them")
	require.NoError(t, os.RemoveAll(filepath.Join(root, "internal/c/below")))
	write("page.md", "# P\n")
	assert.ErrorContains(t, draw(root, "page.md"), "no place for the picture")
}
