package disk

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// openDirect opens a file for writing past the page cache.
func openDirect(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|syscall.O_DIRECT, fileMode) //nolint:gosec // the path is a setting
}

// writeBlocks writes blocks that follow each other in a file, by one call of the kernel
// where that takes all of them.
func writeBlocks(f directFile, blocks [][]byte, offset int64) (written int64, err error) {
	file, is := f.(*os.File)
	if !is {
		return writeEach(f, blocks, offset)
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	for len(blocks) > 0 && err == nil {
		list := make([]syscall.Iovec, len(blocks))
		for i, b := range blocks {
			list[i].Base = unsafe.SliceData(b) //nolint:gosec // how the kernel takes it
			list[i].SetLen(len(b))
		}
		at := offset + written
		var n uintptr
		var failed syscall.Errno
		err = raw.Control(func(fd uintptr) {
			n, _, failed = syscall.Syscall6(syscall.SYS_PWRITEV, fd, uintptr(unsafe.Pointer(unsafe.SliceData(list))), //nolint:gosec // how the kernel takes it
				uintptr(len(list)), uintptr(at), uintptr(at>>32), 0)
		})
		switch {
		case err != nil || failed == syscall.EINTR:
			continue
		case failed != 0:
			err = os.NewSyscallError("pwritev", failed)
			continue
		case n == 0:
			err = io.ErrShortWrite
			continue
		}
		written += int64(n)
		blocks = behind(blocks, int64(n))
	}
	return written, err
}

// allocate has the file system set space aside, which then belongs to the file.
func allocate(f *os.File, offset, size int64) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for {
			if failed = syscall.Fallocate(int(fd), 0, offset, size); failed != syscall.EINTR {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	return os.NewSyscallError("fallocate", failed)
}
