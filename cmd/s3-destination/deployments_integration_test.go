//go:build integration && !nokafka

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// directory is a bucket of versitygw, which keeps objects as files.
type directory string

func (d directory) Objects(prefix string) []s3test.Object {
	var found []s3test.Object
	_ = filepath.WalkDir(string(d), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		key, err := filepath.Rel(string(d), path)
		if err != nil || !strings.HasPrefix(key, prefix) {
			return err
		}
		body, err := os.ReadFile(path)
		found = append(found, s3test.Object{Key: key, Body: body})
		return err
	})
	return found
}

// The broker and the S3 server of resources/compose, as processes.
func TestIntegrationComposePipelinesLandWhatIsProduced(t *testing.T) {
	s := versitygw.Start(t)
	landComposed(t, kafkatest.StartApacheT(t), directory(filepath.Join(s.Dir, s.Bucket)), []string{
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey, "ENDPOINT=" + s.URL,
	})
}
