package store

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

func TestConfigIsValidated(t *testing.T) {
	cases := map[string]func(*Config){
		"bucket: it is missing":    func(c *Config) { c.Bucket = "" },
		"put events into folder":   func(c *Config) { c.Bucket = "s3://b/events" },
		"acl: \"public\" is not a": func(c *Config) { c.ACL = "public" },
		"one of bucket-owner-full-control, bucket-owner-read, private,": func(c *Config) { c.ACL = "BucketOwnerFullControl" },
		"request_payer: \"yes\" is unknown: write requester":            func(c *Config) { c.RequestPayer = "yes" },
		"write eu-central-1, or leave it out": func(c *Config) {
			c.Bucket = "arn:aws:s3:eu-central-1:111122223333:accesspoint/landing"
		},
		"belongs into the host name: write false": func(c *Config) {
			c.Bucket, c.ForcePathStyle = "arn:aws:s3:eu-west-1:111122223333:accesspoint/landing", true
		},
		"is no URL of a store":  func(c *Config) { c.Endpoint = "localhost:9000" },
		"user name or password": func(c *Config) { c.Endpoint = "http://user:hunter2@host" },
		"auth.access_key_id":    func(c *Config) { c.Auth = auth.Config{Mode: auth.ModeAccessKey} },
		"encryption.kms_key":    func(c *Config) { c.Encryption = encryption.Config{Mode: encryption.ModeSSEKMSCMK} },
		"checksum: ":            func(c *Config) { c.Checksum = "md4" },
		"part_size":             func(c *Config) { c.PartSize = 1 },
		"multipart_threshold":   func(c *Config) { c.MultipartThreshold = maxSinglePut + 1 },
		"part_concurrency":      func(c *Config) { c.PartConcurrency = -1 },
		"request_timeout":       func(c *Config) { c.RequestTimeout = -1 },
		"reserved":              func(c *Config) { c.Metadata = map[string]string{IdentityKey: "x"} },
		"not valid in the name of an HTTP header": func(c *Config) { c.Metadata = map[string]string{"ü": "x"} },
		"at most 10, not 11":                      func(c *Config) { c.Tags = manyTags(11) },
		" is no key":                              func(c *Config) { c.Tags = map[string]string{"": "x"} },
		"the value is too long":                   func(c *Config) { c.Tags = map[string]string{"k": string(make([]byte, 257))} },
		"a character that tags have not":          func(c *Config) { c.Tags = map[string]string{"k": "a&b"} },
		"initial_interval":                        func(c *Config) { c.Retry = RetryConfig{InitialInterval: time.Minute, MaxInterval: time.Second} },
		"is negative: write":                      func(c *Config) { c.Retry = RetryConfig{MaxElapsed: -1} },
	}
	for want, edit := range cases {
		c := Config{Bucket: "b", Region: "eu-west-1"}
		require.NoError(t, c.Validate())
		edit(&c)
		_, err := New(t.Context(), c)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	c := Config{Bucket: "s3://b", Region: "eu-west-1", ACL: "all", PartSize: 1, Checksum: "md4", Endpoint: "x"}
	assert.Len(t, c.Problems(), 5)
	for _, want := range []string{"write b", "acl", "part_size", "md4", "endpoint"} {
		require.ErrorContains(t, c.Validate(), want)
	}
	assert.Empty(t, Config{Bucket: "b"}.Problems())
	require.NoError(t, Config{Bucket: "b"}.Validate())
}

func TestWhichACLsArePublic(t *testing.T) {
	for acl, want := range map[string]bool{
		"": false, "private": false, "bucket-owner-full-control": false, "bucket-owner-read": false, "aws-exec-read": false,
		"public-read": true, "public-read-write": true, "authenticated-read": true,
	} {
		assert.Equal(t, want, Public(acl), acl)
		require.NoError(t, Config{Bucket: "b", ACL: acl}.Validate())
	}
}

func manyTags(n int) map[string]string {
	tags := map[string]string{}
	for i := range n {
		tags[string(rune('a'+i))] = "v"
	}
	return tags
}

func TestRegionIsRequiredOnAWSOnly(t *testing.T) {
	_, err := New(t.Context(), Config{Bucket: "b"})
	require.ErrorContains(t, err, "region is required")
	s, err := New(t.Context(), Config{Bucket: "b", Endpoint: "http://127.0.0.1:9000"})
	require.NoError(t, err)
	assert.Equal(t, "us-east-1", s.region())
	t.Setenv("AWS_REGION", "eu-north-1")
	s, err = New(t.Context(), Config{Bucket: "b"})
	require.NoError(t, err)
	assert.Equal(t, "eu-north-1", s.region())
}

func TestDefaults(t *testing.T) {
	c := Config{}.withDefaults()
	assert.Equal(t, DefaultRetry(), c.Retry)
	assert.Equal(t, int64(DefaultPartSize), c.PartSize)
	assert.Equal(t, int64(DefaultMultipartThreshold), c.MultipartThreshold)
	assert.Equal(t, DefaultPartConcurrency, c.PartConcurrency)
	assert.Equal(t, DefaultRequestTimeout, c.RequestTimeout)
	c = Config{Retry: RetryConfig{InitialInterval: time.Second}}.withDefaults()
	assert.Zero(t, c.Retry.MaxRetries, "an explicit configuration may forbid retries")
	own := Config{
		PartSize: minPartSize, MultipartThreshold: 1, PartConcurrency: 1, RequestTimeout: 1, Retry: RetryConfig{MaxRetries: 1}, Observer: &watcher{},
	}
	assert.Equal(t, own, own.withDefaults(), "what is configured stays")
}

// TestSettingsAtTheirLimits: the limits themselves are allowed, and nothing
// beyond them.
func TestSettingsAtTheirLimits(t *testing.T) {
	tag := func(key, value int) func(*Config) {
		return func(c *Config) {
			c.Tags = map[string]string{strings.Repeat("ü", key): strings.Repeat("ü", value)}
		}
	}
	for what, c := range map[string]struct {
		edit func(*Config)
		want string // of the error; empty for none
	}{
		"smallest part":         {func(c *Config) { c.PartSize = minPartSize }, ""},
		"smaller part":          {func(c *Config) { c.PartSize = minPartSize - 1 }, "are no size of a part"},
		"largest part":          {func(c *Config) { c.PartSize = maxPartSize }, ""},
		"larger part":           {func(c *Config) { c.PartSize = maxPartSize + 1 }, "are no size of a part"},
		"largest single":        {func(c *Config) { c.MultipartThreshold = maxSinglePut }, ""},
		"larger single":         {func(c *Config) { c.MultipartThreshold = maxSinglePut + 1 }, "multipart_threshold: it is above"},
		"negative threshold":    {func(c *Config) { c.MultipartThreshold = -1 }, "multipart_threshold"},
		"most tags":             {func(c *Config) { c.Tags = manyTags(maxTags) }, ""},
		"longest tag key":       {tag(maxTagKey, 1), ""},
		"longer tag key":        {tag(maxTagKey+1, 1), "write 1 to 128 characters"},
		"longest tag value":     {tag(1, maxTagValue), ""},
		"longer tag value":      {tag(1, maxTagValue+1), "write at most 256 characters"},
		"no tag value":          {tag(1, 0), ""},
		"equal intervals":       {func(c *Config) { c.Retry = RetryConfig{InitialInterval: 1, MaxInterval: 1} }, ""},
		"no longest interval":   {func(c *Config) { c.Retry = RetryConfig{InitialInterval: time.Hour} }, ""},
		"falling intervals":     {func(c *Config) { c.Retry = RetryConfig{InitialInterval: 2, MaxInterval: 1} }, "is less than retry.initial_interval"},
		"negative interval":     {func(c *Config) { c.Retry = RetryConfig{InitialInterval: -1} }, "is negative: write"},
		"negative max_interval": {func(c *Config) { c.Retry = RetryConfig{InitialInterval: -2, MaxInterval: -1} }, "is negative: write"},
		"only a negative bound": {func(c *Config) { c.Retry = RetryConfig{MaxInterval: -1} }, "is negative: write"},
		"https":                 {func(c *Config) { c.Endpoint = "https://host" }, ""},
		"another scheme":        {func(c *Config) { c.Endpoint = "ftp://host" }, "is no URL of a store"},
		"no host":               {func(c *Config) { c.Endpoint = "http://" }, "is no URL of a store"},
		"no URL":                {func(c *Config) { c.Endpoint = "http://[" }, "is no URL of a store"},
	} {
		cfg := Config{Bucket: "b", Region: "eu-west-1"}
		c.edit(&cfg)
		if err := cfg.Validate(); c.want == "" {
			require.NoError(t, err, what)
		} else {
			require.ErrorContains(t, err, c.want, what)
		}
	}
}

// TestCharactersOfMetadataAndTags follows RFC 9110, section 5.6.2, and
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html.
func TestCharactersOfMetadataAndTags(t *testing.T) {
	for char := range rune(0x100) {
		letter := char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z' || char >= '0' && char <= '9'
		name := letter || strings.ContainsRune("!#$%&'*+-.^_`|~", char)
		assert.Equal(t, name, validateMetadata(map[string]string{"k" + string(char): "v"}) == nil, "%q in the name of metadata", char)
		if char < 0x80 {
			tag := letter || strings.ContainsRune("+-=._:/@ \t\n\v\f\r", char)
			assert.Equal(t, tag, validateTags(map[string]string{"k": string(char)}) == nil, "%q in the value of a tag", char)
			assert.Equal(t, tag, validateTags(map[string]string{string(char): ""}) == nil, "%q in the key of a tag", char)
		}
	}
	require.NoError(t, validateTags(map[string]string{"Größe": "½"}))
	require.Error(t, validateMetadata(map[string]string{"": "v"}))
}

func TestBadCAFile(t *testing.T) {
	_, err := New(t.Context(), Config{Bucket: "b", Region: "r", HTTP: HTTPConfig{CAFile: "/does/not/exist"}})
	require.ErrorContains(t, err, "reading the CA file")
}
