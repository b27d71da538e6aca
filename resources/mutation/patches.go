package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"time"

	"github.com/s3-destination/s3-destination/resources/mutation/patch"
)

// patchTimeout bounds the tests of a package with a patch in it.
const patchTimeout = 3 * time.Minute

// tryPatch runs all tests of the patched file's package.
func tryPatch(ctx context.Context, root string, p patch.Patch, dir string) (fate, error) {
	root, err := filepath.Abs(root) // the overlay is read from the package's directory
	if err != nil {
		return 0, fmt.Errorf("finding the module: %w", err)
	}
	text, err := p.Apply(root)
	if err != nil {
		return 0, err
	}
	where := &pkg{rel: path.Dir(p.File), dir: filepath.Join(root, filepath.FromSlash(path.Dir(p.File)))}
	binary, said, err := compile(ctx, where, map[string][]byte{filepath.Join(root, filepath.FromSlash(p.File)): text}, dir)
	if err != nil {
		return 0, fmt.Errorf("%s: %q does not compile: %w: %s", p.File, p.Name, err, said)
	}
	defer func() { _ = os.Remove(binary) }()
	bounded, cancel := context.WithTimeout(ctx, patchTimeout+5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(bounded, binary, append(quiet(ctx, binary), "-test.failfast", "-test.timeout="+patchTimeout.String())...)
	cmd.Dir = where.dir
	switch err := cmd.Run(); {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return noticed, nil
	}
	return survived, nil
}
