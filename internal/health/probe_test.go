package health

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/ststest"
)

// connect returns a store on server, over no network at all.
func connect(t *testing.T, server *s3test.Server, edit func(*store.Config)) *store.Store {
	t.Helper()
	cfg := store.Config{
		Bucket: server.Bucket, Endpoint: "http://s3.test", ForcePathStyle: true,
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
		Encryption: encryption.Config{Mode: encryption.ModeNone},
		Retry:      store.RetryConfig{MaxRetries: -1, InitialInterval: 10 * time.Millisecond, MaxInterval: time.Second},
		HTTP:       store.HTTPConfig{Client: ststest.Client{"s3.test": server}},
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := store.New(t.Context(), cfg)
	require.NoError(t, err)
	return s
}

// newProber probes at the root, and proves what data in one request needs.
func newProber(s Store) *Prober { return NewProber(s, ProbeConfig{Prove: true}) }

func count(server *s3test.Server) map[string]int {
	all := map[string]int{}
	for _, r := range server.Requests("") {
		all[r.Op]++
	}
	return all
}

func TestProbeNeedsNothingButPutObject(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Deny("DeleteObject", "HeadObject", "GetObject", "ListObjectsV2", "HeadBucket", "AbortMultipartUpload")
	p := NewProber(connect(t, server, nil), ProbeConfig{Prefix: "teams/landing/", Label: "orders/eu", Prove: true})
	assert.Equal(t, "teams/landing/_s3_destination_probe_orders_eu", p.Key())
	for range 5 {
		v := p.Probe(t.Context())
		require.NoError(t, v.Err)
		assert.Equal(t, store.ClassDenied, store.ClassOf(v.Leftover))
	}
	assert.Equal(t, []string{p.Key()}, server.Keys(""), "one leftover, not five")
	assert.Equal(t, map[string]int{"PutObject": 6, "DeleteObject": 5}, count(server))
	server.Faults.Clear()
	require.NoError(t, p.Probe(t.Context()).Leftover, "granted later, used later")
	assert.Empty(t, server.Keys(""))
}

func TestProbeWritesLikeData(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	p := NewProber(connect(t, server, func(c *store.Config) {
		c.Encryption = encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: "alias/k"}
		c.StorageClass, c.Checksum = "STANDARD_IA", store.ChecksumCRC32C
		c.Tags = map[string]string{"a": "b"}
	}), ProbeConfig{})
	require.NoError(t, p.Probe(t.Context()).Err)
	h := server.Requests("PutObject")[0].Header
	assert.Equal(t, "aws:kms", h.Get("X-Amz-Server-Side-Encryption"))
	assert.Equal(t, "alias/k", h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"))
	assert.Equal(t, "STANDARD_IA", h.Get("X-Amz-Storage-Class"))
	assert.Equal(t, "a=b", h.Get("X-Amz-Tagging"))
	assert.NotEmpty(t, h.Get("X-Amz-Checksum-Crc32c"))
}

// demand refuses writes without a header, as a bucket policy does.
func demand(server *s3test.Server, header, value string) {
	server.Faults.Add(s3test.Rule{
		Op:    "PutObject",
		Match: func(r s3test.Request) bool { return r.Header.Get(header) != value },
		Do:    s3test.Fail(http.StatusForbidden, "AccessDenied", "explicit deny in a resource-based policy"),
	})
}

func TestPoliciesThatDemandConditionalWrites(t *testing.T) {
	for name, undeletable := range map[string]bool{"deletable": false, "with a leftover": true} {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			demand(server, "If-None-Match", "*")
			if undeletable {
				server.Faults.Deny("DeleteObject")
			}
			s := connect(t, server, nil)
			p := newProber(s)
			for range 4 {
				require.NoError(t, p.Probe(t.Context()).Err)
				assert.Equal(t, store.Shown, s.Conditional(0))
			}
		})
	}
	t.Run("but data is written without", func(t *testing.T) {
		server := s3test.StartT(t, s3test.Config{})
		demand(server, "If-None-Match", "*")
		p := NewProber(connect(t, server, func(c *store.Config) { c.Conditions = store.NeverConditions }), ProbeConfig{})
		assert.Equal(t, store.ClassDenied, p.Probe(t.Context()).Class())
	})
}

func TestPoliciesThatDemandEncryption(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	demand(server, "X-Amz-Server-Side-Encryption", "AES256")
	bare := newProber(connect(t, server, nil)).Probe(t.Context())
	assert.Equal(t, store.ClassDenied, bare.Class())
	encrypted := NewProber(connect(t, server, func(c *store.Config) { c.Encryption.Mode = encryption.ModeSSES3 }), ProbeConfig{})
	require.NoError(t, encrypted.Probe(t.Context()).Err)
}

