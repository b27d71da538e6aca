package store

import (
	"maps"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// rewriting lets the server answer and changes a header; an empty value removes
// it.
func rewriting(header, value string) s3test.Action {
	return func(x *s3test.Exchange) {
		answer := httptest.NewRecorder()
		x.Next.ServeHTTP(answer, x.R)
		maps.Copy(x.W.Header(), answer.Header())
		x.W.Header().Set(header, value)
		if value == "" {
			x.W.Header().Del(header)
		}
		x.W.WriteHeader(answer.Code)
		_, _ = x.W.Write(answer.Body.Bytes())
	}
}

func TestAnotherChecksumThanWasSentIsNeverASuccess(t *testing.T) {
	t.Parallel()
	const wrong = "AAAAAA=="
	for op, size := range map[string]int{"PutObject": 3, "UploadPart": littlePart + 1} {
		t.Run(op, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			server.Faults.Add(s3test.Rule{Op: op, Do: rewriting("X-Amz-Checksum-Crc32c", wrong)})
			s := newStore(t, server, func(c *Config) { smallParts(c); c.Checksum = ChecksumCRC32C })
			_, err := put(t.Context(), s, "k", randomBytes(size))
			require.ErrorContains(t, err, "the store confirms the checksum AAAAAA==")
			require.ErrorContains(t, err, "the store received other bytes than were sent")
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.False(t, e.OutcomeUnknown, "it must not be taken for ours later")
			assert.Empty(t, server.Keys(""), "nor stay")
		})
	}
	t.Run("CompleteMultipartUpload", func(t *testing.T) {
		server := s3test.StartT(t, s3test.Config{})
		answering(server, "CompleteMultipartUpload", page(200,
			`<CompleteMultipartUploadResult><Key>k</Key><ETag>"x"</ETag><ChecksumCRC32C>`+wrong+`</ChecksumCRC32C></CompleteMultipartUploadResult>`))
		s := newStore(t, server, func(c *Config) { smallParts(c); c.Checksum = ChecksumCRC32C })
		_, err := put(t.Context(), s, "k", randomBytes(littlePart+1))
		require.ErrorContains(t, err, "the store confirms the checksum")
		assert.Equal(t, 1, server.Count("DeleteObject"))
	})
}

// A damaged object is ours by its identity, and must never be taken for stored.
func TestADamagedObjectIsNotRecognised(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Deny("DeleteObject")
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.LoseResponse()})
	server.Faults.Add(s3test.Rule{Op: "PutObject", Do: rewriting("X-Amz-Checksum-Crc32c", "AAAAAA==")})
	s := newStore(t, server, func(c *Config) { c.Checksum = ChecksumCRC32C })
	for _, earlier := range []bool{false, true} {
		_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("x")), Identity: "1", MayExist: earlier})
		require.ErrorContains(t, err, "the store confirms the checksum")
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.False(t, e.OutcomeUnknown)
	}
}

// Whoever has confirmed checksums once, for that kind of request, has to.
func TestAMissingConfirmation(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { smallParts(c); c.Checksum = ChecksumCRC32C })
	mute := func(op string) *s3test.Fault {
		return server.Faults.Add(s3test.Rule{Op: op, Do: rewriting("X-Amz-Checksum-Crc32c", "")})
	}
	puts := mute("PutObject")
	mute("UploadPart")
	_, err := put(t.Context(), s, "never confirmed", []byte("x"))
	require.NoError(t, err)
	assert.Equal(t, Unknown, s.Capabilities()[ChecksumEcho])
	puts.Remove()
	_, err = put(t.Context(), s, "confirmed", []byte("x"))
	require.NoError(t, err)
	assert.Equal(t, Shown, s.Capabilities()[ChecksumEcho])
	mute("PutObject")
	_, err = put(t.Context(), s, "no longer", []byte("x"))
	require.Equal(t, ClassNotS3, ClassOf(err))
	require.ErrorContains(t, err, "no checksum where earlier answers have confirmed it")
	_, err = put(t.Context(), s, "parts were never confirmed", randomBytes(littlePart+1))
	require.NoError(t, err)
}

// The checksum of checksums that S3 gives a multipart object is no echo.
func TestAChecksumOfPartsIsNoEcho(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Do: rewriting("X-Amz-Checksum-Crc32c", "AAAAAA==-2")})
	s := newStore(t, server, func(c *Config) { smallParts(c); c.Checksum = ChecksumCRC32C })
	_, err := put(t.Context(), s, "k", randomBytes(littlePart+1))
	require.NoError(t, err)
}
