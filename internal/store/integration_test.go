//go:build integration

package store

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

func realStore(t *testing.T, server *versitygw.Server, edit func(*Config)) *Store {
	t.Helper()
	cfg := Config{
		Bucket: server.Bucket, Region: versitygw.Region, Endpoint: server.URL, ForcePathStyle: true,
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
		Encryption: encryption.Config{Mode: encryption.ModeNone}, // the server ignores it
		Checksum:   ChecksumCRC32C,
		Retry:      fastRetry(),
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func download(t *testing.T, s *Store, key string) []byte {
	t.Helper()
	out, err := s.client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key)})
	require.NoError(t, err)
	defer func() { _ = out.Body.Close() }()
	content, err := io.ReadAll(out.Body)
	require.NoError(t, err)
	return content
}

func TestIntegrationWrongSecretIsACredentialsError(t *testing.T) {
	server := versitygw.Start(t)
	s := realStore(t, server, func(c *Config) { c.Auth.SecretAccessKey = "wrong" })
	_, err := put(t.Context(), s, "k", []byte("x"))
	require.Equal(t, ClassCredentials, ClassOf(err), "%v", err)
	s = realStore(t, server, func(c *Config) { c.Auth.AccessKeyID = "NOBODY" })
	_, err = put(t.Context(), s, "k", []byte("x"))
	require.Equal(t, ClassCredentials, ClassOf(err), "%v", err)
}

func TestIntegrationWrongRegionAndBucket(t *testing.T) {
	server := versitygw.Start(t)
	s := realStore(t, server, func(c *Config) { c.Region = "eu-west-1" })
	_, err := put(t.Context(), s, "k", []byte("x"))
	require.Equal(t, ClassWrongRegion, ClassOf(err), "%v", err)
	require.ErrorContains(t, err, "us-east-1")
	s = realStore(t, server, func(c *Config) { c.Bucket = "elsewhere" })
	_, err = put(t.Context(), s, "k", []byte("x"))
	require.Equal(t, ClassNoBucket, ClassOf(err), "%v", err)
}

// corrupting flips a bit of every upload's body after it has been signed.
type corrupting struct{ times atomic.Int32 }

func (c *corrupting) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.ContentLength > 0 && c.times.Add(-1) >= 0 {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body[len(body)/2] ^= 1
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return http.DefaultClient.Do(r)
}

func TestIntegrationDamagedBytesAreNoticed(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	server := versitygw.Start(t)
	for _, checksum := range []Checksum{ChecksumNone, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA256, ChecksumMD5} {
		damage := &corrupting{}
		s := realStore(t, server, func(c *Config) { c.Checksum = checksum; c.HTTP.Client = damage })
		damage.times.Store(1)
		key := "once-" + string(checksum)
		r, err := put(t.Context(), s, key, []byte("content"))
		require.NoError(t, err)
		assert.Equal(t, 2, r.Attempts)
		assert.Equal(t, "content", string(download(t, s, key)))

		damage.times.Store(100)
		_, err = put(t.Context(), s, "never-"+string(checksum), []byte("content"))
		require.Equal(t, ClassInvalid, ClassOf(err), "%v", err)
		require.ErrorContains(t, err, "other bytes than were sent")
	}
}

func TestIntegrationWrongChecksumIsRefused(t *testing.T) {
	server := versitygw.Start(t)
	s := realStore(t, server, nil)
	_, err := s.client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(server.Bucket), Key: aws.String("k"), Body: bytes.NewReader([]byte("content")),
		ChecksumCRC32C: aws.String("4waSgw=="), // that of other bytes
	})
	require.Error(t, err)
	assert.Equal(t, retryOnce, classify(t.Context(), err).retry, "%v", err)
}

