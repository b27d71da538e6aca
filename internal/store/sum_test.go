package store

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// The checksum of an object is settled before the first attempt, and it is what
// every attempt sends.
func TestASettledChecksumIsSent(t *testing.T) {
	t.Parallel()
	for algorithm, header := range map[Checksum]string{
		ChecksumCRC32C: "X-Amz-Checksum-Crc32c", ChecksumCRC64NVME: "X-Amz-Checksum-Crc64nvme", ChecksumSHA256: "X-Amz-Checksum-Sha256",
		ChecksumMD5: "Content-Md5",
	} {
		server := s3test.StartT(t, s3test.Config{})
		server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.SlowDown(0)})
		server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Times: 1, Do: s3test.SlowDown(0)})
		s := newStore(t, server, func(c *Config) { smallParts(c); c.Checksum = algorithm })
		for _, size := range []int{100, 2*littlePart + 7} {
			body := BodyOf(randomBytes(size))
			sum := s.Sum(body)
			require.Equal(t, algorithm, sum.Algorithm)
			_, err := s.Put(t.Context(), Object{Key: "k", Body: body, Sum: sum})
			require.NoError(t, err)
			op := "PutObject"
			if size > littlePart {
				op = "CompleteMultipartUpload"
			}
			if (algorithm == ChecksumSHA256 || algorithm == ChecksumMD5) && op != "PutObject" {
				continue // S3 makes a hash of hashes; Content-MD5 goes with parts only
			}
			for _, r := range server.Requests(op) {
				assert.Equal(t, sum.Value, r.Header.Get(header), "%s of %d bytes", op, size)
			}
		}
	}
}

// A checksum of other bytes must not be replaced by one that fits: something
// has changed the content since.
func TestAChecksumOfOtherBytesIsAnError(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { smallParts(c); c.Checksum = ChecksumCRC32C })
	other := s.Sum(BodyOf([]byte("something else")))
	for key, size := range map[string]int{"small": 10, "large": 2 * littlePart} {
		_, err := s.Put(t.Context(), Object{Key: key, Body: BodyOf(randomBytes(size)), Sum: other})
		require.Equal(t, ClassInvalid, ClassOf(err), "%s: %v", key, err)
	}
	assert.Empty(t, server.Keys(""))
}

// One that was settled under another configuration is computed anew.
func TestAChecksumOfAnotherKindIsReplaced(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { c.Checksum = ChecksumCRC32C })
	_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("x")), Sum: Sum{Algorithm: ChecksumSHA256, Value: "other"}})
	require.NoError(t, err)
	assert.Equal(t, s.Sum(BodyOf([]byte("x"))).Value, server.Requests("PutObject")[0].Header.Get("X-Amz-Checksum-Crc32c"))
	none := newStore(t, server, nil)
	assert.Equal(t, Sum{}, none.Sum(BodyOf([]byte("x"))))
}
