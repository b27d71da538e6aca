//go:build integration && !nokafka

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/certs"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// door is a real broker that wants to know who its clients are.
type door struct {
	*kafkatest.Cluster

	address   string
	authority *certs.Authority
	dir       string
}

func openDoor(t *testing.T, version string, guard kafkatest.Guard) *door {
	t.Helper()
	d := &door{dir: t.TempDir()}
	var err error
	d.authority, err = certs.New()
	require.NoError(t, err)
	guard.Authority = d.authority
	guard.Certificate, err = d.authority.Issue("broker", time.Hour)
	require.NoError(t, err)
	d.Cluster, err = kafkatest.Config{Version: version, Guard: &guard}.StartApache(t.Context())
	if errors.Is(err, kafkatest.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(d.Close)
	d.address = d.Guarded
	require.NoError(t, d.CreateTopic(t.Context(), "events", 3))
	require.NoError(t, d.Produce(t.Context(), kafkatest.Numbered("events", 3, 0, 30, 300)...))
	return d
}

// file writes PEM, and returns its path.
func (d *door) file(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(d.dir, name)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// tls is the setting of a client that trusts an authority and shows a certificate.
func (d *door) tls(t *testing.T, trusts *certs.Authority, signed *certs.Authority, valid time.Duration) string {
	t.Helper()
	text := fmt.Sprintf("tls: {enabled: true, root_cas_file: %q", d.file(t, "ca.pem", trusts.PEM))
	if signed != nil {
		pair, err := signed.Issue("lander", valid)
		require.NoError(t, err)
		text += fmt.Sprintf(", client_certs: [{cert_file: %q, key_file: %q}]", d.file(t, "cert.pem", pair.Cert), d.file(t, "key.pem", pair.Key))
	}
	return text + "}"
}

// enter runs the binary with settings of the input, in a group of its own.
func (d *door) enter(t *testing.T, group, settings string) (*process, *s3test.Server) {
	t.Helper()
	s := s3test.StartT(t, s3test.Config{})
	input := fmt.Sprintf(`
input:
  s3_destination_kafka:
    seed_brokers: ['%s']
    topics: [events]
    consumer_group: %s
    delivery: exactly_once
    %s
`, d.address, group, strings.ReplaceAll(settings, "\n", "\n    "))
	return start(t, input+strings.Replace(kafkaOutput(s, "json", ""), "{{source_range}}", "{{uuid}}", 1)), s
}

// requireIn: what the topic has is stored.
func (d *door) requireIn(t *testing.T, group, settings string) {
	t.Helper()
	p, s := d.enter(t, group, settings)
	require.Eventually(t, func() bool {
		lag, err := d.Lag(t.Context(), group, "events")
		return err == nil && lag == 0
	}, time.Minute, 100*time.Millisecond, "%s", &p.logs)
	p.terminate(t)
	rows := 0
	for _, o := range s.Objects("lake/") {
		rows += len(rowsOf(t, o))
	}
	require.Equal(t, 30, rows)
}

// requireOut: the log says what is wrong, and nothing of the secrets.
func (d *door) requireOut(t *testing.T, settings, want string) {
	t.Helper()
	p, s := d.enter(t, "refused", settings)
	require.Eventually(t, func() bool { return strings.Contains(p.logs.String(), want) }, time.Minute, 100*time.Millisecond, "%s\n%s", want, &p.logs)
	require.NoError(t, p.cmd.Process.Kill())
	<-p.done
	require.NotContains(t, p.logs.String(), "wrong-password")
	for _, o := range s.Objects("lake/") {
		require.Contains(t, o.Key, "/_s3_destination_probe_", "nothing but what a killed check has left")
	}
}

var kafkaVersions = []string{"3.9.1", "4.3.0"}

func TestIntegrationApacheAuthenticatesOverTLS(t *testing.T) {
	for _, version := range kafkaVersions {
		t.Run(version, func(t *testing.T) {
			d := openDoor(t, version, kafkatest.Guard{Users: map[string]string{"lander": "right-password"}})
			tls := d.tls(t, d.authority, nil, 0) + "\n"
			for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
				login := func(password string) string {
					return tls + fmt.Sprintf("sasl: [{mechanism: %s, username: lander, password: %s}]", mechanism, password)
				}
				d.requireIn(t, mechanism, login("right-password"))
				d.requireOut(t, login("wrong-password"), "the brokers refuse the credentials: correct username and password")
			}
			d.requireIn(t, "token", tls+"sasl: [{mechanism: OAUTHBEARER, token: "+kafkatest.Token("lander", time.Hour)+"}]")
			d.requireOut(t, tls+"sasl: [{mechanism: OAUTHBEARER, token: "+kafkatest.Token("lander", -time.Minute)+"}]", "the brokers refuse the token")
			d.requireOut(t, tls+"sasl: []", "set sasl if they want authentication")
			d.requireOut(t, "sasl: [{mechanism: PLAIN, username: lander, password: wrong-password}]", "is this a plaintext connection speaking to a tls endpoint?")
		})
	}
}

func TestIntegrationApacheAndClientsVerifyCertificates(t *testing.T) {
	for _, version := range kafkaVersions {
		t.Run(version, func(t *testing.T) {
			d := openDoor(t, version, kafkatest.Guard{Clients: true})
			other, err := certs.New()
			require.NoError(t, err)
			d.requireIn(t, "certificate", d.tls(t, d.authority, d.authority, time.Hour))
			d.requireOut(t, d.tls(t, other, d.authority, time.Hour), "set tls.root_cas_file to the certificate of the authority")
			const refused = "set tls.client_certs to one that is valid"
			d.requireOut(t, d.tls(t, d.authority, nil, 0), refused)
			d.requireOut(t, d.tls(t, d.authority, d.authority, -time.Hour), refused)
			d.requireOut(t, d.tls(t, d.authority, other, time.Hour), refused)
			d.address = d.Seeds[0]
			d.requireOut(t, d.tls(t, d.authority, d.authority, time.Hour), "the brokers hang up: turn tls.enabled on, or off")
		})
	}
}
