package s3test

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync"
	"testing/iotest"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
)

// Default names of a server; see [Config].
const (
	DefaultBucket    = "landing"
	DefaultAccessKey = "AKIAS3TESTS3TESTS3TE"
	DefaultSecretKey = "s3test/secret/key/that/opens/nothing/at/all"
	// Region is what a client should sign for; any region is accepted.
	Region = "us-east-1"
)

// Config adjusts a server. The zero value is a plain-HTTP server with one
// bucket, [DefaultBucket].
type Config struct {
	// Buckets to create; empty means [DefaultBucket].
	Buckets []string
	// AccessKey and SecretKey are the first accepted key pair.
	AccessKey, SecretKey string
	// TLS serves https with a certificate of its own; see [Server.CAPEM].
	TLS bool
	// Upstream is the URL of another S3 server. Whatever no fault meets goes on
	// to it as it came, signature included, so that AccessKey, SecretKey and
	// Buckets must be what it knows. [Server.Keys] and [Server.Object] are of
	// no use then.
	Upstream string
	// Mode is the store or gateway that the server behaves like; the zero value
	// behaves like S3, as far as gofakes3 does.
	Mode Mode
}

// Server is a running S3 server. All its methods may be called at any time from
// any goroutine.
type Server struct {
	// URL is the endpoint, to be used path-style.
	URL string
	// Bucket is the first bucket.
	Bucket string
	// AccessKey and SecretKey are accepted credentials.
	AccessKey, SecretKey string
	// Faults decides which requests go wrong.
	Faults *Faults

	http     *httptest.Server
	front    http.Handler           // the mode's gateway, then what is behind it
	s3       http.Handler           // the mode's store, then gofakes3
	upstream *httputil.ReverseProxy // nil: s3 answers
	backend  *ledger
	keys     *keyring
	done     chan struct{}
	close    sync.Once

	writes     sync.Map // bucket/key -> *sync.Mutex
	mu         sync.Mutex
	requests   []Request
	counts     map[string]int
	encryption map[string]http.Header // bucket/key -> headers of the last write
}

