//go:build !linux

package disk

import (
	"errors"
	"os"
)

// openDirect opens a file for writing past the page cache, of which there is no way
// here.
func openDirect(string) (*os.File, error) { return nil, errors.ErrUnsupported }

// allocate has the file system set space aside, of which there is no way here.
func allocate(*os.File, int64, int64) error { return errors.ErrUnsupported }

// writeBlocks writes blocks that follow each other in a file.
func writeBlocks(f directFile, blocks [][]byte, offset int64) (written int64, err error) {
	return writeEach(f, blocks, offset)
}
