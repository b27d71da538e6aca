package store

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// everyOperation makes each request that a store knows, and names them.
func everyOperation(t *testing.T, s *Store) []string {
	t.Helper()
	_, err := put(t.Context(), s, "single", []byte("x"))
	require.NoError(t, err)
	_, err = put(t.Context(), s, "parts", randomBytes(littlePart+1))
	require.NoError(t, err)
	_, err = s.Head(t.Context(), "single")
	require.NoError(t, err)
	_, err = s.List(t.Context(), "", "", 1)
	require.NoError(t, err)
	require.NoError(t, s.MayAbort(t.Context(), "single"))
	require.NoError(t, s.Delete(t.Context(), "single"))
	return []string{
		"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload",
		"HeadObject", "ListObjectsV2", "AbortMultipartUpload", "DeleteObject",
	}
}

// signed are the names of the headers that a signature covers.
func signed(h http.Header) []string {
	_, rest, _ := strings.Cut(h.Get("Authorization"), "SignedHeaders=")
	names, _, _ := strings.Cut(rest, ",")
	return strings.Split(names, ";")
}

func TestRequesterPaysForEveryOperation(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	// As a bucket does whose requesters pay.
	server.Faults.Add(s3test.Rule{
		Match: func(r s3test.Request) bool { return r.Header.Get("X-Amz-Request-Payer") != "requester" },
		Do:    s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "Access Denied"),
	})
	s := newStore(t, server, func(c *Config) { smallParts(c); c.RequestPayer = Requester })
	for _, op := range everyOperation(t, s) {
		requests := server.Requests(op)
		require.NotEmpty(t, requests, op)
		for _, r := range requests {
			assert.Contains(t, signed(r.Header), "x-amz-request-payer", op)
		}
	}

	_, err := put(t.Context(), newStore(t, server, nil), "k", nil)
	require.Equal(t, ClassDenied, ClassOf(err), "nobody pays unless asked to")
}

// The front end of Google Cloud Storage changes Accept-Encoding before the
// signature is looked at, and other proxies may.
func TestAProxyMayRewriteAcceptEncoding(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Do: func(x *s3test.Exchange) {
		x.R.Header.Set("Accept-Encoding", x.R.Header.Get("Accept-Encoding")+",gzip(gfe)")
		x.Next.ServeHTTP(x.W, x.R)
	}})
	s := newStore(t, server, smallParts)
	for _, op := range everyOperation(t, s) {
		for _, r := range server.Requests(op) {
			assert.NotContains(t, signed(r.Header), "accept-encoding", op)
			assert.Contains(t, signed(r.Header), "host", op)
			assert.Equal(t, "identity", r.Header.Get("Accept-Encoding"), op)
		}
	}
}

