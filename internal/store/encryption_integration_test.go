//go:build integration

package store

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/minio"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

const ordersKey = "orders-key"

func encrypting(t *testing.T, server *minio.Server, e encryption.Config, edit func(*Config)) *Store {
	t.Helper()
	cfg := Config{
		Bucket: server.Bucket, Region: minio.Region, Endpoint: server.URL, ForcePathStyle: true,
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
		Encryption: e, Checksum: ChecksumCRC32C, Retry: fastRetry(),
	}
	smallParts(&cfg)
	if edit != nil {
		edit(&cfg)
	}
	s, err := New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// sizes are those of an object of one request and of one in parts.
func sizes() map[string]int {
	return map[string]int{"single": 2000, "multipart": minPartSize + 1000}
}

// legible is content that is easy to find on a disk.
func legible(size int) []byte { return bytes.Repeat([]byte("what-nobody-may-read-"), size/21+1)[:size] }

// onDisk reports whether the server keeps that content as it is.
func onDisk(t *testing.T, dir string, content []byte) bool {
	t.Helper()
	found := false
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		stored, err := os.ReadFile(path)
		found = found || bytes.Contains(stored, content[:1000])
		return err
	}))
	return found
}

// head is what the server says about an object.
func head(t *testing.T, server *minio.Server, key string) *s3.HeadObjectOutput {
	t.Helper()
	out, err := server.Client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(server.Bucket), Key: aws.String(key)})
	require.NoError(t, err)
	return out
}

func TestIntegrationEveryModeEncryptsSinglesAndPartsAlike(t *testing.T) {
	keys := minio.StartKeyService(t, ordersKey)
	server := minio.Start(t, keys)
	on := true
	cases := map[string]struct {
		config encryption.Config
		want   types.ServerSideEncryption
		key    string
	}{
		"none":            {encryption.Config{Mode: encryption.ModeNone}, "", ""},
		"sse-s3":          {encryption.Config{Mode: encryption.ModeSSES3}, types.ServerSideEncryptionAes256, ""},
		"default KMS key": {encryption.Config{Mode: encryption.ModeSSEKMS}, types.ServerSideEncryptionAwsKms, minio.DefaultKey},
		"sse-kms, named":  {encryption.Config{Mode: encryption.ModeSSEKMS, KMSKey: ordersKey}, types.ServerSideEncryptionAwsKms, ordersKey},
		"named KMS key":   {encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: ordersKey}, types.ServerSideEncryptionAwsKms, ordersKey},
		"with context": {
			encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: ordersKey, BucketKey: &on, Context: map[string]string{"team": "orders"}},
			types.ServerSideEncryptionAwsKms, ordersKey,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := encrypting(t, server, c.config, nil)
			for kind, size := range sizes() {
				content, key, used := legible(size), name+"/"+kind, keys.Used(c.key)
				r, err := put(t.Context(), s, key, content)
				require.NoError(t, err, kind)
				assert.Equal(t, kind == "multipart", r.Multipart)
				said := head(t, server, key)
				assert.Equal(t, c.want, said.ServerSideEncryption, kind)
				if c.key == "" {
					assert.Nil(t, said.SSEKMSKeyId, kind)
				} else {
					assert.Equal(t, "arn:aws:kms:"+c.key, aws.ToString(said.SSEKMSKeyId), kind)
					assert.Greater(t, keys.Used(c.key), used, "%s: the key service was asked", kind)
				}
				assert.True(t, bytes.Equal(content, download(t, s, key)), kind)
				dir := filepath.Join(server.Dir, "data", server.Bucket, key)
				assert.Equal(t, c.want == "", onDisk(t, dir, content), "%s: as it is on the disk", kind)
			}
		})
	}
}

