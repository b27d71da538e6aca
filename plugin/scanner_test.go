package plugin_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// lettersIn reads the dead letters of a server.
func lettersIn(t *testing.T, s *s3test.Server) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, o := range s.Objects("in/_dead_letters/") {
		for line := range bytes.Lines(o.Body) {
			var l map[string]any
			require.NoError(t, json.Unmarshal(line, &l))
			all = append(all, l)
		}
	}
	return all
}

// Each record of a file is stored once, and a bad one says where it was, also
// behind a processor.
func TestFilesAreReadInBatches(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	dir := t.TempDir()
	var text bytes.Buffer
	w := gzip.NewWriter(&text)
	for i := range 5000 {
		if i == 3000 {
			_, err := w.Write([]byte("{poison\r\n"))
			require.NoError(t, err)
		}
		_, err := fmt.Fprintf(w, "{\"id\":%d}\n", i+5000)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	path := filepath.Join(dir, "a.jsonl.gz")
	require.NoError(t, os.WriteFile(path, text.Bytes(), 0o600))
	input := fmt.Sprintf(`
file:
  paths: [%q]
  scanner: {s3_destination_records: {}}
processors:
  - mapping: 'root = if content().length() > 9 { content().parse_json() }'
`, path)
	run(t, input, outputYAML(s, jsonLines+"on_bad_record: dead_letter\n"))
	requireOnceEach(t, ids(t, s, "in/f-"), 5000)
	letters := lettersIn(t, s)
	require.Len(t, letters, 1)
	assert.Equal(t, "{poison", letters[0]["payload"])
	assert.Equal(t, map[string]any{"path": path, "source_line": 3001.0, "source_byte": 3000.0 * 12}, letters[0]["source"])
}

// A bad row of CSV is a dead letter with what is wrong with it.
func TestABadRowIsADeadLetter(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	path := filepath.Join(t.TempDir(), "a.csv")
	require.NoError(t, os.WriteFile(path, []byte("id,name\n1,a\n{\"id\":2}\n3,b,c\n4,d\n"), 0o600))
	run(t, fmt.Sprintf("file: {paths: [%q], scanner: {s3_destination_records: {format: csv}}}", path),
		outputYAML(s, jsonLines+"on_bad_record: dead_letter\n"))
	var stored strings.Builder
	for _, o := range s.Objects("in/f-") {
		stored.Write(o.Body)
	}
	assert.Equal(t, []string{`{"id":"1","name":"a"}`, `{"id":"4","name":"d"}`}, strings.Fields(stored.String()))
	letters := lettersIn(t, s)
	require.Len(t, letters, 2)
	assert.Equal(t, `"{\"id\":2}"`, letters[0]["payload"], "a row that looks like an object is none")
	assert.Equal(t, "3,b,c", letters[1]["payload"])
	assert.Equal(t, map[string]any{
		"path": path, "source_line": 4.0, "source_byte": 21.0,
		"source_error": "the row has 3 values, and the header has 2 columns",
	}, letters[1]["source"])
}

// A file that cannot be read to its end is not deleted, and the next one is read.
func TestABrokenFileIsKept(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	dir := t.TempDir()
	broken, good := filepath.Join(dir, "1.jsonl"), filepath.Join(dir, "2.jsonl")
	require.NoError(t, errors.Join(
		os.WriteFile(broken, []byte("{\"id\":1}\n{\"id\":1234567890}\n{\"id\":2}\n"), 0o600),
		os.WriteFile(good, []byte("{\"id\":3}\n"), 0o600),
	))
	logs := run(t, fmt.Sprintf("file: {paths: [%q, %q], delete_on_finish: true, scanner: {s3_destination_records: {max_record_bytes: 10B}}}", broken, good),
		outputYAML(s, jsonLines))
	requireOnceEach(t, ids(t, s, "in/"), 2)
	assert.FileExists(t, broken)
	assert.NoFileExists(t, good)
	assert.Contains(t, logs, "1.jsonl at line 2, byte 9: the record is longer than max_record_bytes")
}