func TestContentMD5GoesWithSinglesAndPartsAlike(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	// As Backblaze B2 does: no other checksum, and one for locked buckets.
	unknown := func(r s3test.Request) bool {
		for name := range r.Header {
			if strings.HasPrefix(name, "X-Amz-Checksum") || name == "X-Amz-Sdk-Checksum-Algorithm" {
				return true
			}
		}
		return false
	}
	server.Faults.Add(s3test.Rule{Match: unknown, Do: s3test.FailAfterBody(http.StatusBadRequest, "InvalidArgument",
		"Unsupported header 'x-amz-checksum-crc32c' received for this API call.")})
	for _, op := range []string{"PutObject", "UploadPart"} {
		server.Faults.Add(s3test.Rule{
			Op: op, Match: func(r s3test.Request) bool { return r.Header.Get("Content-Md5") == "" },
			Do: s3test.FailAfterBody(http.StatusBadRequest, "InvalidRequest",
				"Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"),
		})
	}
	s := newStore(t, server, func(c *Config) { smallParts(c); c.Checksum = ChecksumMD5 })
	content := randomBytes(2*littlePart + 1)
	_, err := put(t.Context(), s, "large", content)
	require.NoError(t, err)
	requireStored(t, server, "large", content)
	_, err = put(t.Context(), s, "small", content[:10])
	require.NoError(t, err)
	for _, op := range []string{"PutObject", "UploadPart"} {
		for _, r := range server.Requests(op) {
			assert.Contains(t, signed(r.Header), "content-md5", op)
		}
	}
	parts := map[string]bool{}
	for _, r := range server.Requests("UploadPart") {
		parts[r.Header.Get("Content-Md5")] = true
	}
	assert.Len(t, parts, 3, "each part has its own")
	for _, op := range []string{"CreateMultipartUpload", "CompleteMultipartUpload"} {
		assert.Empty(t, server.Requests(op)[0].Header.Get("Content-Md5"), op)
	}

	for checksum, want := range map[Checksum]string{
		ChecksumAuto:   "set checksum to md5, or to crc32c where the store knows x-amz-checksum headers",
		ChecksumCRC32C: "set checksum to md5 or none",
	} {
		_, err = put(t.Context(), newStore(t, server, func(c *Config) { c.Checksum = checksum }), "k", nil)
		require.ErrorContains(t, err, want)
		require.Equal(t, ClassInvalid, ClassOf(err))
	}
}

// A store that compares Content-MD5 finds damage; nothing damaged is kept.
func TestContentMD5FindsDamage(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{TLS: true}) // the signature covers no body
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: func(x *s3test.Exchange) {
		x.R.Body = flipped{x.R.Body}
		x.Next.ServeHTTP(x.W, x.R)
	}})
	s := newTLSStore(t, server, func(c *Config) { c.Checksum = ChecksumMD5 })
	r, err := put(t.Context(), s, "k", []byte("content"))
	require.NoError(t, err)
	assert.Equal(t, 2, r.Attempts)
	requireStored(t, server, "k", []byte("content"))
}

// flipped changes each byte that is read.
type flipped struct{ io.ReadCloser }

func (d flipped) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	for i := range p[:n] {
		p[i] ^= 1
	}
	return n, err
}

func TestEncryptionInTwoLayers(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) {
		smallParts(c)
		c.Encryption = encryption.Config{Mode: encryption.ModeSSEKMSDSSE, KMSKey: "k1", Context: map[string]string{"a": "1"}}
	})
	everyOperation(t, s)
	for _, op := range []string{"PutObject", "CreateMultipartUpload"} {
		requireHeaders(t, server.Requests(op)[0].Header, map[string]string{
			"X-Amz-Server-Side-Encryption":                    "aws:kms:dsse",
			"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id":     "k1",
			"X-Amz-Server-Side-Encryption-Context":            "eyJhIjoiMSJ9",
			"X-Amz-Server-Side-Encryption-Bucket-Key-Enabled": "",
		})
	}
	server.Faults.Add(s3test.Rule{Op: "PutObject", Do: func(x *s3test.Exchange) {
		// As a store that knows one layer only.
		x.W.Header().Set("ETag", `"e"`)
		x.W.Header().Set("X-Amz-Server-Side-Encryption", "aws:kms")
	}})
	_, err := put(t.Context(), s, "once", []byte("x"))
	require.ErrorContains(t, err, "asked for aws:kms:dsse, and the server reports aws:kms")
}

func TestRefusedSettingsAreNamed(t *testing.T) {
	for name, c := range map[string]struct{ code, message, want string }{
		"ACLs are off": {"AccessControlListNotSupported", "The bucket does not allow ACLs", "set acl to bucket-owner-full-control, or remove it"},
		"Object Lock on AWS": {
			"InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*", "set checksum to md5, or to crc32c",
		},
		"Object Lock on MinIO": {"MissingContentMD5", "Missing required header for this request: Content-Md5.", "set checksum to md5"},
		"bucket in the path": {
			"SecondLevelDomainForbidden", "Please use virtual hosted style to access.", "set force_path_style_urls to false",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			server.Faults.Add(s3test.Rule{Do: s3test.FailAfterBody(http.StatusBadRequest, c.code, c.message)})
			_, err := put(t.Context(), newStore(t, server, nil), "k", nil)
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, 1, server.Count("PutObject"), "no repetition helps")
		})
	}
}

