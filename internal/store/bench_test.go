package store

import (
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// BenchmarkPut measures what an upload costs on our side, against a server that
// only swallows it.
func BenchmarkPut(b *testing.B) {
	for _, tls := range []bool{false, true} {
		for _, checksum := range []Checksum{ChecksumNone, ChecksumCRC32C, ChecksumSHA256} {
			for _, size := range []int{64 << 10, 32 << 20} {
				b.Run(fmt.Sprintf("tls=%v/%s/%dKiB", tls, checksum, size>>10), func(b *testing.B) { benchmarkPut(b, tls, checksum, size) })
			}
		}
	}
}

// swallow answers like S3 and keeps nothing.
func swallow(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("ETag", `"x"`)
	if r.Method == http.MethodPost {
		_, _ = io.WriteString(w, `<Result><UploadId>u</UploadId><ETag>"x"</ETag></Result>`)
	}
}

// processorTime is what this process has used, which depends less on how busy
// the machine is than the time that passes.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWholeOrParts compares one PutObject of the default max_file_size
// with the parts that it would otherwise be put in.
func BenchmarkWholeOrParts(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(swallow))
	defer server.Close()
	s, err := New(b.Context(), Config{
		Bucket: "b", ForcePathStyle: true, Checksum: ChecksumCRC32C, Endpoint: server.URL,
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "AKIA", SecretAccessKey: "secret"},
		Encryption: encryption.Config{Mode: encryption.ModeNone},
	})
	require.NoError(b, err)
	defer s.Close()
	body := BodyOf(make([]byte, 128_000_000))
	for name, parts := range map[string]bool{"whole": false, "parts": true} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(body.Len())
			b.ReportAllocs()
			began := processorTime()
			for b.Loop() {
				if _, err := s.Put(b.Context(), Object{Key: "k", Body: body, InParts: parts}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processorTime()-began).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}

func benchmarkPut(b *testing.B, tls bool, checksum Checksum, size int) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(swallow))
	cfg := Config{
		Bucket: "b", ForcePathStyle: true, Checksum: checksum,
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "AKIA", SecretAccessKey: "secret"},
		Encryption: encryption.Config{Mode: encryption.ModeNone},
	}
	if tls {
		server.StartTLS()
		cfg.HTTP.CAFile = filepath.Join(b.TempDir(), "ca.pem")
		cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		require.NoError(b, os.WriteFile(cfg.HTTP.CAFile, cert, 0o600))
	} else {
		server.Start()
	}
	defer server.Close()
	cfg.Endpoint = server.URL
	s, err := New(b.Context(), cfg)
	require.NoError(b, err)
	defer s.Close()
	body := BodyOf(make([]byte, size))
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Put(b.Context(), Object{Key: "k", Body: body}); err != nil {
			b.Fatal(err)
		}
	}
}
