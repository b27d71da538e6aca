// Package ports hands out addresses for servers that tests start in other
// processes: what a test asks the kernel for, another process may be given before
// the server takes it.
package ports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// The ports are below those that Linux, macOS and Windows give to whoever asks
// for any, such as the client side of a connection.
const (
	lowest = 20_000
	count  = 10_000
)

// taken keeps the locks: a port is this process' own until it ends, so that a
// server may be killed and started again.
var taken struct {
	sync.Mutex
	locks []io.Closer
}

// Address reserves a port of the loopback interface for this process. Nothing
// listens there.
func Address(ctx context.Context) (string, error) { return from(ctx, rand.IntN(count)) }

// from reserves the first port that is free, of those from one on.
func from(ctx context.Context, first int) (string, error) {
	dir := filepath.Join(os.TempDir(), "s3-destination-ports")
	if err := os.MkdirAll(dir, 0o777); err != nil { // tests of other users lock ports there, too
		return "", fmt.Errorf("reserving a port: %w", err)
	}
	for i := range count {
		port := lowest + (first+i)%count
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		lock, err := disk.OS{}.Lock(filepath.Join(dir, strconv.Itoa(port)))
		if errors.Is(err, disk.ErrLocked) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("reserving a port: %w", err)
		}
		if !free(ctx, address) {
			_ = lock.Close()
			continue
		}
		taken.Lock()
		taken.locks = append(taken.locks, lock)
		taken.Unlock()
		return address, nil
	}
	return "", fmt.Errorf("reserving a port: all of %d to %d are taken", lowest, lowest+count-1)
}

// free reports whether nothing listens at an address.
func free(ctx context.Context, address string) bool {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return false
	}
	return l.Close() == nil
}
