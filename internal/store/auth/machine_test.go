package auth_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// temporary are the credentials that a machine hands out, in the form that the
// metadata services of instances and containers share.
func temporary(n int32) (id, secret, token, document string) {
	id, secret, token = fmt.Sprintf("ASIAMACHINE%d", n), fmt.Sprintf("machine-secret-%d", n), fmt.Sprintf("machine-token-%d", n)
	document = fmt.Sprintf(`{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q,"Expiration":%q}`,
		id, secret, token, time.Now().Add(6*time.Hour).UTC().Format(time.RFC3339))
	return id, secret, token, document
}

// onMachine is a store that has nothing but what the machine gives it.
func onMachine(t *testing.T, s3 *s3test.Server) *store.Store {
	t.Helper()
	s, err := store.New(t.Context(), store.Config{
		Bucket: s3.Bucket, Endpoint: s3.URL, ForcePathStyle: true, Region: "eu-west-1",
		Auth: auth.Config{Mode: auth.ModeDefault}, Encryption: encryption.Config{Mode: encryption.ModeNone},
		Retry: store.RetryConfig{MaxRetries: 2, InitialInterval: time.Millisecond, MaxInterval: time.Millisecond},
	})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func write(t *testing.T, s *store.Store, key string) {
	t.Helper()
	_, err := s.Put(t.Context(), store.Object{Key: key})
	require.NoError(t, err)
}

func TestTheRoleOfAnInstance(t *testing.T) {
	s3 := s3test.StartT(t, s3test.Config{})
	id, secret, token, document := temporary(1)
	s3.AddKey(id, secret, token)
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			_, _ = io.WriteString(w, "imds-token")
		case r.Header.Get("X-Aws-Ec2-Metadata-Token") != "imds-token":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/latest/meta-data/iam/security-credentials/":
			_, _ = io.WriteString(w, "landing-writer")
		case r.URL.Path == "/latest/meta-data/iam/security-credentials/landing-writer":
			_, _ = io.WriteString(w, document)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(metadata.Close)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)
	s := onMachine(t, s3)
	write(t, s, "k")
	creds, err := s.Credentials().Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, id, creds.AccessKeyID)
	assert.Equal(t, "EC2RoleProvider", creds.Source)
	metadata.CloseClientConnections()
}

// The token with which a container asks rotates on its disk, as on EKS; the
// session that it got is revoked before its end.
func TestTheRoleOfAContainer(t *testing.T) {
	s3 := s3test.StartT(t, s3test.Config{})
	file := filepath.Join(t.TempDir(), "token")
	var accepted atomic.Value
	rotate := func(to string) {
		accepted.Store(to)
		require.NoError(t, os.WriteFile(file, []byte(to), 0o600))
	}
	rotate("first")
	var asked atomic.Int32
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != accepted.Load() {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		id, secret, token, document := temporary(asked.Add(1))
		s3.AddKey(id, secret, token)
		_, _ = io.WriteString(w, document)
	}))
	t.Cleanup(agent.Close)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.URL+"/credentials")
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)
	s := onMachine(t, s3)
	write(t, s, "before")
	rotate("second")
	s3.ExpireKey("ASIAMACHINE1")
	write(t, s, "after")
	assert.Equal(t, int32(2), asked.Load())
	assert.Equal(t, 3, s3.Count("PutObject"), "refused, asked again, repeated")
	agent.CloseClientConnections()
}

// Neither a machine without a metadata service nor one whose service swallows
// every question may keep the start waiting.
func TestSilentInstanceMetadataFailsInSeconds(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	for name, endpoint := range map[string]string{"nobody listens": "http://127.0.0.1:1", "nobody answers": "http://" + silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
			t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)
			s, err := store.New(t.Context(), store.Config{Bucket: "b", Region: "eu-west-1"})
			require.NoError(t, err)
			defer s.Close()
			began := time.Now()
			_, err = s.Put(t.Context(), store.Object{Key: "k"})
			require.Equal(t, store.ClassCredentials, store.ClassOf(err))
			require.ErrorContains(t, err, "no instance metadata service answers")
			assert.Less(t, time.Since(began), 15*time.Second)
			t.Logf("after %v: %v", time.Since(began).Round(time.Millisecond), err)
		})
	}
}

// The first role is assumed with whatever the environment gives.
func TestRolesAreAssumedFromTheEnvironment(t *testing.T) {
	c := newCloud(t)
	t.Setenv("AWS_ACCESS_KEY_ID", c.user.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", c.user.SecretAccessKey)
	s := c.open(t, func(cfg *store.Config) { cfg.Auth.AccessKeyID, cfg.Auth.SecretAccessKey = "", "" })
	write(t, s, "k")
	who := s.Credentials().WhoAmI(t.Context(), true)
	require.Len(t, who, 3)
	assert.Equal(t, c.user.ARN, who[0].ARN)
	assert.Equal(t, "EnvConfigCredentials", who[0].Source)
	assert.Equal(t, "arn:aws:sts::444455556666:assumed-role/landing/s3-destination-orders", who[2].ARN)
}
