package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/nozones"
)

// TestTimeZonesAreInside lints and previews on a machine that has none.
func TestTimeZonesAreInside(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	config := func(zone string) string {
		path := filepath.Join(t.TempDir(), "config.yaml")
		require.NoError(t, os.WriteFile(path, []byte(`
input: {stdin: {}}
output:
  s3_destination:
    bucket: b
    region: eu-west-1
    folder: '{{YYYY}}-{{MM}}-{{DD}}T{{HH}}'
    file_name: 'f-{{chunk_id}}'
    date_field: at
    timezone: `+zone+`
    file_format: json
`), 0o600))
		return path
	}
	out, err := nozones.Command(t, binary, "lint", config("America/Santiago")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	records := filepath.Join(t.TempDir(), "records.jsonl")
	require.NoError(t, os.WriteFile(records, []byte(`{"at":"2025-07-01T02:00:00Z"}`+"\n"), 0o600))
	in, err := os.Open(records)
	require.NoError(t, err)
	defer in.Close()
	cmd := nozones.Command(t, binary, "preview", config("America/Santiago"))
	cmd.Stdin = in
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "2025-06-30T22/f-00001.json")

	out, err = nozones.Command(t, binary, "lint", config("America/Santigo")).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), `timezone: "America/Santigo" is unknown`)
}
