package kafkatest

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// ErrUnavailable says that a real broker cannot be had on this machine: Java,
// Maven or Maven Central is missing.
var ErrUnavailable = errors.New("no Apache Kafka here")

// fetchTimeout bounds a Maven that reaches nobody.
const fetchTimeout = 3 * time.Minute

//go:embed maven/pom.xml
var pom []byte

// DefaultVersion of Apache Kafka is the last but one major version, which most
// clusters run; 4.3.0 is one to which consumers can leave the assignment (KIP-848).
const DefaultVersion = "3.9.1"

// jars returns the directory with the broker's class path. Maven fetches it
// once into the user's cache, or below KAFKATEST_CACHE.
func jars(ctx context.Context, version string) (string, error) {
	pom := bytes.ReplaceAll(pom, []byte("VERSION"), []byte(version))
	cache := os.Getenv("KAFKATEST_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		cache = filepath.Join(user, "s3-destination-kafkatest")
	}
	// Another version is another directory.
	dir := filepath.Join(cache, fmt.Sprintf("%x", sha256.Sum256(pom))[:16])
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return "", fmt.Errorf("%w: Maven is needed once, to fetch the jars: %w", ErrUnavailable, err)
	}
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return "", fmt.Errorf("making the cache of jars: %w", err)
	}
	return dir, fetch(ctx, pom, cache, dir)
}

// fetch resolves the jars beside dir and moves them there when they are
// complete, so that an interrupted run leaves nothing half done.
func fetch(ctx context.Context, pom []byte, cache, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	work, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return fmt.Errorf("making a directory for jars: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	file := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(file, pom, 0o600); err != nil {
		return fmt.Errorf("writing the list of jars: %w", err)
	}
	lib := filepath.Join(work, "lib")
	cmd := exec.CommandContext(ctx, "mvn", "-B", "-q", "-f", file, "dependency:copy-dependencies", "-DoutputDirectory="+lib)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: fetching the jars: %w\n%s", ErrUnavailable, err, out)
	}
	if err := os.Rename(lib, dir); err != nil {
		if _, exists := os.Stat(dir); exists == nil {
			return nil // somebody else was faster
		}
		return fmt.Errorf("keeping the jars: %w", err)
	}
	return nil
}
