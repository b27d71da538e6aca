package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// startExample runs a file of config/ as it is, except for where S3 and its own
// server are.
func startExample(t *testing.T, s *s3test.Server, name string, env ...string) *process {
	t.Helper()
	address := freeAddress(t)
	flags := []string{
		"--set", "output.s3_destination.endpoint=" + s.URL,
		"--set", "output.s3_destination.force_path_style_urls=true",
		"--set", "http.address=" + address,
	}
	return startFile(t, address, filepath.Join("..", "..", "config", name), flags, append([]string{
		"BUCKET=" + s.Bucket, "AWS_REGION=" + s3test.Region,
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
	}, env...)...)
}

func TestExampleHTTP(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := &sidecar{process: startExample(t, s, "http-json-gzip.yaml")}
	p.input = p.url + "/events"
	p.waitReady(t)
	status, answer := p.post(t.Context(), `{"id":1,"received_at":"2026-07-01T10:30:00Z"}`+"\n"+
		`{"id":9007199254740993,"received_at":"2026-07-01T11:30:00Z"}`+"\n")
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, once("1"), landed(t, s, "events/2026/07/01/10/"))
	assert.Equal(t, once("9007199254740993"), landed(t, s, "events/2026/07/01/11/"))

	status, answer = p.post(t.Context(), "{\"id\":3}\n{\"id\":4,\"received_at\":\"soon\"}\n")
	require.Equal(t, http.StatusOK, status, answer)
	assert.Equal(t, once("1", "9007199254740993", "3"), landed(t, s, "events/2"), "a record without a date gets that of its arrival")
	letters := s.Objects("events/_dead_letters/")
	require.Len(t, letters, 1)
	assert.Contains(t, string(letters[0].Body), `soon`)
	p.terminate(t)
}

func TestExampleFiles(t *testing.T) {
	t.Parallel()
	const files, perFile = 3, 2000
	dir := t.TempDir()
	for f := range files {
		var text strings.Builder
		for i := range perFile {
			fmt.Fprintf(&text, `{"id":%d,"created_at":"2026-%02d-01T00:00:00Z","user":{"id":%d,"country":"de"},"debug":{"x":1}}`+"\n",
				f*perFile+i, 1+i%2, i)
		}
		if f == 0 {
			text.WriteString("{\"id\":\"no date\"}\n")
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.jsonl", f)), []byte(text.String()), 0o600))
	}
	s := s3test.StartT(t, s3test.Config{})
	p := startExample(t, s, "files-csv-gzip.yaml", "FILES="+dir+"/*.jsonl")
	select {
	case err := <-p.done:
		require.NoError(t, err, p.logs.String())
	case <-time.After(patience):
		t.Fatal("the process does not end at the end of its files")
	}
	found := map[string]int{}
	for _, month := range []string{"2026-01", "2026-02"} {
		for _, row := range csvRows(t, s, "backfill/month="+month+"/") {
			found[row["id"]]++
			assert.True(t, strings.HasPrefix(row["created_at"], month), row)
			assert.Equal(t, "DE", row["country"])
			assert.NotContains(t, row, "debug")
			assert.NotEmpty(t, row["user_id"])
		}
	}
	assert.Len(t, found, files*perFile)
	for id, n := range found {
		assert.Equal(t, 1, n, id)
	}
	require.Len(t, s.Objects("backfill/_dead_letters/"), 1)
}

// csvRows reads every gzipped CSV below a prefix, by the names of the columns.
func csvRows(t *testing.T, s *s3test.Server, prefix string) []map[string]string {
	t.Helper()
	var rows []map[string]string
	for _, o := range s.Objects(prefix) {
		r, err := gzip.NewReader(strings.NewReader(string(o.Body)))
		require.NoError(t, err, o.Key)
		lines, err := csv.NewReader(r).ReadAll()
		require.NoError(t, err, o.Key)
		for _, line := range lines[1:] {
			row := map[string]string{}
			for i, name := range lines[0] {
				row[name] = line[i]
			}
			rows = append(rows, row)
		}
	}
	return rows
}
