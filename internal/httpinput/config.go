package httpinput

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/scanner"
	"github.com/s3-destination/s3-destination/internal/settings"
)

// Values of format. Those of the scanner are the same.
const (
	formatAuto   = "auto"
	formatLines  = scanner.Lines
	formatJSON   = scanner.JSON
	formatArray  = scanner.Array
	formatSingle = "single"
)

// mostBody is the largest max_body_bytes, mostRequests the largest max_requests.
const mostBody, mostRequests = 1 << 30, 1_000_000

// config is a validated configuration of the input.
type config struct {
	address, path string
	below         bool // paths below it are taken, too
	format        string
	timeout, read time.Duration
	query         []string
	headers       []header
	rateLimit     string
	basic, bearer [][sha256.Size]byte // of the header Authorization, none for everybody
	tls           *tls.Config         // nil for HTTP
	body          int64
	requests      int64
	buffered      int64 // zero: what the outputs may hold
}

// header is one that becomes metadata.
type header struct{ name, canonical string }

// parse reads and validates a configuration. The error names every mistake.
func parse(conf *service.ParsedConfig) (*config, error) {
	r := settings.Of(conf)
	c := &config{
		address: r.Text(fieldAddress), path: r.Text(fieldPath), format: r.Text(fieldFormat),
		timeout: r.Duration(fieldTimeout), read: r.Duration(fieldRead),
		query: r.List(fieldMetaQuery), rateLimit: r.Text(fieldRateLimit),
		requests: int64(r.Int(fieldRequests)), body: size(r, fieldBody), buffered: size(r, fieldBuffered),
	}
	for _, name := range r.List(fieldMetaHead) {
		c.headers = append(c.headers, header{name, http.CanonicalHeaderKey(name)})
	}
	c.validate(r)
	c.authenticate(conf, r)
	c.secure(r)
	return c, r.Err()
}

func (c *config) validate(r *settings.Fields) {
	if _, _, err := net.SplitHostPort(c.address); err != nil {
		r.Fail(fmt.Errorf("%s: %q is no host and port: write one such as 0.0.0.0:4196", fieldAddress, c.address))
	}
	if !strings.HasPrefix(c.path, "/") {
		r.Fail(fmt.Errorf("%s: %q does not begin with a slash: write /%s", fieldPath, c.path, c.path))
	}
	c.below = strings.HasSuffix(c.path, "/")
	if c.body == 0 || c.body > mostBody {
		r.Fail(fmt.Errorf("%s: write a size up to 1GiB", fieldBody))
	}
	if c.buffered > 0 && c.body > c.buffered {
		r.Fail(fmt.Errorf("%s: it is larger than %s, so that the largest body waits until no other does: write at most %d bytes", fieldBody, fieldBuffered, c.buffered))
	}
	if c.requests < 1 || c.requests > mostRequests {
		r.Fail(fmt.Errorf("%s: %d is no number of requests: write one from 1 to %d", fieldRequests, c.requests, mostRequests))
	}
	for name, d := range map[string]time.Duration{fieldTimeout: c.timeout, fieldRead: c.read} {
		if d <= 0 {
			r.Fail(fmt.Errorf("%s: %s is too short: write a duration such as 30s", name, d))
		}
	}
}

// authenticate reads what clients must send.
func (c *config) authenticate(conf *service.ParsedConfig, r *settings.Fields) {
	user, password, token := secret(conf, r, fieldUser), secret(conf, r, fieldPassword), secret(conf, r, fieldToken)
	if (user == "") != (password == "") {
		r.Fail(fmt.Errorf("%s: it needs both %s and %s, or neither", fieldAuth, fieldUser, fieldPassword))
	}
	if user != "" {
		c.basic = append(c.basic, sha256.Sum256([]byte(user)), sha256.Sum256([]byte(password)))
	}
	if token != "" {
		c.bearer = append(c.bearer, sha256.Sum256([]byte(token)))
	}
}

// open reports whether everybody who reaches the address may send records, from other
// machines, too.
func (c *config) open() bool {
	if c.basic != nil || c.bearer != nil || c.tls != nil && c.tls.ClientCAs != nil {
		return false
	}
	host, _, err := net.SplitHostPort(c.address)
	ip := net.ParseIP(host)
	return err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// secure reads certificates.
func (c *config) secure(r *settings.Fields) {
	cert, key, roots := r.Text(fieldTLS, fieldCert), r.Text(fieldTLS, fieldKey), r.Text(fieldTLS, fieldClientCA)
	if (cert == "") != (key == "") || cert == "" && roots != "" {
		r.Fail(fmt.Errorf("%s: it needs both %s and %s, or none of its settings", fieldTLS, fieldCert, fieldKey))
		return
	}
	if cert == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		r.Fail(fmt.Errorf("%s: reading the certificate %s and its key %s: %w", fieldTLS, cert, key, err))
		return
	}
	c.tls = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if roots == "" {
		return
	}
	text, err := os.ReadFile(roots) //nolint:gosec // the configuration names it
	if err != nil {
		r.Fail(fmt.Errorf("%s.%s: reading the roots of clients: %w", fieldTLS, fieldClientCA, err))
		return
	}
	c.tls.ClientAuth, c.tls.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	if !c.tls.ClientCAs.AppendCertsFromPEM(text) {
		r.Fail(fmt.Errorf("%s.%s: %s has no certificate: write a file in PEM", fieldTLS, fieldClientCA, roots))
	}
}

// secret is a setting of auth. One that is written and empty, as a variable that is not
// set, would let everybody in.
func secret(conf *service.ParsedConfig, r *settings.Fields, name string) string {
	if !conf.Contains(fieldAuth, name) {
		return ""
	}
	s := r.Text(fieldAuth, name)
	if s == "" {
		r.Fail(fmt.Errorf("%s.%s: it is empty: write a value, or leave it out so that no client has to send one", fieldAuth, name))
	}
	return s
}

// size reads bytes such as 16MiB; zero for auto.
func size(r *settings.Fields, name string) int64 {
	text := r.Text(name)
	if name == fieldBuffered && text == formatAuto {
		return 0
	}
	n, ok := settings.Bytes(text)
	if !ok {
		r.Fail(fmt.Errorf("%s: %q is no size: write one such as 64MiB", name, text))
		return 1
	}
	return n
}
