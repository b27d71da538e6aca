package versitygw

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/s3-destination/s3-destination/internal/testutil/child"
	"github.com/s3-destination/s3-destination/internal/testutil/ports"
)

// Region is the only one that the server accepts.
const Region = "us-east-1"

// ErrUnavailable says that there is no binary on this machine.
var ErrUnavailable = errors.New("versitygw is not available: set VERSITYGW to its path, put it on the PATH, or run make integration")

// The root user of every server.
const (
	rootKey    = "versitytest"
	rootSecret = "versitytestsecret"
)

func rootEnvironment() []string {
	return []string{"ROOT_ACCESS_KEY=" + rootKey, "ROOT_SECRET_KEY=" + rootSecret}
}

// Config chooses how the server runs. The zero value is a server with one user,
// root, who may do everything.
type Config struct {
	// Versions lets buckets be versioned and locked.
	Versions bool
	// Accounts lets root make other accounts, to which a bucket's policy may
	// grant access.
	Accounts bool

	// iam is the socket of an IAM service.
	iam string
}

// Server is a versitygw.
type Server struct {
	// URL is the endpoint, to be used path-style.
	URL string
	// Bucket exists from the start.
	Bucket string
	// AccessKey and SecretKey are the root user's.
	AccessKey, SecretKey string
	// Dir is where the server keeps objects.
	Dir string

	binary  string
	args    []string
	process *child.Process
}

// Launch runs a server with its data below root until its Close. The error is
// [ErrUnavailable] where there is no binary.
func Launch(ctx context.Context, root string) (*Server, error) {
	return LaunchWith(ctx, root, Config{})
}

// LaunchWith is [Launch] with a choice.
func LaunchWith(ctx context.Context, root string, cfg Config) (*Server, error) {
	binary, err := find()
	if err != nil {
		return nil, err
	}
	address, err := ports.Address(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL: "http://" + address, Bucket: "landing", AccessKey: rootKey, SecretKey: rootSecret,
		Dir: filepath.Join(root, "data"), binary: binary,
	}
	dirs := map[string]string{"bucket": filepath.Join(s.Dir, s.Bucket)}
	for _, name := range []string{"accounts", "versions", "sidecar"} {
		dirs[name] = filepath.Join(root, name)
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("making a directory for versitygw: %w", err)
		}
	}
	s.args = append([]string{"--port", address, "--region", Region, "--quiet"}, arguments(cfg, s.Dir, dirs)...)
	if err := s.Relaunch(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// arguments chooses users and storage. Metadata is in extended attributes where
// the file system has them, and in a directory beside the data where it does
// not.
func arguments(cfg Config, data string, dirs map[string]string) []string {
	var args []string
	switch {
	case cfg.iam != "":
		args = append(args, "--iam-cache-disable", "--iam-standalone-endpoint", cfg.iam)
	case cfg.Accounts:
		args = append(args, "--iam-cache-disable", "--iam-dir", dirs["accounts"])
	}
	args = append(args, "posix")
	if cfg.Versions {
		args = append(args, "--versioning-dir", dirs["versions"])
	}
	if err := syscall.Setxattr(data, "user.s3test", []byte("1"), 0); err == nil {
		_ = syscall.Removexattr(data, "user.s3test")
		return append(args, data)
	}
	return append(args, "--sidecar", dirs["sidecar"], data)
}

// Close stops the server and leaves its data. It may be called twice.
func (s *Server) Close() { s.process.Stop() }

// Relaunch runs the server again, at the same address, on the same data.
func (s *Server) Relaunch(ctx context.Context) error {
	cmd := child.Command(ctx, s.binary, rootEnvironment(), s.args...)
	cmd.Dir = filepath.Dir(s.Dir)
	var err error
	s.process, err = child.Start(ctx, cmd, s.URL, child.Anything)
	return err
}

// Available tells whether there is a binary on this machine.
func Available() bool {
	_, err := find()
	return err == nil
}

func find() (string, error) {
	if path := os.Getenv("VERSITYGW"); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("looking for versitygw, as VERSITYGW says: %w", err)
		}
		return path, nil
	}
	path, err := exec.LookPath("versitygw")
	if err != nil {
		return "", ErrUnavailable
	}
	return path, nil
}
