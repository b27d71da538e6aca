//go:build unix

package commands

import (
	"fmt"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and the group of another one, whose place it takes:
// who could read that may be in the group only.
func keepOwner(f *os.File, of os.FileInfo) error {
	own, err := f.Stat()
	if err != nil {
		return err
	}
	is, known := own.Sys().(*syscall.Stat_t)
	was, ok := of.Sys().(*syscall.Stat_t)
	if !known || !ok || is.Uid == was.Uid && is.Gid == was.Gid {
		return nil
	}
	if err := f.Chown(int(was.Uid), int(was.Gid)); err != nil {
		return fmt.Errorf("keeping the owner %d:%d, run this as that user: %w", was.Uid, was.Gid, err)
	}
	return nil
}
