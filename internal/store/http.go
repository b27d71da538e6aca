package store

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// maxIdlePerHost keeps the connections of a busy output open between objects;
// the SDK's 10 would make the rest shake hands again each time.
const maxIdlePerHost = 128

// client builds the HTTP client to load the AWS configuration with. It must be
// the SDK's buildable one, because AWS_CA_BUNDLE in the environment makes the
// SDK refuse any other.
func (h HTTPConfig) client() (aws.HTTPClient, error) {
	if h.Client != nil {
		return h.Client, nil
	}
	pool, err := h.roots()
	if err != nil {
		return nil, err
	}
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns = 0
		t.MaxIdleConnsPerHost = maxIdlePerHost
		if pool != nil {
			t.TLSClientConfig.RootCAs = pool
		}
		t.TLSClientConfig.InsecureSkipVerify = h.SkipVerify
	}), nil
}

// freeze turns the buildable client, to which the environment has been applied
// by now, into a plain one. The plain one lets us close idle connections, and
// it has no read timeout of its own: the SDK's would count the time in which
// we are the ones who talk, and the silence of an attempt is watched by us.
// Redirects are not followed, since a signature is only good for one host.
func freeze(c aws.HTTPClient) (client aws.HTTPClient, closeIdle func()) {
	if b, ok := c.(*awshttp.BuildableClient); ok {
		transport := b.GetTransport()
		transport.OnProxyConnectResponse = refusedConnect
		return &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}, transport.CloseIdleConnections
	}
	if closer, ok := c.(interface{ CloseIdleConnections() }); ok {
		return c, closer.CloseIdleConnections
	}
	return c, func() {}
}

func (h HTTPConfig) roots() (*x509.CertPool, error) {
	if h.CAFile == "" {
		return nil, nil //nolint:nilnil // nil means the system's pool
	}
	pem, err := os.ReadFile(h.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading the CA file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the CA file: %s holds no certificate", h.CAFile)
	}
	return pool, nil
}
