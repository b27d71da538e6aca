package inspect

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// expand are the files of paths and patterns. A path that names no file is kept,
// so that reading it says so.
func expand(patterns []string) []string {
	var files []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 && !strings.ContainsAny(pattern, `*?[`) {
			found = []string{pattern}
		}
		for _, f := range found {
			if !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	return files
}

// streamFiles are the configurations below the paths that streams mode is given.
func streamFiles(paths []string) []string {
	var files []string
	for _, path := range expand(paths) {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			files = append(files, path)
			continue
		}
		files = append(files, slices.DeleteFunc(below(path), func(p string) bool {
			return strings.HasSuffix(strings.TrimSuffix(p, filepath.Ext(p)), "_benthos_test")
		})...)
	}
	return files
}

// below are the configurations in a directory.
func below(dir string) []string {
	var files []string
	_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if ext := filepath.Ext(path); err == nil && !entry.IsDir() && (ext == ".yaml" || ext == ".yml") {
			files = append(files, path)
		}
		return nil
	})
	return files
}

// Targets are the files that the arguments of lint name: paths, patterns, and
// directories that end in "...".
func Targets(args []string) []string {
	var files []string
	for _, arg := range args {
		if dir, all := strings.CutSuffix(arg, "..."); all {
			files = append(files, below(filepath.Clean(dir))...)
			continue
		}
		files = append(files, expand([]string{arg})...)
	}
	return files
}
