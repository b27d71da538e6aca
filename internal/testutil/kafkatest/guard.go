package kafkatest

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/s3-destination/s3-destination/internal/testutil/certs"
)

// Guard is what a listener wants of its clients: TLS, authentication, or both.
type Guard struct {
	// Authority signs the certificates; nil is no TLS.
	Authority *certs.Authority
	// Certificate is that of the broker.
	Certificate certs.Pair
	// Clients need a certificate of the authority.
	Clients bool
	// Users are the passwords by name, for PLAIN and SCRAM; nil is no
	// authentication. With users, tokens that nobody has signed are taken as well.
	Users map[string]string
}

const (
	brokerPEM    = "broker.pem"
	authorityPEM = "authority.pem"
)

func (g *Guard) protocol() string {
	switch {
	case g.Authority == nil:
		return "SASL_PLAINTEXT"
	case g.Users == nil:
		return "SSL"
	default:
		return "SASL_SSL"
	}
}

// files are those that the properties name.
func (g *Guard) files() map[string]string {
	if g.Authority == nil {
		return nil
	}
	return map[string]string{
		brokerPEM:    string(g.Certificate.Key) + string(g.Certificate.Cert) + string(g.Authority.PEM),
		authorityPEM: string(g.Authority.PEM),
	}
}

// properties are those of the listener.
func (g *Guard) properties(dir string) string {
	var text strings.Builder
	set := func(name, value string) { _, _ = fmt.Fprintf(&text, "listener.name.guarded.%s=%s\n", name, value) }
	if g.Authority != nil {
		set("ssl.keystore.type", "PEM")
		set("ssl.keystore.location", filepath.Join(dir, brokerPEM))
		set("ssl.truststore.type", "PEM")
		set("ssl.truststore.location", filepath.Join(dir, authorityPEM))
		set("ssl.client.auth", map[bool]string{true: "required", false: "none"}[g.Clients])
	}
	if g.Users == nil {
		return text.String()
	}
	const security = "org.apache.kafka.common.security."
	var plain strings.Builder
	for _, user := range slices.Sorted(maps.Keys(g.Users)) {
		_, _ = fmt.Fprintf(&plain, " user_%s=%q", user, g.Users[user])
	}
	set("sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER")
	set("plain.sasl.jaas.config", security+"plain.PlainLoginModule required"+plain.String()+";")
	set("scram-sha-256.sasl.jaas.config", security+"scram.ScramLoginModule required;")
	set("scram-sha-512.sasl.jaas.config", security+"scram.ScramLoginModule required;")
	set("oauthbearer.sasl.jaas.config", security+`oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`)
	return text.String()
}

// admit makes the users of SCRAM, whom the broker keeps itself.
func (c *Cluster) admit(ctx context.Context) error {
	if c.cfg.Guard == nil || c.cfg.Guard.Users == nil {
		return nil
	}
	for _, m := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} { // a request may name a user once
		var all []kadm.UpsertSCRAM
		for user, password := range c.cfg.Guard.Users {
			all = append(all, kadm.UpsertSCRAM{User: user, Mechanism: m, Iterations: 4096, Password: password})
		}
		answers, err := c.admin.AlterUserSCRAMs(ctx, nil, all)
		if err == nil {
			err = answers.Error()
		}
		if err != nil {
			return fmt.Errorf("making users: %w", err)
		}
	}
	return nil
}

// Token is one for OAUTHBEARER that nobody has signed.
func Token(user string, valid time.Duration) string {
	now := time.Now()
	claims := fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d}`, user, now.Add(-time.Hour).Unix(), now.Add(valid).Unix())
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "."
}
