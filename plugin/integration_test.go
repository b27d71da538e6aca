//go:build integration

package plugin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// TestIntegrationStreamToARealServer lands the same records twice under the
// same names: in objects of several parts, with checksums that the server
// verifies, and reads them back from the server's disk.
func TestIntegrationStreamToARealServer(t *testing.T) {
	s := versitygw.Start(t)
	conf := fmt.Sprintf(`
s3_destination:
  bucket: %s
  region: %s
  endpoint: %s
  force_path_style_urls: true
  auth: {mode: access_key, access_key_id: %s, secret_access_key: %s}
  checksum: crc32c
  encryption: {mode: none}
  folder: in/{{part}}
  file_name: 'f-{{chunk_id}}'
  file_format: json
  variables: {part: '${! json("part") }'}
  max_file_size: 8MB
  idle_timeout: 500ms
  upload: {multipart_threshold: 5MiB, part_size: 5MiB}
`, s.Bucket, versitygw.Region, s.URL, s.AccessKey, s.SecretKey)
	const n = 20_000
	mapping := fmt.Sprintf(`root = {"id": counter(), "pad": %q, "part": random_int(max: 1)}`, strings.Repeat("x", 900))
	for range 2 {
		logs := run(t, generate(n, mapping, 100), conf)
		assert.NotContains(t, logs, "level=ERROR")
	}
	found, objects := map[int]int{}, 0
	require.NoError(t, filepath.WalkDir(filepath.Join(s.Dir, s.Bucket, "in"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		objects++
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		assert.LessOrEqual(t, len(body), 8_000_000)
		for line := range bytes.Lines(body) {
			var rec struct {
				ID int `json:"id"`
			}
			if err := json.Unmarshal(line, &rec); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			found[rec.ID]++
		}
		return nil
	}))
	require.Len(t, found, n)
	for id, times := range found {
		require.Equal(t, 2, times, "record %d", id)
	}
	assert.GreaterOrEqual(t, objects, 8)
}

// TestIntegrationIgnoredEncryptionIsNoticed relies on a weakness of the server:
// it accepts encryption headers and does nothing.
func TestIntegrationIgnoredEncryptionIsNoticed(t *testing.T) {
	s := versitygw.Start(t)
	stream, logs := build(t, generate(10, numbered, 1), fmt.Sprintf(`
s3_destination:
  bucket: %s
  region: %s
  endpoint: %s
  force_path_style_urls: true
  auth: {mode: access_key, access_key_id: %s, secret_access_key: %s}
  folder: in
  file_format: json
`, s.Bucket, versitygw.Region, s.URL, s.AccessKey, s.SecretKey))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	require.Error(t, stream.Run(ctx))
	assert.Contains(t, logs.String(), "asked for AES256, and the server reports no encryption")
	assert.Contains(t, logs.String(), "encryption.on_mismatch")
	left, err := filepath.Glob(filepath.Join(s.Dir, s.Bucket, "in", "*"))
	require.NoError(t, err)
	assert.Empty(t, left, "what is not encrypted as asked must not stay")
}
