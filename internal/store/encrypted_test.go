package store

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// differences counts what an observer is told about encryption.
type differences struct {
	nopObserver

	n atomic.Int32
}

func (d *differences) EncryptionDiffers(string, error) { d.n.Add(1) }

// MinIO says nothing about encryption when an upload begins, and all with each
// of its parts.
func TestEncryptionThatIsToldWithThePartsOnly(t *testing.T) {
	t.Parallel()
	for told, want := range map[string]string{"AES256": "", "aws:kms": "the server reports aws:kms", "": "the server reports no encryption"} {
		t.Run("told "+told, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			server.Faults.Add(s3test.Rule{Op: "CreateMultipartUpload", Do: func(x *s3test.Exchange) { x.Next.ServeHTTP(withoutEncryption{x.W}, x.R) }})
			server.Faults.Add(s3test.Rule{Op: "UploadPart", Do: func(x *s3test.Exchange) {
				if told != "" {
					x.W.Header().Set("X-Amz-Server-Side-Encryption", told)
				}
				x.Next.ServeHTTP(x.W, x.R)
			}})
			seen := &differences{}
			s := newStore(t, server, func(c *Config) {
				smallParts(c)
				c.Encryption, c.Observer = encryption.Config{Mode: encryption.ModeSSES3}, seen
			})
			_, err := put(t.Context(), s, "k", randomBytes(3*littlePart))
			if want == "" {
				require.NoError(t, err)
				assert.Zero(t, seen.n.Load())
				return
			}
			require.ErrorContains(t, err, want)
			assert.Empty(t, server.Keys(""))
			assert.Equal(t, 1, server.Count("AbortMultipartUpload"))
			assert.Zero(t, server.Count("CompleteMultipartUpload"), "it must not become visible")

			seen.n.Store(0)
			s.cfg.TolerateEncryption = true
			_, err = put(t.Context(), s, "tolerated", randomBytes(3*littlePart))
			require.NoError(t, err)
			assert.Equal(t, int32(1), seen.n.Load(), "told once, not with each part")
		})
	}
}

// saying reports another encryption than the server would.
type saying struct {
	http.ResponseWriter

	algorithm string
}

func (w saying) Write(p []byte) (int, error) {
	w.Header().Set("X-Amz-Server-Side-Encryption", w.algorithm)
	return w.ResponseWriter.Write(p)
}

// A difference that is told at once costs no part.
func TestEncryptionThatIsToldAtOnce(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Op: "CreateMultipartUpload", Do: func(x *s3test.Exchange) {
		x.Next.ServeHTTP(saying{x.W, "aws:kms"}, x.R)
	}})
	s := newStore(t, server, func(c *Config) {
		smallParts(c)
		c.Encryption = encryption.Config{Mode: encryption.ModeSSES3}
	})
	_, err := put(t.Context(), s, "k", randomBytes(2*littlePart))
	require.ErrorContains(t, err, "asked for AES256, and the server reports aws:kms")
	assert.Zero(t, server.Count("UploadPart"))
	assert.Equal(t, 1, server.Count("AbortMultipartUpload"))
}