func TestClassesOfProbes(t *testing.T) {
	cases := map[string]struct {
		fault  s3test.Action
		edit   func(*store.Config)
		class  store.Class
		advice string
	}{
		"denied":        {s3test.Fail(403, "AccessDenied", "Access Denied"), nil, store.ClassDenied, "allow s3:PutObject"},
		"unknown key":   {nil, func(c *store.Config) { c.Auth.AccessKeyID = "AKIANOBODY" }, store.ClassCredentials, "check the access key"},
		"wrong secret":  {nil, func(c *store.Config) { c.Auth.SecretAccessKey = "wrong" }, store.ClassCredentials, "check the access key"},
		"bogus token":   {nil, func(c *store.Config) { c.Auth.SessionToken = "bogus" }, store.ClassCredentials, "check the access key"},
		"expired token": {s3test.Fail(400, "ExpiredToken", "The provided token has expired."), nil, store.ClassCredentials, "check the access key"},
		"no bucket":     {nil, func(c *store.Config) { c.Bucket = "nowhere" }, store.ClassNoBucket, "create the bucket nowhere"},
		"wrong region":  {s3test.Redirect("eu-central-1"), nil, store.ClassWrongRegion, "set region to eu-central-1"},
		"skewed clock":  {s3test.Fail(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."), nil, store.ClassClockSkew, "clock"},
		"KMS refuses":   {s3test.Fail(400, "KMS.DisabledException", "key is disabled."), nil, store.ClassKMS, "enable the key again"},
		"down":          {s3test.Reset(0), nil, store.ClassNetwork, "check the network"},
		"hangs":         {hang, nil, store.ClassNetwork, "check the network"},
		"throttled":     {s3test.SlowDown(0), nil, store.ClassThrottled, "limits the request rate"},
		"answers 503":   {s3test.Fail(503, "ServiceUnavailable", ""), nil, store.ClassThrottled, "limits the request rate"},
		"answers 500":   {s3test.Fail(500, "InternalError", ""), nil, store.ClassNetwork, "no success in the time allowed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			if c.fault != nil {
				server.Faults.Add(s3test.Rule{Do: c.fault})
			}
			synctest.Test(t, func(t *testing.T) {
				w := &witness{}
				m := NewMonitor(Config{Probe: newProber(connect(t, server, c.edit)), Observer: w})
				defer m.Close()
				began := time.Now()
				v := m.Check(t.Context())
				assert.LessOrEqual(t, time.Since(began), DefaultTimeout)
				assert.Equal(t, c.class, v.Class())
				require.ErrorContains(t, v.Err, "checking the destination: ")
				require.ErrorContains(t, v.Err, c.advice)
				assert.Equal(t, []State{Unhealthy}, w.states())
				assert.NotContains(t, v.Err.Error(), server.SecretKey)
			})
		})
	}
}

func TestS3VanishesAndReturns(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	synctest.Test(t, func(t *testing.T) {
		w := &witness{}
		s := connect(t, server, func(c *store.Config) { c.Retry.MaxElapsed = 20 * time.Second })
		m := NewMonitor(Config{Probe: newProber(s), Observer: w})
		defer m.Close()
		require.NoError(t, m.Check(t.Context()).Err)
		m.Start()
		patient := NewPatient(s, m, 0)
		server.Faults.Add(s3test.Rule{Do: s3test.Reset(0)})
		time.AfterFunc(30*time.Minute, server.Faults.Clear)
		_, err := patient.Put(t.Context(), store.Object{Key: "data", Body: store.BodyOf([]byte("x")), Identity: "1", IfNoneMatch: true})
		require.NoError(t, err)
		assert.Equal(t, []State{Healthy, Unhealthy, Healthy}, w.states())
	})
	assert.Equal(t, []string{"data"}, server.Keys(""))
}

func TestObjectLockAndVersions(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	admin := s3.New(s3.Options{
		Region: s3test.Region, BaseEndpoint: aws.String(server.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
		HTTPClient:  ststest.Client{server.URL[len("http://"):]: server},
	})
	_, err := admin.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: aws.String(server.Bucket), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	require.NoError(t, err)
	p := newProber(connect(t, server, nil))
	for range 3 {
		v := p.Probe(t.Context())
		require.NoError(t, v.Err)
		require.NoError(t, v.Leftover)
	}
	server.Faults.Add(s3test.Rule{Op: "DeleteObject", Do: s3test.Fail(http.StatusForbidden, "AccessDenied", "Access Denied because object protected by object lock.")})
	for range 3 {
		v := p.Probe(t.Context())
		require.NoError(t, v.Err)
		require.Error(t, v.Leftover)
	}
}

var _ Probe = (*Prober)(nil)

// hang is s3test.Hang for a synctest bubble, whose clock stands still while
// anybody waits for a channel from outside.
func hang(x *s3test.Exchange) { <-x.R.Context().Done() }
