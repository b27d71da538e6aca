package interop

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// awkward are values that readers of csv lose, but for line breaks: Hive ends a row at
// each of them.
var awkward = []string{
	`plain`, `C:\dir\file`, `\`, `ends with \`, `\"`, `"`, `""`, `a "quoted" word`, `"all of it"`, `a,b`, `,`, ` spaces `, `\N`, `\n`, `\\`, `\\"`,
	`"\`, `it's`, `é😀`, `tab	here`, `{"json":"a\\b"}`, `=1+1`, `#`, `'`,
}

// TestOpenCSV reads what the binary writes with the library that Hive and Athena read
// csv with, the real OpenCSV 2.3: with csv.escape: backslash every value comes back,
// with doubled quotes those without a backslash do.
func TestOpenCSV(t *testing.T) {
	jar := os.Getenv("OPENCSV")
	if jar == "" {
		t.Skip("OPENCSV does not name opencsv-2.3.jar")
	}
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("needs Java 11 or later")
	}
	binary, err := filepath.Abs("../../bin/s3-destination")
	require.NoError(t, err)
	if _, err := os.Stat(binary); err != nil {
		t.Skip("make build makes bin/s3-destination")
	}
	for name, c := range map[string]struct {
		csv, separator string
		lossless       bool
	}{
		"backslash":             {"{escape: backslash}", "comma", true},
		"backslash, all quoted": {"{escape: backslash, quote: all}", "comma", true},
		"backslash, strings":    {"{escape: backslash, quote: strings}", "tab", true},
		"backslash, semicolons": {"{escape: backslash}", "semicolon", true},
		"doubled":               {"{}", "comma", false},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeCSV(t, binary, c.csv, c.separator)
			rows := openCSV(t, jar, path, map[string]string{"comma": ",", "tab": "\t", "semicolon": ";"}[c.separator])
			assert.Equal(t, []string{"a", "n", "b", "none"}, rows["n"])
			for i := range awkward {
				want := []string{awkward[i], strconv.Itoa(i), awkward[((i+1)*7)%len(awkward)], ""}
				if c.lossless || !strings.Contains(want[0]+want[2], `\`) {
					assert.Equal(t, want, rows[want[1]])
				}
			}
			if !c.lossless {
				assert.NotEqual(t, awkward[1], rows["1"][0], "OpenCSV takes a backslash for an escape")
			}
		})
	}
}

// writeCSV runs the binary, and returns the path of what it has written.
func writeCSV(t *testing.T, binary, csv, separator string) string {
	t.Helper()
	server := s3test.StartT(t, s3test.Config{})
	dir := t.TempDir()
	var lines strings.Builder
	for i := range awkward {
		a, err := json.Marshal(awkward[i])
		require.NoError(t, err)
		b, err := json.Marshal(awkward[((i+1)*7)%len(awkward)])
		require.NoError(t, err)
		fmt.Fprintf(&lines, `{"a":%s,"n":%d,"b":%s,"none":null}`+"\n", a, i, b)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "in.jsonl"), []byte(lines.String()), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), fmt.Appendf(nil, `
input: {file: {paths: [%q]}}
output:
  s3_destination:
    bucket: %s
    region: us-east-1
    endpoint: %s
    force_path_style_urls: true
    auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}
    folder: lake
    file_name: f
    file_format: csv
    separator: %s
    csv: %s
`, filepath.Join(dir, "in.jsonl"), server.Bucket, server.URL, server.AccessKey, server.SecretKey, separator, csv), 0o600))
	run := exec.CommandContext(t.Context(), binary, "run", filepath.Join(dir, "config.yaml"))
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	o, found := server.Object("lake/f.csv")
	require.True(t, found, "%s", out)
	path := filepath.Join(dir, "f.csv")
	require.NoError(t, os.WriteFile(path, o.Body, 0o600))
	return path
}

// openCSV reads a file, and returns its rows by their second cell. Those that cannot be
// read are left out.
func openCSV(t *testing.T, jar, path, separator string) map[string][]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "java", "-cp", jar, "OpenCSV.java", path, separator, `\`).Output()
	require.NoError(t, err)
	rows := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		var cells []string
		for _, digits := range strings.Split(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), " "), " ") {
			text, err := hex.DecodeString(digits)
			require.NoError(t, err)
			cells = append(cells, string(text))
		}
		if len(cells) > 1 {
			rows[cells[1]] = cells
		}
	}
	return rows
}
