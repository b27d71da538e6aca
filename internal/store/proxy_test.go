package store

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// proxied goes to https://s3.test through a proxy.
func proxied(t *testing.T, proxy string) *Store {
	t.Helper()
	to, err := url.Parse(proxy)
	require.NoError(t, err)
	return behind(t, http.NotFoundHandler(), func(c *Config) {
		c.Endpoint = "https://s3.test"
		c.HTTP.Client = awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.Proxy = http.ProxyURL(to) })
		c.Retry.MaxRetries = 1
	})
}

func TestAProxyThatDoesNotConnect(t *testing.T) {
	for status, c := range map[int]struct {
		class  Class
		advice string
	}{
		407: {ClassNotS3, "put user and password into HTTPS_PROXY"},
		403: {ClassNotS3, "allow this address there, or name the store in NO_PROXY"},
		499: {ClassNotS3, "allow this address there, or name the store in NO_PROXY"},
		500: {ClassNetwork, "the proxy does not reach the store"},
		503: {ClassNetwork, "the proxy does not reach the store"},
	} {
		proxy := httptest.NewServer(page(status, "<html>", "Via", "1.1 squid"))
		defer proxy.Close()
		address := strings.Replace(proxy.URL, "http://", "http://user:hidden@", 1)
		_, err := put(t.Context(), proxied(t, address), "k", []byte("x"))
		requireGateway(t, err, c.class, c.advice)
		require.ErrorContains(t, err, "the proxy "+proxy.Listener.Addr().String()+" does not connect to s3.test:443")
		require.ErrorContains(t, err, "via 1.1 squid")
		require.NotContains(t, err.Error(), "hidden")
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.False(t, e.OutcomeUnknown, "nothing was sent")
	}
}

func TestAProxyThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = put(t.Context(), proxied(t, "http://"+l.Addr().String()), "k", []byte("x"))
	requireGateway(t, err, ClassNetwork, "check endpoint, proxy and firewall")
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.False(t, e.OutcomeUnknown)
	silent := &net.OpError{Op: "proxyconnect", Net: "tcp", Err: &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}}
	assert.False(t, classify(t.Context(), silent).sent, "nor was anything by a proxy that is silent")
}

// The credentials of roles are asked for through the same proxy.
func TestAProxyThatDoesNotConnectToSTS(t *testing.T) {
	asked := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		page(407, "")(w, r)
	}))
	defer proxy.Close()
	s := proxied(t, proxy.URL)
	cfg := s.cfg
	cfg.PartSize, cfg.MultipartThreshold = 0, 0
	cfg.Auth.Mode, cfg.Auth.RoleARN = "assume_role", "arn:aws:iam::111122223333:role/writer"
	s, err := New(t.Context(), cfg)
	require.NoError(t, err)
	defer s.Close()
	_, err = put(t.Context(), s, "k", []byte("x"))
	requireGateway(t, err, ClassNotS3, "put user and password into HTTPS_PROXY")
	require.ErrorContains(t, err, "getting credentials")
	assert.Equal(t, 1, asked, "the answer will be the same")
}

// TestWhereARedirectLeads: only one to the same host, from http to https, is a
// matter of the endpoint's first letters.
func TestWhereARedirectLeads(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"http://host/b/k", "https://host/b/k", "it wants https"},
		{"http://host:9000/b/k", "https://host/", "it wants https"},
		{"https://host/b/k", "https://host/login", "it redirects to https://host, which is not followed"},
		{"http://host/b/k", "http://host/login", "it redirects to http://host, which"},
		{"http://host/b/k", "https://other/b/k", "it redirects to https://other, which"},
		{"http://host/b/k", "/login?token=secret", "it redirects to http://host, which"},
		{"http://host/b/k", "", "it redirects to nowhere"},
		{"http://host/b/k", "http://[", "it redirects to nowhere"},
	} {
		from, err := url.Parse(c.from)
		require.NoError(t, err)
		got := redirected(from, c.to)
		assert.True(t, strings.HasPrefix(got, c.want), "%+v: %s", c, got)
		assert.NotContains(t, got, "secret")
	}
}
