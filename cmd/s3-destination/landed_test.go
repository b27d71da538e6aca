package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/commands"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// ask runs the binary to its end, and returns what it printed.
func ask(t *testing.T, args ...string) (text string, code int) {
	t.Helper()
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	cmd := exec.Command(binary, args...)
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}

// What a bucket holds is told as what a directory does: see landed.txtar.
func TestWhatLandedInABucketIsListedAndDescribed(t *testing.T) {
	long.Skip(t) // eight processes
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
http: {enabled: false}
input:
  generate: {interval: "", count: 1500, mapping: 'root = {"id": counter()}'}
`+outputConfig(s, "    max_records: 1\n    idle_timeout: 100ms\n")), 0o600))
	format := "output.s3_destination.file_format=parquet"
	text, code := ask(t, "run", "--summary", "json", "--set", format, path)
	require.Zero(t, code, text)
	assert.Contains(t, text, `"records":1500,"objects":1500,`)
	assert.Contains(t, text, `"places":["s3://`+s.Bucket+`/in/"]`)

	text, code = ask(t, "ls", path)
	require.Zero(t, code, text)
	assert.Len(t, s.Keys("in/f"), 1500)
	for _, key := range s.Keys("in/f") {
		require.Contains(t, text, "  "+key+"\n", "every page is listed")
	}
	text, code = ask(t, "stat", path, "s3://"+s.Bucket+"/in/f-00001.parquet")
	require.Zero(t, code, text)
	assert.Regexp(t, `(?m)^rows +1$`, text)
	assert.Regexp(t, `(?m)^ended by +records$`, text)
	assert.Regexp(t, `(?m)^column +id +type: int64`, text)
	text, code = ask(t, "stat", path, "in/none")
	assert.Equal(t, 1, code, text)
	text, code = ask(t, "cat", path, "in/f-00001.parquet", "in/f-01500.parquet")
	require.Zero(t, code, text)
	assert.Regexp(t, `^\{"id":\d+\}\n\{"id":\d+\}\n$`, text)
	text, code = ask(t, "head", path, "in/none")
	assert.Equal(t, 1, code, text)

	s.Faults.Deny("ListObjectsV2", "HeadObject")
	text, code = ask(t, "ls", path)
	assert.Equal(t, commands.ExitUsage, code)
	assert.Contains(t, text, "allow s3:ListBucket")
	text, code = ask(t, "stat", path, "in/f-00001.parquet")
	assert.Equal(t, commands.ExitUsage, code)
	assert.Contains(t, text, "allow s3:GetObject")
}
