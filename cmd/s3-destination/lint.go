package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/inspect"
)

// warnWhenLinting prints what is doubtful about linted configurations, which
// Benthos itself has no way to say without failing the lint: of each output
// when it comes to that, and of each file as a whole.
func warnWhenLinting(args []string, to io.Writer) {
	if len(args) < 2 || args[1] != "lint" {
		return
	}
	said := map[string]bool{}
	warn := func(text string) {
		if !said[text] { // Benthos lints a configuration more than once
			said[text] = true
			_, _ = io.WriteString(to, "warning: "+text+"\n")
		}
	}
	config.OnLintWarning(warn)
	for _, path := range linted(args[2:]) {
		text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			continue // Benthos says so
		}
		for _, doubt := range inspect.Doubts(string(text)) {
			warn(doubt)
		}
	}
}

// linted returns the files that the arguments of lint name: paths, patterns, and
// directories that end in "...".
func linted(args []string) []string {
	var files []string
	for _, arg := range args {
		if dir, below := strings.CutSuffix(arg, "..."); below {
			_ = filepath.WalkDir(filepath.Clean(dir), func(path string, _ os.DirEntry, err error) error { //nolint:gosec // the operator names the directory
				if ext := filepath.Ext(path); err == nil && (ext == ".yaml" || ext == ".yml") {
					files = append(files, path)
				}
				return nil
			})
			continue
		}
		found, _ := filepath.Glob(arg) // a flag is no file
		files = append(files, found...)
	}
	return files
}
