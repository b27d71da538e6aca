package store

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// wire is an HTTP client that answers as S3 does, remembers what it was asked,
// and connects to nothing: AWS's own addresses are not to be had in a test.
type wire struct {
	mu       sync.Mutex
	requests []*http.Request
	// refuse is the error code of CreateSession, given refusals times; zero
	// means for ever.
	refuse   string
	refusals int
	// lifetime of a session; zero means the five minutes of S3.
	lifetime time.Duration
}

// Do implements [aws.HTTPClient].
func (w *wire) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, r)
	status, body := http.StatusOK, ""
	switch q := r.URL.Query(); {
	case strings.HasPrefix(r.URL.Host, "sts"):
		body = `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>` +
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
	case q.Has("session") && w.refuse != "" && (w.refusals == 0 || len(w.requests) <= w.refusals):
		status, body = http.StatusForbidden, "<Error><Code>"+w.refuse+"</Code><Message>Access Denied</Message></Error>"
	case q.Has("session"):
		body = w.session()
	case q.Has("uploads"):
		body = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
	case q.Has("uploadId") && r.Method == http.MethodPost:
		body = `<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>`
	}
	header := http.Header{"Etag": {`"e"`}, "X-Amz-Request-Id": {"R"}}
	if asked := r.Header.Get("X-Amz-Server-Side-Encryption"); asked != "" {
		header.Set("X-Amz-Server-Side-Encryption", asked)
	}
	return &http.Response{
		StatusCode: status, Header: header, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// session is the answer to CreateSession.
func (w *wire) session() string {
	lifetime := w.lifetime
	if lifetime == 0 {
		lifetime = 5 * time.Minute
	}
	return `<CreateSessionResult><Credentials><AccessKeyId>SESSION</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>session-token</SessionToken><Expiration>` +
		time.Now().Add(lifetime).UTC().Format(time.RFC3339) + `</Expiration></Credentials></CreateSessionResult>`
}

func (w *wire) seen() []*http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests
}

// wired connects to a wire instead of the network.
func wired(t *testing.T, w *wire, edit func(*Config)) (*Store, error) {
	t.Helper()
	cfg := Config{
		Bucket: "landing", Region: "eu-west-1", Retry: fastRetry(), HTTP: HTTPConfig{Client: w},
		Auth: auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "AKIA", SecretAccessKey: "s"},
	}
	edit(&cfg)
	s, err := New(t.Context(), cfg)
	if err == nil {
		t.Cleanup(s.Close)
	}
	return s, err
}

func TestAddresses(t *testing.T) {
	bucket := func(name, region string) func(*Config) {
		return func(c *Config) { c.Bucket, c.Region = name, region }
	}
	point := func(partition, region string) string {
		return "arn:" + partition + ":s3:" + region + ":111122223333:accesspoint/landing"
	}
	const fips, dual = "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"
	for name, c := range map[string]struct {
		edit    func(*Config)
		env     []string
		url     string
		signing string // region/service of the signature
	}{
		"a bucket":     {bucket("landing", "eu-west-1"), nil, "https://landing.s3.eu-west-1.amazonaws.com/k", "eu-west-1/s3"},
		"China":        {bucket("landing", "cn-north-1"), nil, "https://landing.s3.cn-north-1.amazonaws.com.cn/k", "cn-north-1/s3"},
		"GovCloud":     {bucket("landing", "us-gov-west-1"), nil, "https://landing.s3.us-gov-west-1.amazonaws.com/k", "us-gov-west-1/s3"},
		"FIPS":         {bucket("landing", "us-gov-west-1"), []string{fips}, "https://landing.s3-fips.us-gov-west-1.amazonaws.com/k", "us-gov-west-1/s3"},
		"dual stack":   {bucket("landing", "eu-west-1"), []string{dual}, "https://landing.s3.dualstack.eu-west-1.amazonaws.com/k", "eu-west-1/s3"},
		"both of them": {bucket("landing", "us-east-1"), []string{fips, dual}, "https://landing.s3-fips.dualstack.us-east-1.amazonaws.com/k", "us-east-1/s3"},
		"access point": {
			bucket(point("aws", "eu-west-1"), ""), nil, "https://landing-111122223333.s3-accesspoint.eu-west-1.amazonaws.com/k", "eu-west-1/s3",
		},
		"access point in China": {
			bucket(point("aws-cn", "cn-north-1"), ""), nil, "https://landing-111122223333.s3-accesspoint.cn-north-1.amazonaws.com.cn/k", "cn-north-1/s3",
		},
		"access point in GovCloud, FIPS": {
			bucket(point("aws-us-gov", "us-gov-west-1"), ""),
			[]string{fips},
			"https://landing-111122223333.s3-accesspoint-fips.us-gov-west-1.amazonaws.com/k", "us-gov-west-1/s3",
		},
		"access point of its own region": {
			bucket(point("aws", "eu-west-1"), "eu-west-1"), nil, "https://landing-111122223333.s3-accesspoint.eu-west-1.amazonaws.com/k", "eu-west-1/s3",
		},
		"alias": {
			bucket("landing-abcdefghijklmnopqrstuvwxyz-s3alias", "eu-west-1"), nil,
			"https://landing-abcdefghijklmnopqrstuvwxyz-s3alias.s3.eu-west-1.amazonaws.com/k", "eu-west-1/s3",
		},
		"access point of several regions": {
			bucket("arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap", "eu-west-1"), nil,
			"https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com/k", "s3",
		},
		"Outposts": {
			bucket("arn:aws:s3-outposts:eu-west-1:111122223333:outpost/op-01/accesspoint/landing", ""), nil,
			"https://landing-111122223333.op-01.s3-outposts.eu-west-1.amazonaws.com/k", "s3-outposts",
		},
		"VPC endpoint": {
			func(c *Config) { c.Endpoint = "https://bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com" }, nil,
			"https://landing.bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com/k", "eu-west-1/s3",
		},
		"path style": {
			func(c *Config) {
				c.Endpoint, c.ForcePathStyle = "https://namespace.compat.objectstorage.eu-frankfurt-1.oraclecloud.com", true
			}, nil,
			"https://namespace.compat.objectstorage.eu-frankfurt-1.oraclecloud.com/landing/k", "eu-west-1/s3",
		},
		"virtual-hosted style": {
			func(c *Config) { c.Endpoint, c.Region = "https://s3.oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou" }, nil,
			"https://landing.s3.oss-cn-hangzhou.aliyuncs.com/k", "cn-hangzhou/s3",
		},
		"directory bucket": {
			bucket("landing--euw1-az1--x-s3", "eu-west-1"), nil,
			"https://landing--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com/k", "eu-west-1/s3express",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range c.env {
				t.Setenv(variable, "true")
			}
			w := &wire{}
			s, err := wired(t, w, c.edit)
			require.NoError(t, err)
			_, err = s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("x"))})
			require.NoError(t, err)
			sent := w.seen()[len(w.seen())-1]
			url, _, _ := strings.Cut(sent.URL.String(), "?")
			assert.Equal(t, c.url, url)
			assert.Contains(t, sent.Header.Get("Authorization"), "/"+c.signing+"/aws4_request")
			assert.NotContains(t, signed(sent.Header), "accept-encoding")
		})
	}
}

