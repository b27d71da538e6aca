package licence

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// text reads a file of a module that this module needs anyway.
func text(t *testing.T, module, name string) string {
	t.Helper()
	list := func() string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
		require.NoError(t, err)
		return strings.TrimSpace(string(out))
	}
	dir := list()
	if dir == "" { // this test was built with another version
		require.NoError(t, exec.CommandContext(t.Context(), "go", "mod", "download", module).Run())
		dir = list()
	}
	body, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(body)
}

func TestLicencesAreToldApart(t *testing.T) {
	tests := []struct {
		module, file string
		want         []string
	}{
		{"github.com/s3-destination/s3-destination", "LICENSE", []string{"Apache-2.0"}},
		{"github.com/redpanda-data/benthos/v4", "LICENSE", []string{"MIT"}},
		{"github.com/aws/aws-sdk-go-v2", "LICENSE.txt", []string{"Apache-2.0"}},
		{"github.com/pierrec/lz4/v4", "LICENSE", []string{"BSD-3-Clause"}},
		{"github.com/russross/blackfriday/v2", "LICENSE.txt", []string{"BSD-2-Clause"}},
		{"github.com/davecgh/go-spew", "LICENSE", []string{"ISC"}},
		{"github.com/hashicorp/go-uuid", "LICENSE", []string{"MPL-2.0"}},
		{"github.com/klauspost/compress", "LICENSE", []string{"Apache-2.0", "BSD-3-Clause", "MIT"}},
		{"github.com/redpanda-data/connect/v4", "licenses/rcl.md", []string{Redpanda}},
		{"gopkg.in/yaml.v3", "LICENSE", []string{"Apache-2.0", "MIT"}},
	}
	for _, test := range tests {
		t.Run(test.module, func(t *testing.T) {
			assert.Equal(t, test.want, Detect(text(t, test.module, test.file)))
		})
	}
}

func TestWhatIsAddedToALicenceIsNoticed(t *testing.T) {
	mit := text(t, "github.com/redpanda-data/benthos/v4", "LICENSE")
	apache := text(t, "github.com/s3-destination/s3-destination", "LICENSE")
	tests := map[string]struct {
		text string
		want []string
	}{
		"nothing":               {"", []string{Unknown}},
		"a text without a name": {"Do what you like, but not on Sundays.", []string{Unknown}},
		"a condition":           {apache + "\n\"Commons Clause\" License Condition v1.0", []string{"Apache-2.0", "Commons-Clause"}},
		"a condition before":    {"Licensed under the Elastic License.\n" + mit, []string{"Elastic", "MIT"}},
		"a name and no text":    {"Use of this software is governed by the Business Source License.", []string{Business, Unknown}},
		"a choice of the GPL":   {mit + "\nAlternatively, the GNU General Public License.", []string{"GPL", "MIT"}},
		"many more words":       {mit + strings.Repeat(" and this too", 80), []string{"MIT", Unknown}},
		"an advertising clause": {
			"Redistribution and use in source and binary forms, with or without modification, are permitted. " +
				"All advertising materials mentioning features must say so.",
			[]string{"BSD-4-Clause"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, Detect(test.text))
		})
	}
}

func TestCopiesWithOtherLineBreaksAndSignsAreTheSame(t *testing.T) {
	mit := text(t, "github.com/redpanda-data/benthos/v4", "LICENSE")
	assert.Equal(t, []string{"MIT"}, Detect("// "+strings.ReplaceAll(mit, "\n", "\r\n// ")))
}

func TestHeadersOfFiles(t *testing.T) {
	tests := map[string]struct {
		src  string
		want []string
	}{
		"none":             {"package x\n// Apache License, Version 2.0", nil},
		"a comment":        {"// Package x reads.\npackage x\n", nil},
		"SPDX":             {"// SPDX-License-Identifier: MIT OR Apache-2.0\n\npackage x\n", []string{"MIT OR Apache-2.0"}},
		"Apache":           {"//go:build linux\n\n// Licensed under the Apache License, Version 2.0 (the \"License\")\n\npackage x\n", []string{"Apache-2.0"}},
		"of the Go team":   {"// Use of this source code is governed by a BSD-style\n// license that can be found in the LICENSE file.\npackage x\n", []string{"BSD-3-Clause"}},
		"over two lines":   {"/* under the Redpanda\n * Community License */\npackage x\n", []string{Redpanda}},
		"assembly":         {"// Mozilla Public License, v. 2.0.\nTEXT ·f(SB)\n", []string{"MPL-2.0"}},
		"far below":        {strings.Repeat("// .\n", headerPart) + "// MIT License\npackage x\n", nil},
		"not open":         {"// Business Source License 1.1\npackage x\n", []string{Business}},
		"GPL or something": {"// GNU Lesser General Public License\n\npackage x\n", []string{"LGPL"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, Header([]byte(test.src)))
		})
	}
}