func TestIntegrationExactlyOneOf16WritersWins(t *testing.T) {
	server := versitygw.Start(t)
	s := realStore(t, server, smallParts)
	for name, size := range map[string]int{"single": 100, "multipart": minPartSize + 1} {
		t.Run(name, func(t *testing.T) {
			var won, lost atomic.Int32
			var winner atomic.Pointer[[]byte]
			var wg sync.WaitGroup
			for i := range 16 {
				wg.Go(func() {
					content := bytes.Repeat([]byte{byte(i)}, size)
					_, err := s.Put(t.Context(), Object{Key: name, Body: BodyOf(content), Identity: string(rune('a' + i)), IfNoneMatch: true})
					if err == nil {
						won.Add(1)
						winner.Store(&content)
						return
					}
					lost.Add(1)
					if !errors.Is(err, ErrExists) {
						t.Errorf("losing with %v", err)
					}
				})
			}
			wg.Wait()
			assert.Equal(t, int32(1), won.Load())
			assert.Equal(t, int32(15), lost.Load())
			require.True(t, bytes.Equal(*winner.Load(), download(t, s, name)))
		})
	}
	requireNoUploads(t, s)
}

func requireNoUploads(t *testing.T, s *Store) {
	t.Helper()
	out, err := s.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(s.cfg.Bucket)})
	require.NoError(t, err)
	assert.Empty(t, out.Uploads)
}

func TestIntegrationMultipart(t *testing.T) {
	server := versitygw.Start(t)
	content := randomBytes(3*minPartSize + 12345)
	for _, checksum := range []Checksum{ChecksumNone, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA256, ChecksumMD5} {
		s := realStore(t, server, func(c *Config) { smallParts(c); c.Checksum = checksum })
		r, err := put(t.Context(), s, string(checksum), content)
		require.NoError(t, err, checksum)
		assert.True(t, r.Multipart)
		require.True(t, bytes.Equal(content, download(t, s, string(checksum))))
		metadata, err := s.Head(t.Context(), string(checksum))
		require.NoError(t, err)
		assert.Equal(t, "chunk-1", metadata[IdentityKey])
	}
}

// refusing answers every later part with 403.
type refusing struct{}

func (refusing) Do(r *http.Request) (*http.Response, error) {
	if r.URL.Query().Get("partNumber") == "3" {
		return reply(r, http.StatusForbidden, "AccessDenied"), nil
	}
	return http.DefaultClient.Do(r)
}

func TestIntegrationAbortLeavesNoParts(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	server := versitygw.Start(t)
	s := realStore(t, server, func(c *Config) { smallParts(c); c.HTTP.Client = refusing{} })
	_, err := put(t.Context(), s, "k", randomBytes(4*minPartSize))
	require.Equal(t, ClassDenied, ClassOf(err))
	requireNoUploads(t, s)
}

func TestIntegrationDeleteHeadAndList(t *testing.T) {
	server := versitygw.Start(t)
	s := realStore(t, server, func(c *Config) {
		c.Tags = map[string]string{"cost center": "a+b"}
		c.Metadata = map[string]string{"city": "Zürich"}
	})
	for _, key := range []string{"p/1", "p/2", "p/3"} {
		_, err := put(t.Context(), s, key, []byte(key))
		require.NoError(t, err)
	}
	tags, err := s.client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: aws.String(server.Bucket), Key: aws.String("p/1")})
	require.NoError(t, err)
	require.Len(t, tags.TagSet, 1)
	assert.Equal(t, "cost center=a+b", aws.ToString(tags.TagSet[0].Key)+"="+aws.ToString(tags.TagSet[0].Value))
	keys, err := s.List(t.Context(), "p/", "p/1", MaxListed)
	require.NoError(t, err)
	assert.Equal(t, []string{"p/2", "p/3"}, keys)
	metadata, err := s.Head(t.Context(), "p/1")
	require.NoError(t, err)
	assert.Equal(t, "Zürich", metadata["city"])
	require.NoError(t, s.Delete(t.Context(), "p/1"))
	require.NoError(t, s.Delete(t.Context(), "p/1"))
	_, err = s.Head(t.Context(), "p/1")
	require.ErrorIs(t, err, ErrNotFound)
}