// The roles of a configuration are assumed over the same kind of endpoint.
func TestFIPSAndDualStackHoldForSTSToo(t *testing.T) {
	for name, c := range map[string]struct{ variable, want string }{
		"FIPS":       {"AWS_USE_FIPS_ENDPOINT", "sts-fips.us-east-1.amazonaws.com"},
		"dual stack": {"AWS_USE_DUALSTACK_ENDPOINT", "sts.us-east-1.api.aws"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(c.variable, "true")
			w := &wire{}
			s, err := wired(t, w, func(cfg *Config) {
				cfg.Region = "us-east-1"
				cfg.Auth.Mode, cfg.Auth.RoleARN = auth.ModeAssumeRole, "arn:aws:iam::111122223333:role/r"
			})
			require.NoError(t, err)
			_, err = s.Put(t.Context(), Object{Key: "k"})
			require.NoError(t, err)
			assert.Equal(t, c.want, w.seen()[0].URL.Host)
		})
	}
}

func TestWhatCannotBeAddressedIsSaidAtTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*Config)
		want string
	}{
		"FIPS with an endpoint": {func(c *Config) { c.Endpoint = "https://minio.example" }, "custom endpoint cannot be combined with FIPS"},
		"FIPS in several regions": {
			func(c *Config) { c.Bucket = "arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap" }, "AWS_USE_FIPS_ENDPOINT",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_USE_FIPS_ENDPOINT", "true")
			w := &wire{}
			s, err := wired(t, w, c.edit)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "cannot be reached this way")
			assert.Nil(t, s)
			assert.Empty(t, w.seen())
		})
	}
}

func TestDirectoryBucketsAreWrittenInASession(t *testing.T) {
	w := &wire{}
	s, err := wired(t, w, func(c *Config) { smallParts(c); c.Bucket = "landing--euw1-az1--x-s3" })
	require.NoError(t, err)
	for key, size := range map[string]int{"small": 1, "large": littlePart + 1} {
		_, err = put(t.Context(), s, key, randomBytes(size))
		require.NoError(t, err)
	}
	require.NoError(t, s.Delete(t.Context(), "small"))
	sessions := 0
	for _, r := range w.seen() {
		if r.URL.Query().Has("session") {
			sessions++
			assert.Contains(t, r.Header.Get("Authorization"), "Credential=AKIA/", "begun with our own key")
			continue
		}
		assert.Contains(t, r.Header.Get("Authorization"), "Credential=SESSION/", r.URL)
		assert.Equal(t, "session-token", r.Header.Get("X-Amz-S3session-Token"), r.URL)
		assert.Contains(t, signed(r.Header), "x-amz-s3session-token")
	}
	assert.Equal(t, 1, sessions, "one session serves all requests")
}

