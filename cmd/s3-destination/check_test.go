package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// check runs the subcommand and returns what it printed and its exit code.
func check(t *testing.T, s *s3test.Server, args ...string) (string, int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(outputConfig(s, "")), 0o600))
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	cmd := exec.Command(binary, append(append([]string{"check"}, args...), path)...)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil {
		require.ErrorAs(t, err, &exit)
	}
	assert.NotContains(t, string(out), s.SecretKey)
	return string(out), cmd.ProcessState.ExitCode()
}

func TestCheckOfAHealthyDestination(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	out, code := check(t, s)
	assert.Zero(t, code, out)
	assert.Contains(t, out, "works")
	assert.Empty(t, s.Keys(""), "nothing may be left behind")
}

func TestCheckNamesTheStatementToAdd(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	s.Faults.Deny("PutObject")
	out, code := check(t, s)
	assert.Equal(t, 1, code, out)
	assert.Contains(t, out, "s3:PutObject")
	assert.Contains(t, out, "arn:aws:s3:::"+s.Bucket+"/in/*")
}

func TestCheckForScripts(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	s.Faults.Deny("DeleteObject", "ListObjectsV2")
	out, code := check(t, s, "--json")
	assert.Zero(t, code, "what is missing is optional: %s", out)
	var report struct {
		Bucket string
		Checks []struct{ Check, Result, Matters string }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report), out)
	assert.Equal(t, s.Bucket, report.Bucket)
	assert.Greater(t, len(report.Checks), 5)
}
