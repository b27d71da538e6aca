package yamlfile

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func lookup(name string) (string, bool) {
	v, ok := map[string]string{"A": "a", "EMPTY": "", "LINES": "x\ny", "B64": "aGk="}[name]
	return v, ok
}

func read(text string) *File { return Read("f.yaml", []byte(text), lookup) }

func TestVariablesAreReplaced(t *testing.T) {
	for text, want := range map[string]string{
		"x: ${A}": "x: a", "x: ${A:b}": "x: a", "x: ${EMPTY:b}": "x: b", "x: ${NONE:b}": "x: b", "x: ${NONE:}": "x: ",
		"x: ${LINES}": `x: x\ny`, "x: ${B64|base64decode}": "x: hi", "x: ${NONE:aGk=|base64decode}": "x: hi",
		"x: ${{A}}": "x: ${A}", "x: ${! json(\"a\") }": "x: ${! json(\"a\") }", "x: ${EMPTY}": "x: ",
	} {
		f := read(text)
		assert.Equal(t, want, string(f.Text), text)
		assert.Empty(t, f.Unset, text)
	}
}

func TestVariablesWithoutAValueAreNamedAtTheirPlace(t *testing.T) {
	f := read("a: 1\noutput:\n  folder: x/${NONE}/${A}\n")
	require.Len(t, f.Unset, 1)
	assert.Equal(t, Variable{Name: "NONE", Place: Place{Line: 3, Column: 13}, Setting: "folder"}, f.Unset[0])
}

func TestPlacesOfPaths(t *testing.T) {
	f := read("a: 1\nb:\n  c:\n    - d: 1\n    - {e: 2, f: 3}\n")
	for path, want := range map[string]Place{
		"a": {Line: 1, Column: 1}, "b.c": {Line: 3, Column: 3}, "b.c[1].f": {Line: 5, Column: 14},
		"b.c[1].missing": {Line: 5, Column: 7}, "nothing": {Line: 1, Column: 1},
	} {
		assert.Equal(t, want, f.Find(path), path)
	}
	assert.Equal(t, "b.c[1]", f.PathAt(5, false))
	assert.Equal(t, "b.c[1].f", f.PathAt(5, true))
	assert.Equal(t, "b.c[1].f", f.PathAt(9, true), "the last before it")
}

func TestOverridesAreThoseOfTheCommandLine(t *testing.T) {
	lists := func(path []string) bool { return path[len(path)-1] == "topics" }
	for override, want := range map[string]string{
		"a.b=2":           "a:\n    b: 2\nl:\n    - x\n",
		"a.c.d=text":      "a:\n    b: 1\n    c:\n        d: text\nl:\n    - x\n",
		"l.0=y":           "a:\n    b: 1\nl:\n    - y\n",
		"l.-=y":           "a:\n    b: 1\nl:\n    - x\n    - \"y\"\n",
		"topics=t":        "a:\n    b: 1\nl:\n    - x\ntopics:\n    - t\n",
		"topics=[t, u]":   "a:\n    b: 1\nl:\n    - x\ntopics: [t, u]\n",
		"a.x~1y={z: [1]}": "a:\n    b: 1\n    x.y: {z: [1]}\nl:\n    - x\n",
	} {
		f := read("a:\n    b: 1\nl:\n    - x\n")
		require.NoError(t, f.Set(override, lists), override)
		text, err := yaml.Marshal(f.Root)
		require.NoError(t, err)
		assert.YAMLEq(t, want, string(text), override)
	}
	for _, override := range []string{"", "a", "=x", "a=", "l.5=x", "l.x=y", "a=[1"} {
		require.Error(t, read("a: 1\nl: [x]\n").Set(override, lists), override)
	}
	f := read("a: {b: 1}\n")
	require.NoError(t, f.Set("a.b=2", lists))
	assert.Equal(t, "a.b=2", f.Find("a.b").Set)
	require.NoError(t, f.Set("n.m=2", lists))
	assert.Equal(t, "n.m=2", f.Find("n.m").Set)
}

func TestWhatIsWrittenAgainKeepsItsPlaces(t *testing.T) {
	f := read("# a comment\na: 1\n\n\nb: {c: 1,\n  d: 2}\nl:\n- x\n- y\n")
	require.NoError(t, f.Set("z=1", func([]string) bool { return false }))
	text, lines, err := f.Written()
	require.NoError(t, err)
	again := read(string(text))
	for _, path := range []string{"a", "b", "b.d", "l[1]"} {
		assert.Equal(t, f.Find(path).Line, lines[again.Find(path).Line].Line, path)
	}
}

func TestTreesAreResolved(t *testing.T) {
	f := read("base: &b {x: 1, y: 2}\na: *b\nm: {<<: *b, y: 3}\nn: {<<: [*b, {z: 4}]}\nself: &s {again: *s}\n")
	text, err := yaml.Marshal(Resolved(Child(f.Root, "a")))
	require.NoError(t, err)
	assert.YAMLEq(t, "{x: 1, y: 2}", string(text))
	text, err = yaml.Marshal(Resolved(Child(f.Root, "m")))
	require.NoError(t, err)
	assert.YAMLEq(t, "{x: 1, y: 3}", string(text))
	text, err = yaml.Marshal(Resolved(Child(f.Root, "n")))
	require.NoError(t, err)
	assert.YAMLEq(t, "{x: 1, y: 2, z: 4}", string(text))
	assert.NotNil(t, Resolved(Child(f.Root, "self")), "and ends")
}

func TestPathsAreRemoved(t *testing.T) {
	for path, want := range map[string]string{"a.b": "{a: {c: [1, 2]}}", "a.c[0]": "{a: {b: 1, c: [2]}}", "a.x.y": "{a: {b: 1, c: [1, 2]}}", "a": "{}"} {
		f := read("a: {b: 1, c: [1, 2]}")
		Remove(f.Root, path)
		text, err := yaml.Marshal(f.Root)
		require.NoError(t, err)
		assert.YAMLEq(t, want, string(text), path)
	}
}

// TestSoundFilesAreNotMended: what is YAML is not touched.
func TestSoundFilesAreNotMended(t *testing.T) {
	for _, text := range []string{
		"a: \"b\" # a comment\n", "a: {b: c}\n", "a: http://x:1/y\n", "a: >\n  b: c\n  *d\n", "- a\n- b: c\n",
	} {
		assert.Equal(t, text, string(read(text).Text), text)
	}
}
