package store

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/awsenv"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestMain(m *testing.M) {
	awsenv.Clear()
	goleak.VerifyTestMain(m)
}

// fastRetry keeps faults in real time short.
func fastRetry() RetryConfig {
	return RetryConfig{MaxRetries: 5, InitialInterval: time.Millisecond, MaxInterval: 4 * time.Millisecond}
}

// newStore connects to server with small, quick settings that edit may change.
func newStore(t *testing.T, server *s3test.Server, edit func(*Config)) *Store {
	t.Helper()
	cfg := Config{
		Bucket: server.Bucket, Endpoint: server.URL, ForcePathStyle: true,
		Auth:           auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
		Encryption:     encryption.Config{Mode: encryption.ModeNone},
		Retry:          fastRetry(),
		RequestTimeout: 5 * time.Second,
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	s.smallerParts()
	return s
}

// newTLSStore trusts the server's certificate through a CA file.
func newTLSStore(t *testing.T, server *s3test.Server, edit func(*Config)) *Store {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, server.CAPEM(), 0o600))
	return newStore(t, server, func(c *Config) {
		c.HTTP.CAFile = file
		if edit != nil {
			edit(c)
		}
	})
}

// littlePart is the size of a part with smallParts, in bytes. A tenth of what S3
// takes, which the servers of these tests take too: under the race detector each
// megabyte that is copied costs milliseconds.
const littlePart = minPartSize / 10

// smallParts makes bodies of more than littlePart multipart.
func smallParts(c *Config) {
	c.PartSize, c.MultipartThreshold = minPartSize, minPartSize
}

// smallerParts goes on from smallParts to what the settings do not accept.
func (s *Store) smallerParts() {
	for _, size := range []*int64{&s.cfg.PartSize, &s.cfg.MultipartThreshold} {
		if *size == minPartSize {
			*size = littlePart
		}
	}
}

// randomBytes are incompressible and the same on every run.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

// requireStored compares without printing megabytes.
func requireStored(t *testing.T, server *s3test.Server, key string, want []byte) {
	t.Helper()
	o, ok := server.Object(key)
	require.True(t, ok, "object %s is not there", key)
	require.Len(t, o.Body, len(want))
	require.True(t, bytes.Equal(want, o.Body), "object %s holds other bytes", key)
}

// watcher is an Observer that remembers.
type watcher struct {
	mu       sync.Mutex
	attempts []Attempt
	left     []string
}

func (w *watcher) Attempt(a Attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attempts = append(w.attempts, a)
}

func (w *watcher) EncryptionDiffers(string, error) {}

func (w *watcher) UploadLeft(key string, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = append(w.left, key)
}

func (w *watcher) classes(op Op) []Class {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Class
	for _, a := range w.attempts {
		if a.Op == op {
			all = append(all, a.Class)
		}
	}
	return all
}

// put uploads content under key with an identity, conditionally.
func put(ctx context.Context, s *Store, key string, content []byte) (Result, error) {
	return s.Put(ctx, Object{Key: key, Body: BodyOf(content), Identity: "chunk-1", IfNoneMatch: true})
}
