// Package source takes a committed state of the repository out of git, so that
// what is released does not depend on what lies about in the working tree.
package source

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Commit is a commit and its time.
type Commit struct {
	Hash string
	Time time.Time
}

// Head returns the commit that is checked out in dir. SOURCE_DATE_EPOCH, in
// Unix seconds, overrides its time (https://reproducible-builds.org/specs/source-date-epoch/).
func Head(ctx context.Context, dir string) (Commit, error) {
	out, err := git(ctx, dir, "log", "-1", "--format=%H %ct")
	if err != nil {
		return Commit{}, fmt.Errorf("asking git for the commit: %w", err)
	}
	hash, seconds, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds = epoch
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return Commit{}, fmt.Errorf("reading the time of the release (SOURCE_DATE_EPOCH, else that of the commit) from %q: %w", seconds, err)
	}
	return Commit{Hash: hash, Time: time.Unix(n, 0).UTC()}, nil
}

// Tagged returns the commit of a tag, and "" when there is no such tag.
func Tagged(ctx context.Context, dir, tag string) (string, error) {
	out, err := git(ctx, dir, "tag", "--list", tag, "--format=%(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)")
	if err != nil {
		return "", fmt.Errorf("asking git for the tag %s: %w", tag, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Changed returns the files of the working tree that are not as committed.
func Changed(ctx context.Context, dir string) ([]string, error) {
	out, err := git(ctx, dir, "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return nil, fmt.Errorf("asking git for changes: %w", err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' }), nil
}

// Export writes the files of a commit to an empty folder.
func Export(ctx context.Context, dir, hash, to string) error {
	out, err := git(ctx, dir, "archive", "--format=tar", hash)
	if err != nil {
		return fmt.Errorf("taking %s out of git: %w", hash, err)
	}
	for r := tar.NewReader(bytes.NewReader(out)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = extract(r, h, to)
		}
		if err != nil {
			return fmt.Errorf("writing the files of %s to %s: %w", hash, to, err)
		}
	}
}

func extract(r io.Reader, h *tar.Header, to string) error {
	if h.Typeflag == tar.TypeXGlobalHeader { // the commit's hash
		return nil
	}
	if !filepath.IsLocal(h.Name) {
		return fmt.Errorf("the name %q leaves the folder", h.Name)
	}
	path := filepath.Join(to, h.Name)
	switch h.Typeflag {
	case tar.TypeDir:
		return os.MkdirAll(path, 0o755)
	case tar.TypeReg:
		body, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, body, h.FileInfo().Mode().Perm())
	}
	return fmt.Errorf("%s is neither a file nor a folder", h.Name)
}

func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s (a release is made from a git checkout)", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