func TestDirectoryBucketsRenewTheirSession(t *testing.T) {
	w := &wire{lifetime: -time.Second}
	s, err := wired(t, w, func(c *Config) { c.Bucket = "landing--euw1-az1--x-s3" })
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, s.Delete(t.Context(), "k"))
	}
	assert.Len(t, w.seen(), 4, "each with a session of its own, since they end at once")
}

func TestARefusedSessionNamesTheRightToBeginOne(t *testing.T) {
	w := &wire{refuse: "AccessDenied"}
	s, err := wired(t, w, func(c *Config) { c.Bucket = "landing--euw1-az1--x-s3" })
	require.NoError(t, err)
	_, err = put(t.Context(), s, "k", nil)
	require.ErrorContains(t, err, "allow s3express:CreateSession on arn:aws:s3express:eu-west-1:*:bucket/landing--euw1-az1--x-s3")
	assert.Equal(t, ClassDenied, ClassOf(err))
	assert.True(t, MissingRight(err))
}

// The SDK says of a session that could not be begun only in words why.
func TestASessionThatFailsForAMomentIsBegunAgain(t *testing.T) {
	w := &wire{refuse: "SlowDown", refusals: 2}
	s, err := wired(t, w, func(c *Config) { c.Bucket = "landing--euw1-az1--x-s3" })
	require.NoError(t, err)
	r, err := put(t.Context(), s, "k", nil)
	require.NoError(t, err)
	assert.Equal(t, 3, r.Attempts)
	assert.Len(t, w.seen(), 4)
}

// Its keys come in no order, so that a listing proves nothing.
func TestDirectoryBucketsAreNotListed(t *testing.T) {
	w := &wire{}
	s, err := wired(t, w, func(c *Config) { c.Bucket = "landing--euw1-az1--x-s3" })
	require.NoError(t, err)
	assert.Equal(t, Refuted, s.Capabilities()[List])
	_, err = s.List(t.Context(), "p/", "", 1)
	require.ErrorIs(t, err, ErrNotImplemented)
	require.ErrorContains(t, err, "in no order: nothing to do: numbers in use are found by trying")
	assert.Empty(t, w.seen())
}

func TestAWSBehindAnEndpointGetsAChecksumAndOthersNone(t *testing.T) {
	for endpoint, want := range map[string]Checksum{
		"https://bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com": ChecksumCRC32C,
		"https://s3.cn-north-1.amazonaws.com.cn":                ChecksumCRC32C,
		"https://storage.googleapis.com":                        ChecksumNone,
		"https://s3.eu-central-003.backblazeb2.com":             ChecksumNone,
		"https://amazonaws.com.example.net":                     ChecksumNone,
	} {
		s, err := wired(t, &wire{}, func(c *Config) { c.Endpoint = endpoint })
		require.NoError(t, err)
		assert.Equal(t, want, s.checksum, endpoint)
	}
}

func TestWhatDirectoryBucketsLack(t *testing.T) {
	for want, edit := range map[string]func(*Config){
		"acl: it does not work":                        func(c *Config) { c.ACL = "private" },
		"request_payer: it does not work":              func(c *Config) { c.RequestPayer = Requester },
		"tags: it does not work":                       func(c *Config) { c.Tags = manyTags(1) },
		"checksum: it does not work":                   func(c *Config) { c.Checksum = ChecksumMD5 },
		"encryption.mode: it does not":                 func(c *Config) { c.Encryption.Mode = "sse-kms-dsse" },
		"storage_class: it does not work":              func(c *Config) { c.StorageClass = "STANDARD_IA" },
		"force_path_style_urls: it does not work":      func(c *Config) { c.ForcePathStyle = true },
		"region is required: neither the setting":      func(c *Config) { c.Region = "" },
		"encryption.kms_key: \"a b\" names no key":     func(c *Config) { c.Encryption.Mode, c.Encryption.KMSKey = "sse-kms", "a b" },
		"checksum: \"crc32\" is unknown: write one of": func(c *Config) { c.Checksum = "crc32" },
		"encryption.bucket_key: it has no effect":      func(c *Config) { on := true; c.Encryption.Mode, c.Encryption.BucketKey = "sse-kms-dsse", &on },
		"request_payer: \"me\" is unknown: write re":   func(c *Config) { c.RequestPayer = "me" },
	} {
		_, err := wired(t, &wire{}, func(c *Config) { c.Bucket = "landing--euw1-az1--x-s3"; edit(c) })
		require.ErrorContains(t, err, want)
	}
	_, err := wired(t, &wire{}, func(c *Config) { c.Bucket, c.StorageClass = "landing--euw1-az1--x-s3", "EXPRESS_ONEZONE" })
	require.NoError(t, err)
}

// A bucket of the in-process server, so that a whole object goes through.
func TestUnknownHeadersOfSettingsAreNotSentUnlessAsked(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	everyOperation(t, newStore(t, server, smallParts))
	for _, r := range server.Requests("") {
		for _, name := range []string{"X-Amz-Acl", "X-Amz-Request-Payer", "Content-Md5"} {
			assert.Empty(t, r.Header.Get(name), "%s of %s", name, r.Op)
		}
	}
}
