package store

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// demand refuses the requests of which a store says in its documentation that
// it does not take them.
type demand struct {
	match         func(s3test.Request) bool
	status        int
	code, message string
}

func with(header string) func(s3test.Request) bool {
	return func(r s3test.Request) bool { return r.Header.Get(header) != "" }
}

func anyChecksum(r s3test.Request) bool {
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-Checksum") || name == "X-Amz-Sdk-Checksum-Algorithm" || name == "X-Amz-Trailer" {
			return true
		}
	}
	return false
}

func chunked(r s3test.Request) bool {
	return strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") || strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked")
}

// The demands of docs/stores.md, each from the documentation of the store, met
// by the settings of the same page with every operation, signatures verified.
func TestStoresByTheirDocumentedDemands(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		demands  []demand
		settings func(*Config)
		wrong    func(*Config) // and what is said to it; nil for nothing
		advice   string
	}{
		"Google Cloud Storage": {
			demands: []demand{
				// What its front end does to the header: TestAProxyMayRewriteAcceptEncoding.
				{func(r s3test.Request) bool { return strings.Contains(r.Header.Get("Authorization"), "accept-encoding") }, http.StatusForbidden, "SignatureDoesNotMatch", "Access denied."},
				{chunked, http.StatusBadRequest, "InvalidArgument", "Invalid argument."},
			},
			settings: func(c *Config) { c.Region = "auto" },
		},
		"Cloudflare R2": {
			demands: []demand{
				// Full-object checksums are CRC-64/NVME only.
				{func(r s3test.Request) bool {
					return r.Header.Get("X-Amz-Checksum-Type") == "FULL_OBJECT" && r.Header.Get("X-Amz-Checksum-Algorithm") == "CRC32C"
				}, http.StatusNotImplemented, "NotImplemented", "FULL_OBJECT is not implemented for CRC32C"},
				{with("X-Amz-Acl"), http.StatusNotImplemented, "NotImplemented", "x-amz-acl is not implemented"},
				{with("X-Amz-Tagging"), http.StatusNotImplemented, "NotImplemented", "x-amz-tagging is not implemented"},
				{with("X-Amz-Request-Payer"), http.StatusNotImplemented, "NotImplemented", "x-amz-request-payer is not implemented"},
			},
			settings: func(c *Config) { c.Region, c.Checksum = "auto", ChecksumCRC64NVME },
			wrong:    func(c *Config) { c.Checksum = ChecksumCRC32C },
			advice:   "this S3-compatible store lacks a feature: see checksum",
		},
		"Backblaze B2 with Object Lock": {
			demands: []demand{
				{anyChecksum, http.StatusBadRequest, "InvalidArgument", "Unsupported header 'x-amz-checksum-crc32c' received for this API call."},
				{func(r s3test.Request) bool { return r.Op == "PutObject" && r.Header.Get("Content-Md5") == "" }, http.StatusBadRequest, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"},
			},
			settings: func(c *Config) { c.Checksum = ChecksumMD5 },
			wrong:    func(c *Config) { c.Checksum = ChecksumAuto },
			advice:   "set checksum to md5",
		},
		"A gateway without multipart uploads": {
			demands: []demand{
				{func(r s3test.Request) bool { return r.Op == "CreateMultipartUpload" }, http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented"},
			},
			settings: func(c *Config) { c.MultipartThreshold = 1 << 30 },
			wrong:    func(c *Config) { c.MultipartThreshold = minPartSize },
			advice:   "raise upload.multipart_threshold above max_file_size",
		},
		"ACLs switched off on AWS": {
			demands: []demand{
				{func(r s3test.Request) bool {
					acl := r.Header.Get("X-Amz-Acl")
					return acl != "" && acl != "bucket-owner-full-control"
				}, http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs"},
			},
			settings: func(c *Config) { c.ACL = "bucket-owner-full-control" },
			wrong:    func(c *Config) { c.ACL = "private" },
			advice:   "set acl to bucket-owner-full-control",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			for _, d := range c.demands {
				server.Faults.Add(s3test.Rule{Match: d.match, Do: s3test.FailAfterBody(d.status, d.code, d.message)})
			}
			edit := func(c *Config) { smallParts(c); c.Encryption = encryption.Config{Mode: encryption.ModeNone} }
			everyOperation(t, newStore(t, server, func(cfg *Config) { edit(cfg); c.settings(cfg) }))
			if c.wrong == nil {
				return
			}
			s := newStore(t, server, func(cfg *Config) { edit(cfg); c.settings(cfg); c.wrong(cfg) })
			_, err := put(t.Context(), s, "parts again", randomBytes(minPartSize+1))
			if err == nil {
				_, err = put(t.Context(), s, "single again", nil)
			}
			require.ErrorContains(t, err, c.advice)
		})
	}
}

// Alibaba Cloud OSS refuses conditions, and streams in signed chunks.
func TestAStoreThatRefusesConditions(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Match: chunked, Do: s3test.FailAfterBody(http.StatusForbidden, "SignatureDoesNotMatch",
		"aws-chunked encoding is not supported with the specified x-amz-content-sha256 value.")})
	server.Faults.Add(s3test.Rule{Match: with("If-None-Match"), Do: s3test.FailAfterBody(http.StatusNotImplemented, "NotImplemented",
		"A header you provided implies functionality that is not implemented")})
	s := newStore(t, server, smallParts)
	for key, size := range map[string]int{"single": 1, "parts": minPartSize + 1} {
		_, err := put(t.Context(), s, key, randomBytes(size))
		require.ErrorIs(t, err, ErrNotImplemented)
		_, err = s.Put(t.Context(), Object{Key: key, Body: BodyOf(randomBytes(size))})
		require.NoError(t, err)
		requireStored(t, server, key, randomBytes(size))
	}
}
