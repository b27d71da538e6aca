package auth_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/ststest"
)

// cloud is an STS and an S3 that believes it, reachable without a network.
type cloud struct {
	sts  *ststest.Server
	s3   *s3test.Server
	user ststest.User
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{s3: s3test.StartT(t, s3test.Config{})}
	c.sts = ststest.New(ststest.Config{Keys: c.s3})
	c.user = c.sts.AddUser(writerAccount, "writer")
	require.NoError(t, c.sts.AddRole(writerRole, trust(writerAccount, ""), time.Hour))
	require.NoError(t, c.sts.AddRole(customerRole, trust(writerRole, `{"StringEquals":{"sts:ExternalId":"`+externalID+`"}}`), time.Hour))
	// S3 learns of the end of a session the moment that somebody uses it.
	c.s3.Faults.Add(s3test.Rule{Match: func(s3test.Request) bool { c.sts.Sweep(); return false }})
	return c
}

// open returns a store that writes through two roles with the shortest
// sessions.
func (c *cloud) open(t *testing.T, edit func(*store.Config)) *store.Store {
	t.Helper()
	cfg := store.Config{
		Bucket: c.s3.Bucket, Endpoint: "http://s3.test", ForcePathStyle: true, Region: "eu-west-1",
		Auth: auth.Config{
			Mode: auth.ModeAssumeRole, AccessKeyID: c.user.AccessKeyID, SecretAccessKey: c.user.SecretAccessKey,
			Label: "orders", STSEndpoint: "http://sts.test", SessionDuration: auth.MinSessionDuration,
			Chain: []auth.Hop{{RoleARN: writerRole}, {RoleARN: customerRole, ExternalID: externalID}},
		},
		Encryption: encryption.Config{Mode: encryption.ModeNone},
		Retry:      store.RetryConfig{MaxRetries: 3, InitialInterval: 100 * time.Millisecond, MaxInterval: time.Second},
		HTTP:       store.HTTPConfig{Client: ststest.Client{"s3.test": c.s3, "sts.test": c.sts}},
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := store.New(t.Context(), cfg)
	require.NoError(t, err)
	return s
}

// step is the time between two objects of a worker.
const step = 5 * time.Second

// load has four workers put an object every step, and calls each before it.
func load(t *testing.T, s *store.Store, steps int, each func(i int)) {
	t.Helper()
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range steps {
				if each != nil && worker == 0 {
					each(i)
				}
				key := fmt.Sprintf("%d/%05d", worker, i)
				_, err := s.Put(t.Context(), store.Object{Key: key, Body: store.BodyOf([]byte(key)), IfNoneMatch: true})
				assert.NoError(t, err)
				time.Sleep(step)
			}
		})
	}
	wg.Wait()
}

func TestSessionsEndUnderLoad(t *testing.T) {
	long.Skip(t)
	const steps = 600 // 50 minutes: more than three sessions of 15
	c := newCloud(t)
	synctest.Test(t, func(t *testing.T) {
		load(t, c.open(t, nil), steps, nil)
	})
	assert.Len(t, c.s3.Keys(""), 4*steps, "every object once")
	assert.Equal(t, 4*steps, c.s3.Count("PutObject"), "renewed so early that nothing was refused")
	assumed := c.sts.Count("AssumeRole")
	assert.GreaterOrEqual(t, assumed, 2*4, "two hops, at least four sessions")
	assert.LessOrEqual(t, assumed, 2*8, "one renewal each, however many ask")
}

// Sessions are revoked long before their end, so that nobody could have known.
func TestRevokedSessionsUnderLoad(t *testing.T) {
	const steps = 100
	c := newCloud(t)
	synctest.Test(t, func(t *testing.T) {
		load(t, c.open(t, nil), steps, func(i int) {
			if i%20 == 10 {
				c.sts.Age(time.Hour)
			}
		})
	})
	assert.Len(t, c.s3.Keys(""), 4*steps)
	assert.LessOrEqual(t, c.sts.Count("AssumeRole"), 60)
	assert.GreaterOrEqual(t, c.sts.Count("AssumeRole"), 2*6)
}

