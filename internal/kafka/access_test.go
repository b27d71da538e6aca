package kafka

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/testutil/certs"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// guarded runs a broker that asks for authentication, and perhaps for TLS.
func guarded(t *testing.T, conf *tls.Config, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	opts = append(opts, kfake.NumBrokers(1), kfake.SeedTopics(1, "orders"))
	if conf != nil {
		opts = append(opts, kfake.TLS(conf))
	}
	c, err := kfake.NewCluster(opts...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

var users = []kfake.Opt{
	kfake.EnableSASL(), kfake.Superuser("PLAIN", "lander", "right"),
	kfake.Superuser("SCRAM-SHA-256", "lander", "right"), kfake.Superuser("SCRAM-SHA-512", "lander", "right"),
}

// connect returns what comes of connecting to a broker.
func connect(t *testing.T, c *kfake.Cluster, more string) error {
	t.Helper()
	conf, err := ParseConfig(parse(t, fmt.Sprintf("seed_brokers: [%q]\ntopics: [orders]\nconsumer_group: g\n%s", c.ListenAddrs()[0], more)))
	require.NoError(t, err)
	in := New(conf, service.MockResources())
	ctx := within(t, 20*time.Second)
	err = in.Connect(ctx)
	require.NoError(t, in.Close(ctx))
	return err
}

func authority(t *testing.T) *certs.Authority {
	t.Helper()
	a, err := certs.New()
	require.NoError(t, err)
	return a
}

// files writes the certificate of an authority and a pair of it for a client, and
// returns their paths.
func files(t *testing.T, a *certs.Authority, valid time.Duration) (ca, cert, key string) {
	t.Helper()
	pair, err := a.Issue("lander", valid)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, text, 0o600))
		return path
	}
	return write("ca.pem", a.PEM), write("cert.pem", pair.Cert), write("key.pem", pair.Key)
}

func server(t *testing.T, a *certs.Authority, valid time.Duration, clients bool) *tls.Config {
	t.Helper()
	pair, err := a.Issue("broker", valid)
	require.NoError(t, err)
	conf, err := a.Server(pair, clients)
	require.NoError(t, err)
	return conf
}

func TestEveryMechanismOpensTheDoor(t *testing.T) {
	c := guarded(t, nil, users...)
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		require.NoError(t, connect(t, c, login(mechanism, "right")), mechanism)
	}
	require.NoError(t, connect(t, c, "sasl: [{mechanism: OAUTHBEARER, token: t}, {mechanism: PLAIN, username: lander, password: right}]"),
		"the first that the broker knows")
	assert.ErrorContains(t, connect(t, c, "sasl: [{mechanism: OAUTHBEARER, token: t}]"), "choose another one in sasl")
}

func login(mechanism, password string) string {
	return fmt.Sprintf("sasl: [{mechanism: %s, username: lander, password: %s}]", mechanism, password)
}

// TestWrongCredentialsAreNamed, whether the broker hangs up or says what is wrong.
func TestWrongCredentialsAreNamed(t *testing.T) {
	long.Skip(t)
	c := guarded(t, nil, users...)
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		assert.ErrorContains(t, connect(t, c, login(mechanism, "wrong")), "the brokers hang up: turn tls.enabled on, or off", mechanism)
	}
	assert.ErrorContains(t, connect(t, c, ""), "set sasl if they want authentication")
	c.ControlKey(kmsg.SASLAuthenticate.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		answer := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		answer.ErrorCode = kerr.SaslAuthenticationFailed.Code
		return answer, nil, true
	})
	assert.ErrorContains(t, connect(t, c, login("PLAIN", "wrong")),
		"the brokers refuse the credentials: correct username and password", "and another says so")
}

// TestARefusedTokenIsNamed: brokers tell why in the answer to it.
func TestARefusedTokenIsNamed(t *testing.T) {
	conf, err := ParseConfig(parse(t, "seed_brokers: [a]\ntopics: [a]\nconsumer_group: g\nsasl: [{mechanism: OAUTHBEARER, token: secret}]"))
	require.NoError(t, err)
	session, first, err := conf.sasl[0].Authenticate(t.Context(), "broker")
	require.NoError(t, err)
	require.Contains(t, string(first), "auth=Bearer secret")
	done, _, err := session.Challenge(nil)
	require.NoError(t, err)
	require.True(t, done)
	_, _, err = session.Challenge([]byte(`{"status":"invalid_token"}`))
	err = advised(err)
	assert.ErrorContains(t, err, `the brokers refuse the token: "{\"status\":\"invalid_token\"}"`)
	assert.ErrorContains(t, err, "set token in sasl to one that has not expired")
	assert.NotContains(t, err.Error(), "secret")
}

// TestTLSIsVerifiedOnBothSides: what is wrong is said with what to do about it.
func TestTLSIsVerifiedOnBothSides(t *testing.T) {
	ours, other := authority(t), authority(t)
	ca, cert, key := files(t, ours, time.Hour)
	_, late, lateKey := files(t, ours, -time.Hour)
	theirs, strange, strangeKey := files(t, other, time.Hour)
	secure := func(ca, cert, key string) string {
		text := fmt.Sprintf("tls: {enabled: true, root_cas_file: %q", ca)
		if cert != "" {
			text += fmt.Sprintf(", client_certs: [{cert_file: %q, key_file: %q}]", cert, key)
		}
		return text + "}"
	}
	one := guarded(t, server(t, ours, time.Hour, false))
	require.NoError(t, connect(t, one, secure(ca, "", "")))
	assert.ErrorContains(t, connect(t, one, secure(theirs, "", "")), "set tls.root_cas_file to the certificate of the authority")
	assert.ErrorContains(t, connect(t, one, ""), "the brokers hang up: turn tls.enabled on, or off")

	both := guarded(t, server(t, ours, time.Hour, true))
	require.NoError(t, connect(t, both, secure(ca, cert, key)))
	for _, c := range []string{secure(ca, "", ""), secure(ca, late, lateKey), secure(ca, strange, strangeKey)} {
		assert.ErrorContains(t, connect(t, both, c), "set tls.client_certs to one that is valid")
	}

	old := guarded(t, server(t, ours, -time.Hour, false))
	assert.ErrorContains(t, connect(t, old, secure(ca, "", "")), "the brokers need a new certificate")
}