// Start runs a server until its Close.
func Start(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	backend := &ledger{Backend: s3mem.New()}
	for _, bucket := range cfg.Buckets {
		if err := backend.CreateBucket(context.Background(), bucket); err != nil {
			return nil, fmt.Errorf("creating bucket %s: %w", bucket, err)
		}
	}
	s := &Server{
		Bucket: cfg.Buckets[0], AccessKey: cfg.AccessKey, SecretKey: cfg.SecretKey,
		Faults:  &Faults{},
		backend: backend,
		keys:    newKeyring(cfg.AccessKey, cfg.SecretKey),
		done:    make(chan struct{}),
		counts:  map[string]int{}, encryption: map[string]http.Header{},
	}
	s.s3 = cfg.Mode.Store.wrap(s, s.oneByOne(gofakes3.New(backend).Server()))
	s.front = cfg.Mode.Gateway.wrap(s, http.HandlerFunc(s.serve))
	if cfg.Upstream != "" {
		var err error
		if s.upstream, err = forward(cfg.Upstream); err != nil {
			return nil, err
		}
	}
	s.http = httptest.NewUnstartedServer(s)
	// Broken connections are the purpose here, not news.
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	if cfg.TLS {
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	s.URL = s.http.URL
	return s, nil
}

func (c Config) withDefaults() Config {
	if len(c.Buckets) == 0 {
		c.Buckets = []string{DefaultBucket}
	}
	if c.AccessKey == "" {
		c.AccessKey, c.SecretKey = DefaultAccessKey, DefaultSecretKey
	}
	return c
}

// TB is what [StartT] needs of a *testing.T.
type TB interface {
	Helper()
	Cleanup(fn func())
	Fatalf(format string, args ...any)
}

// StartT runs a server for the length of a test.
func StartT(tb TB, cfg Config) *Server {
	tb.Helper()
	s, err := Start(cfg)
	if err != nil {
		tb.Fatalf("starting the S3 test server: %v", err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Close releases hung requests and stops the server. It may be called twice.
func (s *Server) Close() {
	s.close.Do(func() {
		close(s.done)
		s.http.CloseClientConnections()
		s.http.Close()
		if s.upstream != nil {
			s.upstream.Transport.(*http.Transport).CloseIdleConnections()
		}
	})
}

// CAPEM is the certificate to trust, for a server with TLS.
func (s *Server) CAPEM() []byte {
	cert := s.http.Certificate()
	if cert == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// Client is an HTTP client that trusts the server's certificate.
func (s *Server) Client() *http.Client { return s.http.Client() }

// ServeHTTP implements [http.Handler]: faults first, then the gateway of the
// mode, then the real thing.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := parse(r)
	s.record(req)
	// The next handler reads the body, and so do faults that have no next one:
	// whatever is left is drained by net/http.
	if fault := s.Faults.pick(req); fault != nil {
		fault(&Exchange{W: w, R: r, Req: req, Next: s.front, Done: s.done})
		return
	}
	s.front.ServeHTTP(w, r)
}

// serve checks what gofakes3 does not, then lets the store answer.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if s.upstream != nil {
		s.upstream.ServeHTTP(w, r)
		return
	}
	if refusal := s.keys.check(r); refusal != nil {
		refusal.write(w, r)
		return
	}
	r = verifyPayload(r)
	s.encrypt(w, r, parse(r))
	s.s3.ServeHTTP(w, r)
}

// oneByOne serialises the writes of one key: gofakes3 compares and stores in
// two steps, between which another writer can come; S3 does not. A body that never
// ends keeps nobody else from writing, so that it is read before.
func (s *Server) oneByOne(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if req := parse(r); req.Op == "PutObject" || req.Op == "CompleteMultipartUpload" {
			r.Body = readAhead(r.Body)
			lock := s.writeLock(req)
			lock.Lock()
			defer lock.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// readAhead returns a body that has been read, with the error that was at its end.
func readAhead(body io.ReadCloser) io.ReadCloser {
	content, err := io.ReadAll(body)
	if err == nil {
		err = io.EOF
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(content), iotest.ErrReader(err)), body}
}

// writeLock is what writes of one key wait for.
func (s *Server) writeLock(req Request) *sync.Mutex {
	lock, _ := s.writes.LoadOrStore(req.Bucket+"/"+req.Key, &sync.Mutex{})
	return lock.(*sync.Mutex)
}

// encrypt notes the encryption that a write asks for and echoes it, then takes
// the KMS headers away, since gofakes3 answers them with 501. To HEAD it tells
// what was noted.
func (s *Server) encrypt(w http.ResponseWriter, r *http.Request, req Request) {
	if req.Op == "HeadObject" {
		s.mu.Lock()
		defer s.mu.Unlock()
		maps.Copy(w.Header(), s.encryption[req.Bucket+"/"+req.Key])
		return
	}
	if req.Op != "PutObject" && req.Op != "CreateMultipartUpload" {
		return
	}
	noted := http.Header{}
	for name, values := range r.Header {
		if isEncryption(name) {
			noted[name] = values
			w.Header()[name] = values
			r.Header.Del(name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.encryption[req.Bucket+"/"+req.Key] = noted
}

// Object is a stored object as the backend holds it.
type Object struct {
	Key  string
	Body []byte
	// Metadata holds the user metadata (without the x-amz-meta- prefix, lower
	// case) and the other stored headers (lower case).
	Metadata, Headers map[string]string
	// Encryption holds the x-amz-server-side-encryption* headers of the write.
	Encryption http.Header
}

// Keys lists the keys of the first bucket that start with prefix, in order.
func (s *Server) Keys(prefix string) []string {
	list, err := s.backend.ListBucket(context.Background(), s.Bucket, &gofakes3.Prefix{HasPrefix: prefix != "", Prefix: prefix}, gofakes3.ListBucketPage{})
	if err != nil {
		return nil
	}
	keys := make([]string, 0, len(list.Contents))
	for _, c := range list.Contents {
		keys = append(keys, c.Key)
	}
	return keys
}

// Object reads one object of the first bucket past all faults and permissions.
func (s *Server) Object(key string) (Object, bool) {
	stored, err := s.backend.GetObject(context.Background(), s.Bucket, key, nil)
	if err != nil {
		return Object{}, false
	}
	defer func() { _ = stored.Contents.Close() }()
	body, err := io.ReadAll(stored.Contents)
	if err != nil {
		return Object{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := Object{Key: key, Body: body, Encryption: s.encryption[s.Bucket+"/"+key]}
	o.Metadata, o.Headers = splitMetadata(stored.Metadata)
	return o, true
}

// Objects reads every object under prefix.
func (s *Server) Objects(prefix string) []Object {
	var all []Object
	for _, key := range s.Keys(prefix) {
		if o, ok := s.Object(key); ok {
			all = append(all, o)
		}
	}
	return all
}
