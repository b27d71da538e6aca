package store

import (
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// everything sets each parameter that shapes an object.
func everything(c *Config) {
	c.Encryption = encryption.Config{
		Mode: encryption.ModeSSEKMSCMK, KMSKey: "arn:aws:kms:eu-west-1:111122223333:key/k", BucketKey: aws.Bool(true),
		Context: map[string]string{"b": "2", "a": "1"},
	}
	c.StorageClass = "STANDARD_IA"
	c.ContentType, c.ContentEncoding = "text/csv", "gzip"
	c.Metadata = map[string]string{"team": "data", "City": "Zürich"}
	c.Tags = map[string]string{"cost center": "a+b", "env": "prod"}
	c.ExpectedBucketOwner = "111122223333"
	c.ACL = "bucket-owner-full-control"
}

func wantShape() map[string]string {
	return map[string]string{
		"X-Amz-Server-Side-Encryption":                    "aws:kms",
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id":     "arn:aws:kms:eu-west-1:111122223333:key/k",
		"X-Amz-Server-Side-Encryption-Bucket-Key-Enabled": "true",
		"X-Amz-Server-Side-Encryption-Context":            "eyJhIjoiMSIsImIiOiIyIn0=",
		"X-Amz-Storage-Class":                             "STANDARD_IA",
		"Content-Type":                                    "application/x-own",
		"Content-Encoding":                                "gzip",
		"X-Amz-Meta-Team":                                 "data",
		"X-Amz-Meta-City":                                 "=?utf-8?q?Z=C3=BCrich?=",
		"X-Amz-Meta-Own":                                  "yes",
		"X-Amz-Meta-S3d-Identity":                         "chunk-1",
		"X-Amz-Tagging":                                   "cost%20center=a%2Bb&env=prod",
		"X-Amz-Expected-Bucket-Owner":                     "111122223333",
		"X-Amz-Server-Side-Encryption-Customer-Algorithm": "",
		"X-Amz-Acl":                                       "bucket-owner-full-control",
		"X-Amz-Object-Lock-Mode":                          "",
	}
}

func requireHeaders(t *testing.T, got http.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		assert.Equal(t, value, got.Get(name), name)
	}
}

func TestWireOfPutObject(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{TLS: true})
	s := newTLSStore(t, server, func(c *Config) { everything(c); c.Checksum = ChecksumCRC32C })
	_, err := s.Put(t.Context(), Object{
		Key: "a/b c.csv", Body: BodyOf([]byte("123456789")), ContentType: "application/x-own",
		Metadata: map[string]string{"own": "yes"}, Identity: "chunk-1", IfNoneMatch: true,
	})
	require.NoError(t, err)

	r := server.Requests("PutObject")[0]
	requireHeaders(t, r.Header, wantShape())
	requireHeaders(t, r.Header, map[string]string{
		"If-None-Match":                "*",
		"X-Amz-Checksum-Crc32c":        "4waSgw==",
		"X-Amz-Content-Sha256":         "UNSIGNED-PAYLOAD", // https: TLS and the checksum protect it
		"X-Amz-Trailer":                "",
		"X-Amz-Sdk-Checksum-Algorithm": "",
	})
	assert.Equal(t, "a/b c.csv", r.Key)
	assert.Equal(t, int64(9), r.ContentLength)
}

func TestWireOfMultipart(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{TLS: true})
	s := newTLSStore(t, server, func(c *Config) { everything(c); smallParts(c); c.Checksum = ChecksumCRC32C })
	content := randomBytes(littlePart*2 + 10)
	r, err := s.Put(t.Context(), Object{
		Key: "k", Body: BodyOf(content), ContentType: "application/x-own",
		Metadata: map[string]string{"own": "yes"}, Identity: "chunk-1", IfNoneMatch: true,
	})
	require.NoError(t, err)
	assert.True(t, r.Multipart)
	assert.Equal(t, 5, r.Attempts)

	create := server.Requests("CreateMultipartUpload")[0].Header
	requireHeaders(t, create, wantShape())
	requireHeaders(t, create, map[string]string{
		"X-Amz-Checksum-Algorithm": "CRC32C", "X-Amz-Checksum-Type": "FULL_OBJECT", "If-None-Match": "",
	})
	parts := server.Requests("UploadPart")
	require.Len(t, parts, 3)
	for _, p := range parts {
		assert.NotEmpty(t, p.Header.Get("X-Amz-Checksum-Crc32c"))
		requireHeaders(t, p.Header, map[string]string{
			"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD", "If-None-Match": "", "X-Amz-Server-Side-Encryption": "", "X-Amz-Acl": "",
			"X-Amz-Expected-Bucket-Owner": "111122223333",
		})
	}
	body := BodyOf(content)
	requireHeaders(t, server.Requests("CompleteMultipartUpload")[0].Header, map[string]string{
		"If-None-Match": "*", "X-Amz-Checksum-Type": "FULL_OBJECT",
		"X-Amz-Checksum-Crc32c":       *ChecksumCRC32C.sums(ChecksumCRC32C.of(body, 0, body.Len())).crc32c,
		"X-Amz-Expected-Bucket-Owner": "111122223333",
	})
	requireStored(t, server, "k", content)
}

