package s3test_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestUpstreamVerifiesWhatCameThrough puts a server before another one. Only an
// untouched signature gets through both.
func TestUpstreamVerifiesWhatCameThrough(t *testing.T) {
	behind := s3test.StartT(t, s3test.Config{})
	front := s3test.StartT(t, s3test.Config{Upstream: behind.URL})
	c := client(t, front, front.AccessKey, front.SecretKey, "")
	require.NoError(t, putObject(t.Context(), c, "date=2026-07-01/a b+c", "content"))
	o, ok := behind.Object("date=2026-07-01/a b+c")
	require.True(t, ok)
	assert.Equal(t, "content", string(o.Body))
	assert.Equal(t, "SignatureDoesNotMatch", code(putObject(t.Context(), client(t, front, front.AccessKey, "wrong", ""), "k", "x")))

	front.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lost$", Do: s3test.LoseResponse()})
	require.Error(t, putObject(t.Context(), c, "lost", "x"))
	_, ok = behind.Object("lost")
	assert.True(t, ok)
	assert.Equal(t, 3, front.Count("PutObject"))

	behind.Close()
	assert.Equal(t, "BadGateway", code(putObject(t.Context(), c, "k", "x")))
}
