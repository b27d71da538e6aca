//go:build integration

package health

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/minio"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// real is a server as the tests below need it.
type real struct {
	url, region, bucket, key, secret string
	admin                            *s3.Client
}

func ofVersity(s *versitygw.Server) real {
	return real{s.URL, versitygw.Region, s.Bucket, s.AccessKey, s.SecretKey, s.Client()}
}

func ofMinio(s *minio.Server) real {
	return real{s.URL, minio.Region, s.Bucket, s.AccessKey, s.SecretKey, s.Client()}
}

// open connects to a real server.
func (r real) open(t *testing.T, edit func(*store.Config)) *store.Store {
	t.Helper()
	cfg := store.Config{
		Bucket: r.bucket, Region: r.region, Endpoint: r.url, ForcePathStyle: true, Checksum: store.ChecksumCRC32C,
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: r.key, SecretAccessKey: r.secret},
		Encryption: encryption.Config{Mode: encryption.ModeNone},
		Retry:      store.RetryConfig{MaxRetries: 3, InitialInterval: 10 * time.Millisecond, MaxInterval: 200 * time.Millisecond},
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := store.New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// within proves all that there is to prove.
var within = ProbeConfig{Prefix: "in/", Prove: true, Largest: 1 << 40}

// probeTimes probes a few times, as a monitor does.
func probeTimes(t *testing.T, p *Prober, each func(v Verdict)) {
	t.Helper()
	for i := range 4 {
		v := p.Probe(t.Context())
		require.NoError(t, v.Err, "probe %d", i)
		each(v)
	}
}

func (r real) keys(t *testing.T, bucket string) []string {
	t.Helper()
	out, err := r.admin.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	var keys []string
	for _, o := range out.Contents {
		keys = append(keys, aws.ToString(o.Key))
	}
	return keys
}

func TestIntegrationProbeWithoutTheRightToDelete(t *testing.T) {
	server := versitygw.StartEnforcing(t)
	minimum, err := policy.Render(policy.Config{Bucket: server.Bucket, Prefix: "teams/landing"}, policy.KindRole, policy.Minimum)
	require.NoError(t, err)
	server.Grant(t, minimum.JSON())
	r := ofVersity(server.Server)
	r.key, r.secret = server.UserKey, server.UserSecret
	w := &witness{}
	m := NewMonitor(Config{Probe: NewProber(r.open(t, nil), ProbeConfig{Prefix: "teams/landing/", Label: "orders", Prove: true}), Observer: w})
	defer m.Close()
	for range 4 {
		v := m.Check(t.Context())
		require.NoError(t, v.Err)
		assert.Equal(t, store.ClassDenied, store.ClassOf(v.Leftover))
		require.ErrorContains(t, v.Leftover, "allow s3:DeleteObject")
	}
	const leftover = "teams/landing/_s3_destination_probe_orders"
	assert.Equal(t, []string{leftover}, r.keys(t, r.bucket), "one, not four")
	assert.Equal(t, []string{leftover}, w.left, "told once")
	assert.Equal(t, 4, m.Status().CleanupFailures)

	recommended, err := policy.Render(policy.Config{Bucket: server.Bucket, Prefix: "teams/landing"}, policy.KindRole, policy.Recommended)
	require.NoError(t, err)
	server.Grant(t, recommended.JSON())
	require.NoError(t, m.Check(t.Context()).Leftover, "granted later, used later")
	assert.Empty(t, r.keys(t, r.bucket))

	server.Revoke(t)
	v := m.Check(t.Context())
	assert.Equal(t, store.ClassDenied, v.Class())
	require.ErrorContains(t, v.Err, "allow s3:PutObject")
	assert.Equal(t, []State{Healthy, Unhealthy}, w.states())
}

// lockable makes a bucket with versions and locks on.
func (r real) lockable(t *testing.T, name string) {
	t.Helper()
	_, err := r.admin.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(name), ObjectLockEnabledForBucket: aws.Bool(true)})
	require.NoError(t, err)
	_, err = r.admin.PutObjectLockConfiguration(t.Context(), &s3.PutObjectLockConfigurationInput{
		Bucket: aws.String(name),
		ObjectLockConfiguration: &types.ObjectLockConfiguration{
			ObjectLockEnabled: types.ObjectLockEnabledEnabled,
			Rule:              &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: types.ObjectLockRetentionModeCompliance, Days: aws.Int32(1)}},
		},
	})
	require.NoError(t, err)
}

func TestIntegrationProbeOfVersionedAndLockedBuckets(t *testing.T) {
	for name, start := range map[string]func(*testing.T) real{
		"versitygw": func(t *testing.T) real { return ofVersity(versitygw.StartWith(t, versitygw.Config{Versions: true})) },
		"minio":     func(t *testing.T) real { return ofMinio(minio.Start(t, minio.NoKeys{})) },
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			_, err := r.admin.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
				Bucket: aws.String(r.bucket), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
			})
			require.NoError(t, err)
			plain := r.open(t, nil)
			probeTimes(t, NewProber(plain, within), func(v Verdict) { assert.NoError(t, v.Leftover) })
			assert.Equal(t, store.Shown, plain.Conditional(0))
			assert.Equal(t, store.Shown, plain.Conditional(within.Largest))
			assert.Empty(t, r.keys(t, r.bucket), "hidden by delete markers")

			// Deleting hides a locked object; only a version cannot be deleted.
			r.lockable(t, "locked")
			locked := r.open(t, func(c *store.Config) { c.Bucket = "locked" })
			probeTimes(t, NewProber(locked, within), func(v Verdict) { assert.NoError(t, v.Leftover) })
			assert.Equal(t, store.Shown, locked.Conditional(0))
		})
	}
}