// A parameter added to one of the two requests only would be lost on objects of
// the other size, which a bucket policy may refuse and nobody would notice.
func TestPutAndCreateParametersAreInParity(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, everything)
	params := s.objectParams(Object{Key: "k", ContentType: "t", Identity: "i"})
	putInput, createInput := reflect.ValueOf(*params.put()), reflect.ValueOf(*params.create())
	requireParity(t, putInput, createInput)
	requireParity(t, createInput, putInput)

	built := reflect.ValueOf(params)
	for i := range built.NumField() {
		assert.False(t, built.Field(i).IsZero(), "this test does not set %s", built.Type().Field(i).Name)
	}
}

func requireParity(t *testing.T, a, b reflect.Value) {
	t.Helper()
	for i := range a.NumField() {
		field := a.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		other := b.FieldByName(field.Name)
		if !other.IsValid() {
			assert.True(t, a.Field(i).IsZero(), "%s.%s has no counterpart", a.Type().Name(), field.Name)
			continue
		}
		assert.Equal(t, a.Field(i).Interface(), other.Interface(), field.Name)
	}
}

func TestWireOfEncryption(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		config encryption.Config
		want   map[string]string
	}{
		"default":        {encryption.Config{}, map[string]string{"X-Amz-Server-Side-Encryption": "AES256"}},
		"none":           {encryption.Config{Mode: encryption.ModeNone}, map[string]string{"X-Amz-Server-Side-Encryption": ""}},
		"sse-kms":        {encryption.Config{Mode: encryption.ModeSSEKMS}, map[string]string{"X-Amz-Server-Side-Encryption": "aws:kms", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled": ""}},
		"bucket key off": {encryption.Config{Mode: encryption.ModeSSEKMS, BucketKey: aws.Bool(false)}, map[string]string{"X-Amz-Server-Side-Encryption-Bucket-Key-Enabled": "false"}},
		"customer's key": {encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: "k1"}, map[string]string{"X-Amz-Server-Side-Encryption": "aws:kms", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "k1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			s := newStore(t, server, func(cfg *Config) { cfg.Encryption = c.config; smallParts(cfg) })
			_, err := s.Put(t.Context(), Object{Key: "small", Body: BodyOf([]byte("x"))})
			require.NoError(t, err)
			_, err = s.Put(t.Context(), Object{Key: "large", Body: BodyOf(make([]byte, littlePart+1))})
			require.NoError(t, err)
			requireHeaders(t, server.Requests("PutObject")[0].Header, c.want)
			requireHeaders(t, server.Requests("CreateMultipartUpload")[0].Header, c.want)
		})
	}
}

func TestWireOfChecksums(t *testing.T) {
	cases := map[Checksum]map[string]string{
		"":                nil, // another endpoint: nothing unless asked
		ChecksumAuto:      nil,
		ChecksumNone:      nil,
		ChecksumCRC32C:    {"X-Amz-Checksum-Crc32c": "4waSgw=="},
		ChecksumCRC64NVME: {"X-Amz-Checksum-Crc64nvme": "rosUhgp5mIg="},
		ChecksumSHA256:    {"X-Amz-Checksum-Sha256": "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="},
		ChecksumMD5:       {"Content-Md5": "JfnnlDI7RTiF9RgfG2JNCw=="},
	}
	for checksum, want := range cases {
		t.Run(string(checksum), func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			s := newStore(t, server, func(c *Config) { c.Checksum = checksum })
			_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("123456789"))})
			require.NoError(t, err)
			header := server.Requests("PutObject")[0].Header
			var names []string
			for name := range header {
				if strings.Contains(name, "Checksum") || name == "X-Amz-Trailer" || name == "Content-Md5" {
					names = append(names, name)
				}
			}
			assert.Len(t, names, len(want), "%v", names)
			requireHeaders(t, header, want)
			// Over plain http only the signature protects the bytes.
			assert.Len(t, header.Get("X-Amz-Content-Sha256"), 64)
		})
	}
}