// STS is down for most of the time in which it should be asked for a renewal.
func TestAnSTSOutageCostsNothingWhileTheSessionLasts(t *testing.T) {
	c := newCloud(t)
	synctest.Test(t, func(t *testing.T) {
		load(t, c.open(t, nil), 170, func(i int) {
			switch i {
			case 12:
				c.sts.Fail("", -1, http.StatusServiceUnavailable, "ServiceUnavailable", "down")
			case 160:
				c.sts.Clear()
			}
		})
	})
	assert.Equal(t, 4*170, c.s3.Count("PutObject"))
}

// Over a real network and in real time, with sessions of a second: what the
// fake clock cannot show is a race.
func TestShortSessionsOverTheNetwork(t *testing.T) {
	t.Parallel()
	s3 := s3test.StartT(t, s3test.Config{})
	h := newHarness(t, ststest.Config{Keys: s3, Lifetime: time.Second})
	h.role(t, writerRole, trust(writerAccount, ""))
	h.role(t, customerRole, trust(writerRole, ""))
	s3.Faults.Add(s3test.Rule{Match: func(s3test.Request) bool { h.Sweep(); return false }})
	s, err := store.New(t.Context(), store.Config{
		Bucket: s3.Bucket, Endpoint: s3.URL, ForcePathStyle: true, Region: "eu-west-1",
		Auth:       h.config(auth.Hop{RoleARN: writerRole}, auth.Hop{RoleARN: customerRole}),
		Encryption: encryption.Config{Mode: encryption.ModeNone},
	})
	require.NoError(t, err)
	defer s.Close()
	var wg sync.WaitGroup
	var written atomic.Int32
	end := time.Now().Add(4 * time.Second)
	for worker := range 8 {
		wg.Go(func() {
			for i := 0; time.Now().Before(end); i++ {
				_, err := s.Put(t.Context(), store.Object{Key: fmt.Sprintf("%d/%d", worker, i), IfNoneMatch: true})
				if assert.NoError(t, err) {
					written.Add(1)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	assert.Len(t, s3.Keys(""), int(written.Load()))
	assert.GreaterOrEqual(t, h.Count("AssumeRole"), 2*4, "several sessions of each role")
	assert.LessOrEqual(t, h.Count("AssumeRole"), 2*16)
}

// profile writes a shared credentials file.
func profile(t *testing.T, path string, u ststest.User) {
	t.Helper()
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", u.AccessKeyID, u.SecretAccessKey)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestARotatedCredentialsFileIsPickedUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	c := newCloud(t)
	profile(t, file, c.user)
	s := c.open(t, func(cfg *store.Config) { cfg.Auth = auth.Config{} })
	put := func(key string) error {
		_, err := s.Put(t.Context(), store.Object{Key: key})
		return err
	}
	require.NoError(t, put("before"))

	next := c.sts.AddUser(writerAccount, "writer-2")
	profile(t, file, next)
	c.s3.RemoveKey(c.user.AccessKeyID)
	require.NoError(t, put("after"), "refused, read again, repeated")
	assert.Equal(t, 3, c.s3.Count("PutObject"))
}

func TestARotatedWebIdentityTokenIsPickedUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("first"), 0o600))
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file)
	t.Setenv("AWS_ROLE_ARN", writerRole)
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://sts.test")
	c := newCloud(t)
	c.sts.AddWebIdentity("first", writerRole)
	s := c.open(t, func(cfg *store.Config) { cfg.Auth = auth.Config{} })
	_, err := s.Put(t.Context(), store.Object{Key: "before"})
	require.NoError(t, err)

	c.sts.RemoveWebIdentity("first")
	c.sts.AddWebIdentity("second", writerRole)
	require.NoError(t, os.WriteFile(file, []byte("second"), 0o600))
	c.sts.Age(2 * time.Hour)
	_, err = s.Put(t.Context(), store.Object{Key: "after"})
	require.NoError(t, err)
	assert.Equal(t, 2, c.sts.Count("AssumeRoleWithWebIdentity"))
}