// A bucket that encrypts by itself: what is not asked for comes from the
// bucket, what is asked for wins.
func TestIntegrationDefaultOfTheBucket(t *testing.T) {
	keys := minio.StartKeyService(t, ordersKey)
	server := minio.Start(t, keys)
	_, err := server.Client().PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{
		Bucket: aws.String(server.Bucket),
		ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
				SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String(ordersKey),
			},
		}}},
	})
	require.NoError(t, err)
	for mode, want := range map[encryption.Mode]types.ServerSideEncryption{
		encryption.ModeNone: types.ServerSideEncryptionAwsKms, encryption.ModeSSES3: types.ServerSideEncryptionAes256,
	} {
		s := encrypting(t, server, encryption.Config{Mode: mode}, nil)
		for kind, size := range sizes() {
			key := string(mode) + "/" + kind
			_, err := put(t.Context(), s, key, legible(size))
			require.NoError(t, err, key)
			assert.Equal(t, want, head(t, server, key).ServerSideEncryption, key)
		}
	}
}

func TestIntegrationUnknownKeyIsAKMSError(t *testing.T) {
	for name, keys := range map[string]minio.Keys{"of a key service": minio.StartKeyService(t), "of the server": minio.StaticKey("own-key")} {
		t.Run(name, func(t *testing.T) {
			server := minio.Start(t, keys)
			s := encrypting(t, server, encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: "nobodys-key"}, nil)
			for kind, size := range sizes() {
				_, err := put(t.Context(), s, kind, legible(size))
				require.Equal(t, ClassKMS, ClassOf(err), "%v", err)
				require.ErrorContains(t, err, "correct encryption.kms_key: there is no such key", kind)
				assert.False(t, MissingRight(err), "no policy is at fault")
			}
			requireNoUploads(t, s)
		})
	}
}

func TestIntegrationDisabledKeyIsAKMSErrorUntilItIsEnabled(t *testing.T) {
	keys := minio.StartKeyService(t, ordersKey)
	server := minio.Start(t, keys)
	s := encrypting(t, server, encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: ordersKey}, nil)
	for kind, size := range sizes() {
		_, err := put(t.Context(), s, kind+"-before", legible(size))
		require.NoError(t, err)
		keys.Disable(ordersKey)
		_, err = put(t.Context(), s, kind+"-disabled", legible(size))
		require.Equal(t, ClassKMS, ClassOf(err), "%v", err)
		keys.Enable(ordersKey)
		_, err = put(t.Context(), s, kind+"-after", legible(size))
		require.NoError(t, err)
	}
	requireNoUploads(t, s)
}

// between calls do before the second part of an upload.
type between struct{ do func() }

func (b between) Do(r *http.Request) (*http.Response, error) {
	if r.URL.Query().Get("partNumber") == "2" {
		b.do()
	}
	return http.DefaultClient.Do(r)
}

// Each part of an upload needs the key again.
func TestIntegrationKeyDisabledBetweenPartsAbortsTheUpload(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	keys := minio.StartKeyService(t, ordersKey)
	server := minio.Start(t, keys)
	s := encrypting(t, server, encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: ordersKey}, func(c *Config) {
		c.PartConcurrency = 1
		c.HTTP.Client = between{func() { keys.Disable(ordersKey) }}
	})
	_, err := put(t.Context(), s, "k", legible(3*minPartSize))
	require.Equal(t, ClassKMS, ClassOf(err), "%v", err)
	requireNoUploads(t, s)
	_, err = s.Head(t.Context(), "k")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestIntegrationUnreachableKeyServiceIsWaitedFor(t *testing.T) {
	keys := minio.StartKeyService(t, ordersKey)
	server := minio.Start(t, keys)
	s := encrypting(t, server, encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: ordersKey}, func(c *Config) {
		c.Retry = RetryConfig{MaxRetries: -1, InitialInterval: 50 * time.Millisecond, MaxInterval: 500 * time.Millisecond, MaxElapsed: time.Minute}
	})
	keys.Silence(true)
	short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := put(short, s, "never", legible(100))
	require.Equal(t, ClassKMS, ClassOf(OutOfTime(t.Context(), err)), "%v", err)

	time.AfterFunc(2*time.Second, func() { keys.Silence(false) })
	r, err := put(t.Context(), s, "later", legible(100))
	require.NoError(t, err)
	assert.Greater(t, r.Attempts, 1)
}