func TestMultipartWithEveryChecksum(t *testing.T) {
	t.Parallel()
	for _, checksum := range []Checksum{ChecksumNone, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA256, ChecksumMD5} {
		t.Run(string(checksum), func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			s := newStore(t, server, func(c *Config) { smallParts(c); c.Checksum = checksum })
			content := randomBytes(2*littlePart + 1)
			_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf(content)})
			require.NoError(t, err)
			requireStored(t, server, "k", content)
		})
	}
}

func TestAWSGetsCRC32CAndItsOwnHostName(t *testing.T) {
	s, err := New(t.Context(), Config{Bucket: "b", Region: "eu-central-1"})
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, ChecksumCRC32C, s.checksum)
	assert.Nil(t, s.client.Options().BaseEndpoint)

	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	s, err = New(t.Context(), Config{Bucket: "b", Region: "eu-central-1"})
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, ChecksumNone, s.checksum, "an endpoint from the environment is another endpoint too")
}

func TestCABundleOfTheEnvironmentIsHonoured(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{TLS: true})
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, server.CAPEM(), 0o600))
	t.Setenv("AWS_CA_BUNDLE", file)
	s := newStore(t, server, nil)
	_, err := s.Put(t.Context(), Object{Key: "k"})
	require.NoError(t, err)
}

func TestDeleteHeadAndList(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { c.Metadata = map[string]string{"City": "Zürich"} })
	for _, key := range []string{"p/1", "p/2", "p/3", "q/1"} {
		_, err := put(t.Context(), s, key, []byte(key))
		require.NoError(t, err)
	}
	metadata, err := s.Head(t.Context(), "p/1")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"city": "Zürich", IdentityKey: "chunk-1"}, metadata)

	keys, err := s.List(t.Context(), "p/", "p/1", MaxListed)
	require.NoError(t, err)
	assert.Equal(t, []string{"p/2", "p/3"}, keys)
	keys, err = s.List(t.Context(), "p/", "", 1)
	require.NoError(t, err)
	assert.Equal(t, []string{"p/1"}, keys)

	require.NoError(t, s.Delete(t.Context(), "p/1"))
	require.NoError(t, s.Delete(t.Context(), "p/1"), "deleting what is gone succeeds")
	_, err = s.Head(t.Context(), "p/1")
	require.ErrorIs(t, err, ErrNotFound)
	require.Equal(t, []string{"p/2", "p/3", "q/1"}, server.Keys(""))
}

func TestEmptyObjects(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { c.Checksum = ChecksumCRC32C })
	_, err := s.Put(t.Context(), Object{Key: "empty"})
	require.NoError(t, err)
	requireStored(t, server, "empty", nil)
}

func TestIgnoredEncryptionFailsTheObjectAndRemovesIt(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	forget := func(x *s3test.Exchange) { // as stores do that ignore the headers
		x.Next.ServeHTTP(withoutEncryption{x.W}, x.R)
		x.W.Header().Del("X-Amz-Server-Side-Encryption") // for an answer without a body
	}
	for _, op := range []string{"PutObject", "CreateMultipartUpload"} {
		server.Faults.Add(s3test.Rule{Op: op, Do: forget})
	}
	for name, size := range map[string]int{"single": 10, "multipart": 2 * littlePart} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, server, func(c *Config) {
				smallParts(c)
				c.Encryption = encryption.Config{Mode: encryption.ModeSSES3}
			})
			_, err := put(t.Context(), s, name, randomBytes(size))
			require.ErrorContains(t, err, "asked for AES256, and the server reports no encryption")
			assert.Equal(t, ClassInvalid, ClassOf(err))
			assert.NotContains(t, server.Keys(""), name)

			s.cfg.TolerateEncryption = true
			_, err = put(t.Context(), s, name+"-tolerated", randomBytes(size))
			require.NoError(t, err)
		})
	}
}

// withoutEncryption drops the encryption that a server reports.
type withoutEncryption struct{ http.ResponseWriter }

func (w withoutEncryption) WriteHeader(status int) {
	w.Header().Del("X-Amz-Server-Side-Encryption")
	w.ResponseWriter.WriteHeader(status)
}

func (w withoutEncryption) Write(p []byte) (int, error) {
	w.Header().Del("X-Amz-Server-Side-Encryption")
	return w.ResponseWriter.Write(p)
}
