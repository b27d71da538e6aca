package s3test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
)

// ledger is the backend, which remembers what was replaced in it.
type ledger struct {
	*s3mem.Backend

	mu       sync.Mutex
	replaced []string
}

// PutObject stores an object and notes when it takes the place of another one.
func (l *ledger) PutObject(ctx context.Context, bucket, key string, meta map[string]string, input io.Reader, size int64) (gofakes3.PutObjectResult, error) {
	body, err := gofakes3.ReadAll(input, size)
	if err != nil {
		return gofakes3.PutObjectResult{}, err // gofakes3 reads the S3 code off it, so it stays as it is
	}
	if there, err := l.GetObject(ctx, bucket, key, nil); err == nil {
		old, err := io.ReadAll(there.Contents)
		_ = there.Contents.Close()
		if err != nil || !bytes.Equal(old, body) {
			l.note(key)
		}
	}
	return l.Backend.PutObject(ctx, bucket, key, meta, bytes.NewReader(body), size)
}

func (l *ledger) note(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replaced = append(l.replaced, key)
}

// Replaced lists the keys whose object was replaced by one with another
// content, once for each time. A loss cannot hide behind a later write.
func (s *Server) Replaced() []string {
	s.backend.mu.Lock()
	defer s.backend.mu.Unlock()
	return slices.Clone(s.backend.replaced)
}
