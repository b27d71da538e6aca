//go:build integration

package versitygw

import (
	"errors"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3-destination/s3-destination/internal/testutil/child"
)

// Start runs a server for the length of the test. It skips the test where there
// is no binary, and fails it where there is one that does not start.
func Start(tb testing.TB) *Server {
	tb.Helper()
	return StartWith(tb, Config{})
}

// StartWith is [Start] with a choice.
func StartWith(tb testing.TB, cfg Config) *Server {
	tb.Helper()
	s, err := LaunchWith(tb.Context(), shortDir(tb), cfg)
	require(tb, err)
	tb.Cleanup(func() {
		s.Close()
		if tb.Failed() {
			tb.Logf("versitygw said: %s", s.process.Output())
		}
	})
	return s
}

// Restart is [Server.Relaunch] for a test.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	require(tb, s.Relaunch(tb.Context()))
}

// AddAccount makes an account with a key pair. Policies of buckets name it by
// its access key.
func (s *Server) AddAccount(tb testing.TB, access, secret string) {
	tb.Helper()
	out, err := child.Command(tb.Context(), s.binary, rootEnvironment(),
		"admin", "--access", s.AccessKey, "--secret", s.SecretKey, "--region", Region, "--endpoint-url", s.URL,
		"create-user", "--access", access, "--secret", secret, "--role", "user").CombinedOutput()
	if err != nil {
		tb.Fatalf("making the account %s: %v\n%s", access, err, out)
	}
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

// shortDir is a temporary directory whose path is short enough for a socket in
// it, which that of testing.TB may not be.
func shortDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "vgw") //nolint:usetesting // see above
	require(tb, err)
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// require ends the test on an error: by skipping it when there is no binary.
func require(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case errors.Is(err, ErrUnavailable):
		tb.Skip(err)
	case err != nil:
		tb.Fatal(err)
	}
}
