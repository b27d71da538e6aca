package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var at = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

func archive(t *testing.T, files ...File) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, TarGz(&b, files, at))
	return b.Bytes()
}

func TestArchivesDoNotDependOnTheOrderOfFiles(t *testing.T) {
	a, b := File{Name: "x/a.txt", Body: []byte("a")}, File{Name: "x/y/b", Body: []byte("b"), Executable: true}
	assert.Equal(t, archive(t, a, b), archive(t, b, a))
	assert.NotEqual(t, archive(t, a, b), archive(t, a, File{Name: "x/y/b", Body: []byte("b")}))
}

func TestArchivesSayNothingOfTheMachine(t *testing.T) {
	data := archive(t, File{Name: "x/a.txt", Body: []byte("content")}, File{Name: "x/y/b", Executable: true})
	zr, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	assert.True(t, zr.ModTime.IsZero())
	assert.Empty(t, zr.Name)
	var names []string
	modes := map[string]int64{}
	for r := tar.NewReader(zr); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		assert.True(t, h.ModTime.Equal(at), h.Name)
		assert.Zero(t, h.Uid+h.Gid)
		assert.Empty(t, h.Uname+h.Gname)
		names = append(names, h.Name)
		modes[h.Name] = h.Mode
		if h.Name == "x/a.txt" {
			body, err := io.ReadAll(r)
			require.NoError(t, err)
			assert.Equal(t, "content", string(body))
		}
	}
	assert.Equal(t, []string{"x/", "x/a.txt", "x/y/", "x/y/b"}, names)
	assert.Equal(t, map[string]int64{"x/": 0o755, "x/a.txt": 0o644, "x/y/": 0o755, "x/y/b": 0o755}, modes)
}

func TestSums(t *testing.T) {
	dir := t.TempDir()
	write := func(name, body string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600))
	}
	write("b", "two")
	write("a", "one")
	require.NoError(t, WriteSums(dir))
	list, err := os.ReadFile(filepath.Join(dir, Sums))
	require.NoError(t, err)
	assert.Equal(t, "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  a\n"+
		"3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  b\n", string(list))
	require.NoError(t, VerifySums(dir))

	write("a", "other")
	require.ErrorContains(t, VerifySums(dir), "a has the checksum")
	write("a", "one")
	write("c", "new")
	require.ErrorContains(t, VerifySums(dir), "names 2 files, and there are 3")
	require.NoError(t, os.Remove(filepath.Join(dir, "b")))
	require.ErrorContains(t, VerifySums(dir), "where c is expected")
	require.NoError(t, os.Remove(filepath.Join(dir, Sums)))
	require.ErrorContains(t, VerifySums(dir), "reading the checksums")
}