// Without versions a locked object can be neither deleted nor replaced.
func TestIntegrationProbeOfALockedBucketWithoutVersions(t *testing.T) {
	r := ofVersity(versitygw.Start(t))
	r.lockable(t, "locked")
	s := r.open(t, func(c *store.Config) { c.Bucket = "locked" })
	for range 2 { // after a restart too
		probeTimes(t, NewProber(s, within), func(v Verdict) {
			assert.Equal(t, store.ClassDenied, store.ClassOf(v.Leftover))
			assert.ErrorContains(t, v.Leftover, "object lock")
		})
	}
	assert.Equal(t, []string{"in/_s3_destination_probe"}, r.keys(t, "locked"), "one leftover")
	taken := store.Object{Key: "in/_s3_destination_probe", Body: store.BodyOf([]byte("data")), IfNoneMatch: true}
	_, err := s.Put(t.Context(), taken)
	require.ErrorIs(t, err, store.ErrExists, "data takes another key")
	assert.Equal(t, store.Unknown, s.Conditional(0), "the lock has refused it, not the condition, and the lock ends")
}

// demanding is a network whose policy refuses writes that are not conditional.
// No server that can be had knows the condition key s3:if-none-match.
type demanding struct{}

func (demanding) Do(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut && r.Header.Get("If-None-Match") == "" && !r.URL.Query().Has("uploadId") {
		return &http.Response{
			StatusCode: http.StatusForbidden, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
			Header: http.Header{"X-Amz-Request-Id": {"demanding"}},
			Body:   http.NoBody,
		}, nil
	}
	return http.DefaultClient.Do(r)
}

func TestIntegrationProbeWherePoliciesDemandConditions(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	server := versitygw.StartEnforcing(t)
	r := ofVersity(server.Server)
	r.key, r.secret = server.UserKey, server.UserSecret
	for _, flavour := range []policy.Flavour{policy.Recommended, policy.Minimum} { // without and with a leftover
		d, err := policy.Render(policy.Config{Bucket: server.Bucket, Prefix: "in"}, policy.KindRole, flavour)
		require.NoError(t, err)
		server.Grant(t, d.JSON())
		s := r.open(t, func(c *store.Config) { c.HTTP.Client = demanding{} })
		probeTimes(t, NewProber(s, within), func(Verdict) {})
		probeTimes(t, NewProber(s, within), func(Verdict) {}) // after a restart
		assert.Equal(t, store.Shown, s.Conditional(0))
	}
}

// session gives out credentials that may do what the policy says and no more.
func session(t *testing.T, server *minio.Server, rights string) func(*store.Config) {
	t.Helper()
	client := sts.New(sts.Options{
		Region: minio.Region, BaseEndpoint: aws.String(server.URL), HTTPClient: http.DefaultClient,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	})
	defer http.DefaultClient.CloseIdleConnections()
	out, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::111122223333:role/landing"), RoleSessionName: aws.String("test"), Policy: aws.String(rights),
	})
	require.NoError(t, err)
	return func(c *store.Config) {
		c.Auth.AccessKeyID, c.Auth.SecretAccessKey, c.Auth.SessionToken = *out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken
	}
}

func TestIntegrationProbeWherePoliciesDemandEncryption(t *testing.T) {
	server := minio.Start(t, minio.StaticKey("own-key"))
	as := session(t, server, strings.ReplaceAll(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::BUCKET/*"},
		{"Effect":"Deny","Action":"s3:PutObject","Resource":"arn:aws:s3:::BUCKET/*",
		 "Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}}]}`, "BUCKET", server.Bucket))
	for mode, class := range map[encryption.Mode]store.Class{
		encryption.ModeNone: store.ClassDenied, encryption.ModeSSES3: store.ClassDenied, encryption.ModeSSEKMS: "",
	} {
		s := ofMinio(server).open(t, func(c *store.Config) { as(c); c.Encryption.Mode = mode })
		v := NewProber(s, within).Probe(t.Context())
		assert.Equal(t, class, v.Class(), "%s: %v", mode, v.Err)
		if class != "" {
			assert.ErrorContains(t, v.Err, "wants other encryption")
		}
	}
}

func TestIntegrationTheServerVanishesAndReturns(t *testing.T) {
	server := versitygw.Start(t)
	w := &witness{}
	s := ofVersity(server).open(t, nil)
	m := NewMonitor(Config{Probe: NewProber(s, within), Observer: w})
	defer m.Close()
	require.NoError(t, m.Check(t.Context()).Err)
	m.Start()
	server.Close()
	written := make(chan error, 1)
	go func() {
		_, err := NewPatient(s, m, 0).Put(t.Context(), store.Object{Key: "in/data", Body: store.BodyOf([]byte("x")), Identity: "1", IfNoneMatch: true})
		written <- err
	}()
	require.Eventually(t, func() bool { return m.Status().State == Unhealthy }, 20*time.Second, 10*time.Millisecond)
	assert.Equal(t, store.ClassNetwork, m.Status().Class)
	assert.ErrorContains(t, m.Status().Err, "nothing answers there")
	server.Restart(t)
	require.NoError(t, <-written, "the upload outlives the outage")
	assert.Equal(t, []State{Healthy, Unhealthy, Healthy}, w.states(), "two lines in the log")
	assert.Equal(t, []string{"in/data"}, ofVersity(server).keys(t, server.Bucket))
}
