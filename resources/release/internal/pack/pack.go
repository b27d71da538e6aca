// Package pack makes archives and lists of checksums that are the same to the
// byte whoever makes them.
package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Sums is the name of the list of checksums, in the form of sha256sum.
const Sums = "SHA256SUMS"

// File is a file of an archive.
type File struct {
	// Name is its path in the archive, with slashes.
	Name string
	Body []byte
	// Executable files have mode 0755, others 0644.
	Executable bool
}

// TarGz writes files as a compressed archive: sorted by name, owned by nobody
// in particular, all of one time, without anything of the machine.
func TarGz(w io.Writer, files []File, at time.Time) error {
	zw, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("compressing the archive: %w", err)
	}
	tw := tar.NewWriter(zw)
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	made := map[string]bool{}
	for _, f := range files {
		for _, dir := range parents(f.Name) {
			if made[dir] {
				continue
			}
			made[dir] = true
			if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: at, Format: tar.FormatUSTAR}); err != nil {
				return fmt.Errorf("writing %s to the archive: %w", dir, err)
			}
		}
		if err := add(tw, f, at); err != nil {
			return fmt.Errorf("writing %s to the archive: %w", f.Name, err)
		}
	}
	if err := tw.Close(); err != nil {
		return fmt.Errorf("ending the archive: %w", err)
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("ending the archive: %w", err)
	}
	return nil
}

func add(tw *tar.Writer, f File, at time.Time) error {
	mode := int64(0o644)
	if f.Executable {
		mode = 0o755
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Mode: mode, Size: int64(len(f.Body)), ModTime: at, Format: tar.FormatUSTAR}
	if err := tw.WriteHeader(h); err != nil {
		return err
	}
	_, err := tw.Write(f.Body)
	return err
}

// parents returns the folders above a name, the outermost first.
func parents(name string) []string {
	var dirs []string
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
	}
	slices.Reverse(dirs)
	return dirs
}

// WriteSums writes the checksums of all files of a folder beside them.
func WriteSums(dir string) error {
	names, err := filesOf(dir)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, name := range names {
		sum, err := sumOf(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s  %s\n", sum, name)
	}
	if err := os.WriteFile(filepath.Join(dir, Sums), b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the checksums: %w", err)
	}
	return nil
}

// VerifySums checks that the list of a folder names every file of it, and
// nothing else, with the checksum that it has.
func VerifySums(dir string) error {
	list, err := os.ReadFile(filepath.Join(dir, Sums))
	if err != nil {
		return fmt.Errorf("reading the checksums: %w", err)
	}
	names, err := filesOf(dir)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(string(list), "\n"), "\n")
	if len(lines) != len(names) {
		return fmt.Errorf("%s names %d files, and there are %d", Sums, len(lines), len(names))
	}
	for i, line := range lines {
		sum, name, ok := strings.Cut(line, "  ")
		if !ok || name != names[i] {
			return fmt.Errorf("%s has %q where %s is expected", Sums, line, names[i])
		}
		have, err := sumOf(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if have != sum {
			return fmt.Errorf("%s has the checksum %s, not %s", name, have, sum)
		}
	}
	return nil
}

// filesOf returns the names of the files of a folder, sorted, without the list.
func filesOf(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing the files of the release: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != Sums {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func sumOf(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("making a checksum: %w", err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("making the checksum of %s: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
