package spool_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

var update = flag.Bool("update", false, "write the spool of this format that later versions are to read")

// What a version has written, each later one reads: a spool that a process left
// when it was killed, with records in memory and in a spill file, an object on its
// way under its second key, and dead letters.
func TestASpoolOfFormat1IsRead(t *testing.T) {
	fixture := filepath.Join("testdata", "format1")
	w := newWorld(t, nil, 1)
	opts := w.options()
	opts.Pause = nil
	if *update {
		require.NoError(t, os.RemoveAll(fixture))
		writeFixture(t, fixture, opts)
	}
	path := t.TempDir()
	require.NoError(t, os.CopyFS(path, os.DirFS(fixture)))
	s, err := spool.Open(disk.OS{}, path, opts)
	require.NoError(t, err)
	got := texts(t, s)
	assert.Equal(t, "7 later", strings.ReplaceAll(got["spilled"], "x", ""))
	assert.Equal(t, "refused", got["letters"])
	objects, err := s.Objects(t.Context())
	require.NoError(t, err)
	require.Len(t, objects, 1)
	assert.Equal(t, "second key", string(objects[0].Intent))
	assert.Equal(t, "sealed", objects[0].Path)
	var body bytes.Buffer
	require.NoError(t, s.Body(t.Context(), objects[0].Number, &body))
	assert.Equal(t, "the body", body.String())
	assert.Empty(t, w.losses)
	require.NoError(t, s.Close())
}

func writeFixture(t *testing.T, path string, opts spool.Options) {
	s, err := spool.Open(disk.OS{}, path, opts)
	require.NoError(t, err)
	appended(t, s, of("sealed", "1", "2"))
	r := spool.Range{Stream: 1, End: 2}
	n, err := s.Seal(t.Context(), r, []byte("first key"), strings.NewReader("the body"), of("letters", "refused"))
	require.NoError(t, err)
	require.NoError(t, s.Rekey(t.Context(), n, []byte("second key")))
	appended(t, s, of("spilled", strings.Repeat("x", 1000)+"7"))
	require.Positive(t, s.Stats().Spill)
	appended(t, s, of("spilled", "later"))
	require.NoError(t, s.Close())
}