// A server without keys says so, and that is no matter of the key.
func TestIntegrationServerThatCannotEncrypt(t *testing.T) {
	server := minio.Start(t, minio.NoKeys{})
	for _, e := range []encryption.Config{{Mode: encryption.ModeSSES3}, {Mode: encryption.ModeSSEKMS}} {
		_, err := put(t.Context(), encrypting(t, server, e, nil), "k", []byte("x"))
		require.ErrorIs(t, err, ErrNotImplemented, "%v", err)
		require.ErrorContains(t, err, "encryption.mode")
	}
	_, err := put(t.Context(), encrypting(t, server, encryption.Config{Mode: encryption.ModeNone}, nil), "k", []byte("x"))
	require.NoError(t, err)
}

// versitygw ignores every encryption header in silence.
func TestIntegrationIgnoredEncryptionFailsSinglesAndParts(t *testing.T) {
	server := versitygw.Start(t)
	for _, e := range []encryption.Config{{Mode: encryption.ModeSSES3}, {Mode: encryption.ModeSSEKMS}, {Mode: encryption.ModeSSEKMSCMK, KMSKey: ordersKey}} {
		strict := realStore(t, server, func(c *Config) { smallParts(c); c.Encryption = e })
		tolerant := realStore(t, server, func(c *Config) { smallParts(c); c.Encryption, c.TolerateEncryption = e, true })
		for kind, size := range sizes() {
			_, err := put(t.Context(), strict, kind, legible(size))
			require.ErrorContains(t, err, "the server reports no encryption", kind)
			require.ErrorContains(t, err, "encryption.on_mismatch")
			_, err = strict.Head(t.Context(), kind)
			require.ErrorIs(t, err, ErrNotFound, "what is not encrypted as asked must not stay")
			_, err = put(t.Context(), tolerant, string(e.Mode)+"/"+kind, legible(size))
			require.NoError(t, err)
		}
		requireNoUploads(t, strict)
	}
}

// A session of a real STS writes; one whose token is not its own does not.
func TestIntegrationSessionsOfARealSTS(t *testing.T) {
	server := minio.Start(t, minio.StaticKey("own-key"))
	s := encrypting(t, server, encryption.Config{Mode: encryption.ModeSSES3}, func(c *Config) {
		c.Auth.Mode, c.Auth.RoleARN = auth.ModeAssumeRole, "arn:aws:iam::111122223333:role/landing"
		c.Auth.STSEndpoint, c.Auth.SessionDuration = server.URL, auth.MinSessionDuration
	})
	_, err := put(t.Context(), s, "k", []byte("x"))
	require.NoError(t, err)
	creds, err := s.Credentials().Retrieve(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, server.AccessKey, creds.AccessKeyID)
	assert.NotEmpty(t, creds.SessionToken)

	for name, token := range map[string]string{"bogus": "bogus-token", "missing": ""} {
		other := encrypting(t, server, encryption.Config{Mode: encryption.ModeSSES3}, func(c *Config) {
			c.Auth = auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: token}
		})
		_, err = put(t.Context(), other, "k", []byte("x"))
		var e *Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, ClassCredentials, e.Class, "%s: %v", name, err)
		assert.NotContains(t, err.Error(), creds.SecretAccessKey)
	}
	wrong := encrypting(t, server, encryption.Config{Mode: encryption.ModeSSES3}, func(c *Config) {
		c.Auth.Mode, c.Auth.RoleARN, c.Auth.STSEndpoint = auth.ModeAssumeRole, "arn:aws:iam::111122223333:role/landing", server.URL
		c.Auth.SecretAccessKey = "not-the-secret"
	})
	_, err = put(t.Context(), wrong, "k", []byte("x"))
	require.Equal(t, ClassCredentials, ClassOf(err), "%v", err)
	require.ErrorContains(t, err, "hop 1 of 1")
}
