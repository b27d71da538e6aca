//go:build integration

package minio

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3-destination/s3-destination/internal/testutil/child"
	"github.com/s3-destination/s3-destination/internal/testutil/ports"
)

// Region is the only one that the server accepts.
const Region = "eu-west-1"

// Keys is where the server's encryption keys come from.
type Keys interface {
	// environment is what tells the server about them.
	environment() []string
}

// StaticKey is the name of the only key of a server that keeps its key itself.
// Servers with the same name have the same key.
type StaticKey string

func (k StaticKey) environment() []string {
	// The same 32 bytes for every server: a test key for test data.
	return []string{"MINIO_KMS_SECRET_KEY=" + string(k) + ":bWluaW8tdGVzdC1rZXktb2YtMzItYnl0ZXMtaGVyZSE="}
}

// NoKeys is a server that cannot encrypt.
type NoKeys struct{}

func (NoKeys) environment() []string { return nil }

// Server is a MinIO. It runs until the end of the test or [Server.Stop].
type Server struct {
	// URL is the endpoint, to be used path-style. STS answers there too.
	URL string
	// Bucket exists from the start.
	Bucket string
	// AccessKey and SecretKey are the root user's.
	AccessKey, SecretKey string
	// Dir is where the server keeps objects.
	Dir string

	binary  string
	process *child.Process
}

// Start runs a server for the length of the test. It skips the test where MINIO
// is not set, and fails it where the binary does not start.
func Start(tb testing.TB, keys Keys) *Server {
	tb.Helper()
	binary := os.Getenv("MINIO")
	if binary == "" {
		tb.Skip("MINIO is not set: it names the binary of MinIO, as make integration does")
	}
	address, err := ports.Address(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{
		URL: "http://" + address, Bucket: "landing", AccessKey: "miniotest", SecretKey: "minio-test-secret",
		Dir: tb.TempDir(), binary: binary,
	}
	s.Restart(tb, keys)
	if _, err := s.Client().CreateBucket(tb.Context(), &s3.CreateBucketInput{Bucket: aws.String(s.Bucket)}); err != nil {
		tb.Fatalf("making the bucket: %v", err)
	}
	return s
}

// Stop ends the server and leaves its data. Its address answers nothing until
// [Server.Restart].
func (s *Server) Stop() { s.process.Stop() }

// Restart runs the server again, at the same address, on the same data, with
// these keys.
func (s *Server) Restart(tb testing.TB, keys Keys) {
	tb.Helper()
	if s.process != nil {
		s.Stop()
	}
	cmd := child.Command(tb.Context(), s.binary, append(keys.environment(),
		"HOME="+s.Dir, "MINIO_ROOT_USER="+s.AccessKey, "MINIO_ROOT_PASSWORD="+s.SecretKey, "MINIO_SITE_REGION="+Region,
		"MINIO_UPDATE=off", "MINIO_BROWSER=off", "MINIO_CALLHOME_ENABLE=off", "MINIO_SCANNER_SPEED=slowest"),
		"server", "--quiet", "--address", strings.TrimPrefix(s.URL, "http://"), filepath.Join(s.Dir, "data"))
	cmd.Dir = s.Dir
	process, err := child.Start(tb.Context(), cmd, s.URL+"/minio/health/cluster", func(status int) bool { return status == http.StatusOK })
	if err != nil {
		tb.Fatal(err)
	}
	s.process = process
	tb.Cleanup(process.Stop)
}

// Client is an S3 client of the root user, for setting a scene and looking at
// it past the code under test.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{
		Region: Region, BaseEndpoint: aws.String(s.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""),
		HTTPClient:  child.Client(),
	})
}