func TestPermissionTexts(t *testing.T) {
	acl := func(c *Config) { c.ACL = "bucket-owner-full-control" }
	const point = "arn:aws-us-gov:s3:us-gov-west-1:111122223333:accesspoint/landing"
	for name, c := range map[string]struct {
		edit func(*Config)
		op   Op
		want string
	}{
		"plain":     {func(*Config) {}, OpUploadPart, "s3:PutObject on arn:aws:s3:::b/*"},
		"ACL":       {acl, OpPutObject, "s3:PutObject and s3:PutObjectAcl on arn:aws:s3:::b/*"},
		"no write":  {acl, OpDeleteObject, "s3:DeleteObject on arn:aws:s3:::b/*"},
		"ACL, tags": {func(c *Config) { acl(c); c.Tags = manyTags(1) }, OpCreateMultipartUpload, "s3:PutObject, s3:PutObjectAcl and s3:PutObjectTagging on arn:aws:s3:::b/*"},
		"list":      {acl, OpListObjects, "s3:ListBucket on arn:aws:s3:::b"},
		"China":     {func(c *Config) { c.Region = "cn-north-1" }, OpPutObject, "s3:PutObject on arn:aws-cn:s3:::b/*"},
		"other store in China": {
			func(c *Config) { c.Region, c.Endpoint = "cn-north-1", "https://minio.example" }, OpPutObject, "s3:PutObject on arn:aws:s3:::b/*",
		},
		"VPC endpoint": {
			func(c *Config) {
				c.Region, c.Endpoint = "cn-north-1", "https://bucket.vpce-1.s3.cn-north-1.vpce.amazonaws.com.cn"
			}, OpPutObject,
			"s3:PutObject on arn:aws-cn:s3:::b/*",
		},
		"access point":         {func(c *Config) { c.Bucket, c.Region = point, "" }, OpPutObject, "s3:PutObject on " + point + "/object/*"},
		"list an access point": {func(c *Config) { c.Bucket, c.Region = point, "" }, OpListObjects, "s3:ListBucket on " + point},
		"alias": {
			func(c *Config) { c.Bucket = "landing-abc-s3alias" }, OpHeadObject,
			"s3:GetObject on arn:aws:s3:eu-west-1:<ACCOUNT ID>:accesspoint/<NAME OF THE ACCESS POINT>/object/*",
		},
		"Outposts": {
			func(c *Config) {
				c.Bucket = "arn:aws:s3-outposts:eu-west-1:111122223333:outpost/op-01/accesspoint/landing"
			}, OpPutObject,
			"s3-outposts:PutObject on arn:aws:s3-outposts:eu-west-1:111122223333:outpost/op-01/accesspoint/landing/object/*",
		},
		"directory bucket": {
			func(c *Config) { c.Bucket = "landing--euw1-az1--x-s3" }, OpPutObject,
			"s3express:CreateSession on arn:aws:s3express:eu-west-1:*:bucket/landing--euw1-az1--x-s3",
		},
		"directory bucket of a known owner": {
			func(c *Config) { c.Bucket, c.ExpectedBucketOwner = "landing--euw1-az1--x-s3", "111122223333" }, OpDeleteObject,
			"s3express:CreateSession on arn:aws:s3express:eu-west-1:111122223333:bucket/landing--euw1-az1--x-s3",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Bucket: "b", Region: "eu-west-1", Auth: auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "a", SecretAccessKey: "s"}}
			c.edit(&cfg)
			s, err := New(t.Context(), cfg)
			require.NoError(t, err)
			defer s.Close()
			assert.Equal(t, c.want, s.permission(c.op))
		})
	}
}
