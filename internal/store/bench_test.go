package store

import (
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
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

func benchmarkPut(b *testing.B, tls bool, checksum Checksum, size int) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	cfg := Config{
		Bucket: "b", ForcePathStyle: true, Checksum: checksum,
		Auth: auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "AKIA", SecretAccessKey: "secret"},
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
