package commands

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/s3-destination/s3-destination/internal/inspect"
)

// fixFile mends the words of a configuration that lint knows the right ones of. With dry
// it prints what it would change, and changes nothing. It returns the text that is left
// to lint.
func fixFile(q inspect.Request, dry bool, out, problems io.Writer) ([]byte, error) {
	before, err := os.ReadFile(q.Main)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	q.Text = before
	text, words, err := inspect.Fixed(q)
	if err != nil || words == 0 {
		return text, err
	}
	if dry {
		return text, printDiff(out, q.Main, before, text)
	}
	if err := replaceFile(q.Main, text); err != nil {
		return nil, fmt.Errorf("writing %s with what is mended, the file is as it was: %w", q.Main, err)
	}
	_, _ = fmt.Fprintf(problems, "%s: %d words mended\n", q.Main, words)
	return text, nil
}

// printDiff prints the lines that differ, as a unified diff without context. Both texts
// have the same number of lines.
func printDiff(out io.Writer, path string, before, after []byte) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", path, path)
	was, is := bytes.Split(before, []byte("\n")), bytes.Split(after, []byte("\n"))
	for i := range was {
		if !bytes.Equal(was[i], is[i]) {
			fmt.Fprintf(&b, "@@ -%d +%[1]d @@\n-%s\n+%s\n", i+1, was[i], is[i])
		}
	}
	if _, err := out.Write(b.Bytes()); err != nil {
		return fmt.Errorf("printing what would be changed in %s: %w", path, err)
	}
	return nil
}

// replaceFile puts another file in the place of one: whoever reads it has either the one
// or the other. What a link leads to is replaced, and not the link.
func replaceFile(path string, text []byte) (err error) {
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, keepOwner(f, info), f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
