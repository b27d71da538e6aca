// Command notes prints the section of a version in the change log that it reads
// from its input, and fails where that is not in form or has no such section:
//
//	go run ./resources/release/notes 1.2.3 <CHANGELOG.md
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/s3-destination/s3-destination/resources/release/internal/changelog"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "CHANGELOG.md:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: notes VERSION <CHANGELOG.md")
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading the change log: %w", err)
	}
	entries, err := changelog.Parse(string(text))
	if err != nil {
		return err
	}
	entry, err := changelog.Find(entries, strings.TrimPrefix(args[0], "v"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, entry.Body)
	return err
}
