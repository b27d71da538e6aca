//go:build release

package release

import (
	"debug/buildinfo"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// passesOnLicences checks that a folder has a text for every module that is
// linked, all notices, and the source of what is under the MPL.
func passesOnLicences(t *testing.T, dir string, files []file) {
	t.Helper()
	var names []string
	bodies := map[string]bool{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.ToSlash(strings.TrimPrefix(path, dir+"/")))
			bodies[read(t, path)] = true
		}
		return err
	}))
	has := func(prefix, suffix string) bool {
		for _, name := range names {
			if strings.HasPrefix(name, prefix+"/") && strings.HasSuffix(name, suffix) {
				return true
			}
		}
		return false
	}
	assert.True(t, has("std", "LICENSE") && has("std", "PATENTS"), "the texts of Go")
	source := map[string]bool{}
	for _, r := range rules(t) {
		source[r.module] = r.licence == "MPL-2.0"
	}
	seen := map[string]bool{us: true}
	for _, f := range files {
		if seen[f.module] {
			continue
		}
		seen[f.module] = true
		assert.True(t, has(f.module, ""), "no text of %s", f.module)
		for module, needed := range source {
			if needed && strings.HasPrefix(f.module, module) {
				assert.True(t, has(f.module, ".go"), "no source of %s", f.module)
			}
		}
	}
	for _, n := range notices(t, files) {
		assert.True(t, bodies[read(t, n.name)], "the notice %s is missing", n.name)
	}
}

// agrees compares the bill of materials with what the binary says of itself.
func agrees(t *testing.T, bom, binary string) {
	t.Helper()
	info, err := buildinfo.ReadFile(binary)
	require.NoError(t, err)
	want := []string{"std " + info.GoVersion}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		want = append(want, d.Path+" "+d.Version)
	}
	var doc struct {
		SerialNumber string
		Components   []struct {
			Name, Version string
			Licenses      []struct{ Expression string }
		}
		Metadata struct {
			Timestamp  string
			Tools      []struct{ Name, Version string }
			Properties []struct{ Name, Value string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, bom)), &doc))
	var have []string
	for _, c := range doc.Components {
		have = append(have, c.Name+" "+c.Version)
		assert.True(t, len(c.Licenses) == 1 && c.Licenses[0].Expression != "", "no licence for %s", c.Name)
	}
	assert.ElementsMatch(t, want, have)
	properties := map[string]string{}
	for _, p := range doc.Metadata.Properties {
		properties[p.Name] = p.Value
	}
	assert.Equal(t, sum(t, binary), properties["cdx:gomod:binary:hash:SHA-256"])
	assert.True(t, strings.HasPrefix(doc.SerialNumber, "urn:uuid:"+sum(t, binary)[:8]), doc.SerialNumber)
	assert.Len(t, doc.Metadata.Tools, 1)
}
