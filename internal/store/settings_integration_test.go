//go:build integration

package store

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// A server that verifies every signature takes the headers of these settings
// with each operation.
func TestIntegrationSettingsOfARealServer(t *testing.T) {
	server := versitygw.Start(t)
	s := realStore(t, server, func(c *Config) {
		smallParts(c)
		c.ACL, c.RequestPayer, c.Checksum = "bucket-owner-full-control", Requester, ChecksumMD5
	})
	everyOperation(t, s)
	_, err := put(t.Context(), s, "kept", []byte("content"))
	require.NoError(t, err)
	require.Equal(t, "content", string(download(t, s, "kept")))
}
