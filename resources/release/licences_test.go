package release

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// notOpen are the files of Redpanda Connect that are not open source, which
// NOTICE and docs/releasing.md name.
var notOpen = map[string]string{
	"internal/impl/protobuf/common/decode_common.go":    "business source license",
	"internal/impl/protobuf/common/decode_dynamicpb.go": "business source license",
	"internal/impl/protobuf/common/decode_hyperpb.go":   "business source license",
	"internal/impl/protobuf/common/structured.go":       "business source license",
	"internal/serviceaccount/oauth2.go":                 "redpanda community license",
}

func TestTheFilesThatAreNotOpenSource(t *testing.T) {
	notice := read(t, filepath.Join(root, "NOTICE"))
	releasing := read(t, filepath.Join(root, "docs/releasing.md"))
	for name := range notOpen {
		assert.True(t, strings.Contains(notice, name) && strings.Contains(releasing, filepath.Base(name)), "NOTICE or docs/releasing.md does not name %s", name)
	}
	for i, platform := range platforms(t) {
		if !long.Takes(i, 9) {
			continue
		}
		assert.Equal(t, notOpen, notAllowed(t, linked(t, "./cmd/s3-destination", "", platform)), "with Kafka on %s", platform)
		assert.Empty(t, notAllowed(t, linked(t, "./cmd/s3-destination", "nokafka", platform)), "without Kafka on %s", platform)
	}
}

// TestWhatThePackageNeedsIsOpenSource is the same for users of the package.
func TestWhatThePackageNeedsIsOpenSource(t *testing.T) {
	files := linked(t, "./plugin", "", "linux_amd64")
	assert.Empty(t, notAllowed(t, files))
	for _, f := range files {
		require.NotEqual(t, connect, f.module)
	}
}

// TestNoticeNamesWhatItMust: every licence, modules with a rule of their own,
// and modules with a notice to pass on. A rule that nothing needs is no rule
// for long, see TestLicencesAreAllowed.
func TestNoticeNamesWhatItMust(t *testing.T) {
	notice := read(t, filepath.Join(root, "NOTICE"))
	missing := map[string]bool{}
	must := func(name, why string) {
		if !strings.Contains(notice, name) {
			missing[name+", "+why] = true
		}
	}
	for _, r := range rules(t) {
		if r.licence != unknown {
			must(family(r.licence), "a licence")
		}
		if r.module != "" {
			must(short(r.module), "which has a rule of its own")
		}
	}
	for i, platform := range platforms(t) {
		if !long.Takes(i, 9) {
			continue
		}
		for _, tags := range []string{"", "nokafka"} {
			for _, n := range notices(t, linked(t, "./cmd/s3-destination", tags, platform)) {
				must(short(n.module), "which has a notice to pass on")
			}
		}
	}
	assert.Empty(t, missing, "NOTICE does not name these")
}

// notices are the notices beside linked packages of others, and above them.
func notices(t *testing.T, files []file) []file {
	t.Helper()
	var found []file
	seen := map[string]bool{}
	for _, f := range files {
		for dir := filepath.Dir(f.name); !seen[dir] && strings.HasPrefix(dir, f.dir) && f.module != us; dir = filepath.Dir(dir) {
			seen[dir] = true
			names, err := filepath.Glob(filepath.Join(dir, "[Nn][Oo][Tt][Ii][Cc][Ee]*"))
			require.NoError(t, err)
			for _, name := range names {
				found = append(found, file{f.module, f.dir, name})
			}
		}
	}
	return found
}

// headers remembers what named has found; most files are in every binary.
var headers = map[string][]string{}

// notAllowed returns the files whose header names a licence that is not
// allowed, and those of Redpanda Connect, which has no licence of its own, that
// name none.
func notAllowed(t *testing.T, files []file) map[string]string {
	t.Helper()
	allowed := rules(t)
	found := map[string]string{}
	for _, f := range files {
		name, err := filepath.Rel(f.dir, f.name)
		require.NoError(t, err)
		if name = filepath.ToSlash(name); f.module != connect {
			name = f.module + "/" + name
		}
		ids, ok := headers[f.name]
		if !ok {
			ids = named(read(t, f.name))
			headers[f.name] = ids
		}
		if len(ids) == 0 && f.module == connect {
			found[name] = "no licence"
		}
		for _, id := range ids {
			if allowed.find(id, f.module) == nil {
				found[name] = id
			}
		}
	}
	return found
}

var (
	clause = regexp.MustCompile(`(?m)^package `)
	spdx   = regexp.MustCompile(`SPDX-License-Identifier:[ \t]*([^\n]*)`)
	// phrases are how headers name licences that are allowed here and there; the
	// licences of alarms are allowed nowhere.
	phrases = map[string]string{"apache license version 2 0": "Apache-2.0", "mozilla public license": "MPL-2.0"}
)

// named returns the licences that a source file names before its package
// clause.
func named(text string) []string {
	if at := clause.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	text = text[:min(len(text), 8<<10)]
	ids := alarmed(text)
	for phrase, id := range phrases {
		if strings.Contains(words(text), phrase) {
			ids = append(ids, id)
		}
	}
	for _, m := range spdx.FindAllStringSubmatch(text, -1) {
		for word := range strings.FieldsSeq(strings.Trim(m[1], "*/ \t")) {
			if word = strings.Trim(word, "()"); word != "AND" && word != "OR" {
				ids = append(ids, word)
			}
		}
	}
	return ids
}

func TestHeadersAreReadToThePackageClause(t *testing.T) {
	assert.Equal(t, []string{"gnu general public license"}, named("// Under the GNU\n// General Public License.\n\npackage a\n\n// Elastic License\n"))
	assert.Equal(t, []string{"Apache-2.0"}, named("// Licensed under the Apache License, Version 2.0\n\npackage a\n"))
	assert.Equal(t, []string{"MIT", "CC0-1.0"}, named("/* SPDX-License-Identifier: (MIT OR CC0-1.0) */\npackage a\n"))
	assert.Empty(t, named("package a\n// GNU General Public License\n"))
	assert.Empty(t, named("// Nothing.\n\npackage a\n"))
}

// family is the name by which people know a licence.
func family(id string) string {
	if strings.HasPrefix(id, "BSD-") {
		return "BSD"
	}
	return id
}

// short is a module's path as NOTICE names it.
func short(path string) string {
	path = strings.TrimPrefix(path, "github.com/")
	if at := strings.LastIndex(path, "/v"); at > 0 && strings.Trim(path[at+2:], "0123456789") == "" {
		path = path[:at]
	}
	return path
}
