package directory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/store"
)

// failure gives an error its class, and says what to do about it.
func (s *Store) failure(op store.Op, key string, cause error) error {
	if errors.Is(cause, fs.ErrNotExist) && (op == store.OpHeadObject || op == store.OpGetObject) {
		cause = fmt.Errorf("%w: %w", store.ErrNotFound, cause)
	}
	class, advice := classify(cause)
	e := store.InDirectory(op, s.cfg.Dir, key, class, plain(cause), cause)
	e.Advice = advice
	var d *doubt
	e.OutcomeUnknown = errors.As(cause, &d)
	return e
}

// plain is an error without the path, which is told beside it.
func plain(err error) string {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.ErrNotFound.Error()
	case errors.As(err, &path):
		return path.Op + ": " + path.Err.Error()
	case errors.As(err, &link):
		return link.Op + ": " + link.Err.Error()
	}
	return err.Error()
}

// classify tells what an error of the file system means for others. What is not
// known may pass, as a full table of open files does.
func classify(err error) (class store.Class, advice string) {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return store.ClassCanceled, ""
	case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrChanged):
		return store.ClassExists, ""
	case errors.Is(err, errNoFile):
		return store.ClassInvalid, "change folder or file_name to what files can be called, or use a bucket"
	case errors.Is(err, store.ErrNotFound), errors.Is(err, errLarge):
		return store.ClassInvalid, ""
	case disk.Full(err):
		return store.ClassDenied, "make room on the disk"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return store.ClassDenied, "let this process write to the directory, on a file system that has hard links"
	case errors.Is(err, fs.ErrNotExist):
		return store.ClassNoBucket, "make the directory again, and start again: somebody has removed it"
	case errors.Is(err, errors.ErrUnsupported):
		return store.ClassDenied, "use a directory on a file system that has hard links"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return store.ClassInvalid, "a file cannot be a folder too, and a name between slashes has 255 bytes at most: change folder or file_name"
	}
	return store.ClassNetwork, "look at the disk"
}
