package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

// TestTLSAndSASL reads from brokers that speak TLS with a certificate of their
// own CA and ask for a password.
func TestTLSAndSASL(t *testing.T) {
	server := httptest.NewTLSServer(nil) // for its certificate
	server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(block), 0o600))
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for name, mechanism := range map[string]sasl.Mechanism{
		"PLAIN":         plain.Auth{User: "lander", Pass: "secret"}.AsMechanism(),
		"SCRAM-SHA-256": scram.Auth{User: "lander", Pass: "secret"}.AsSha256Mechanism(),
		"SCRAM-SHA-512": scram.Auth{User: "lander", Pass: "secret"}.AsSha512Mechanism(),
	} {
		t.Run(name, func(t *testing.T) {
			brokers, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders"), kfake.EnableSASL(),
				kfake.GroupMinSessionTimeout(time.Second), kfake.Superuser(name, "lander", "secret"),
				kfake.TLS(&tls.Config{Certificates: server.TLS.Certificates}))
			require.NoError(t, err)
			t.Cleanup(brokers.Close)
			producer, err := kgo.NewClient(kgo.SeedBrokers(brokers.ListenAddrs()...), kgo.SASL(mechanism),
				kgo.DialTLSConfig(&tls.Config{RootCAs: roots}))
			require.NoError(t, err)
			t.Cleanup(producer.Close)
			ctx := within(t, 20*time.Second)
			require.NoError(t, producer.ProduceSync(ctx, &kgo.Record{Topic: "orders", Value: []byte("stored")}).FirstErr())

			in := input(t, &kafkatest.Cluster{Seeds: brokers.ListenAddrs()}, "orders", fmt.Sprintf(`
tls: {enabled: true, root_cas_file: %s}
sasl: [{mechanism: %s, username: lander, password: secret}]`, ca, name))
			got := next(ctx, t, in)
			require.Equal(t, []string{"stored"}, got.values)
			require.NoError(t, got.ack(ctx, nil))
			require.NoError(t, in.Close(ctx))
		})
	}
}
