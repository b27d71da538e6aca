package ststest

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Limits of AWS, which the server applies.
const (
	minDuration     = 15 * time.Minute
	chainedDuration = time.Hour
	defaultMax      = time.Hour
	maxSkew         = 15 * time.Minute
)

// Keys is the S3 server that is to accept the sessions. s3test.Server is one.
type Keys interface {
	// AddKey accepts a key pair; with a token, requests must carry it.
	AddKey(id, secret, token string)
	// ExpireKey makes a key pair answer ExpiredToken from now on.
	ExpireKey(id string)
}

// Config adjusts a server. The zero value works.
type Config struct {
	// Keys learns about the sessions; nil means nobody does.
	Keys Keys
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Lifetime replaces the length of every session, without the limits of
	// AWS, for tests in real time. Zero grants what is asked for.
	Lifetime time.Duration
}

// Server is a running STS. All its methods may be called at any time from any
// goroutine. It is an [http.Handler] as well, for clients inside a synctest
// bubble, where there is no network.
type Server struct {
	// URL is the endpoint; empty when the server was made by [New].
	URL string

	cfg  Config
	http *httptest.Server

	mu         sync.Mutex
	principals map[string]*principal // by access key id
	roles      map[string]role       // by ARN
	identities map[string]string     // web identity token -> role ARN
	faults     []*fault
	counts     map[string]int
	calls      []Call
}

// principal is the holder of a key pair.
type principal struct {
	account, arn, userID string
	secret, token        string
	role                 string    // the role's ARN, for a session
	expires              time.Time // zero for a user
	expired              bool      // S3 has been told
	AccessKeyID          string
}

// role is a role as IAM holds it.
type role struct {
	trust policy
	max   time.Duration
}

// User is a user with a key pair that never ends.
type User struct {
	// AccessKeyID and SecretAccessKey are the key pair.
	AccessKeyID, SecretAccessKey string
	// ARN names the user.
	ARN string
}

// Call is one verified request.
type Call struct {
	// Action is AssumeRole, GetCallerIdentity or AssumeRoleWithWebIdentity.
	Action string
	// Caller is the ARN of who asked.
	Caller string
	// RoleARN, SessionName and ExternalID are what was asked for.
	RoleARN, SessionName, ExternalID string
	// Duration is the length of the session that was asked for; 0 for none.
	Duration time.Duration
	// Tags are the session tags.
	Tags map[string]string
	// Region is the one that the request was signed for, Path that of the
	// endpoint that was asked.
	Region, Path string
}

// New makes a server that is reachable through ServeHTTP only.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Server{
		cfg: cfg, principals: map[string]*principal{}, roles: map[string]role{},
		identities: map[string]string{}, counts: map[string]int{},
	}
}

// Start runs a server on a loopback port until its Close.
func Start(cfg Config) *Server {
	s := New(cfg)
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// TB is what [StartT] needs of a *testing.T.
type TB interface {
	Helper()
	Cleanup(fn func())
}

// StartT runs a server for the length of a test.
func StartT(tb TB, cfg Config) *Server {
	tb.Helper()
	s := Start(cfg)
	tb.Cleanup(s.Close)
	return s
}

// Close stops the server. It may be called twice.
func (s *Server) Close() {
	if s.http != nil {
		s.http.CloseClientConnections()
		s.http.Close()
	}
}

// AddUser makes a user with a key pair. The S3 server accepts it too.
func (s *Server) AddUser(account, name string) User {
	u := User{
		AccessKeyID: "AKIA" + text(16), SecretAccessKey: text(40),
		ARN: fmt.Sprintf("arn:aws:iam::%s:user/%s", account, name),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(&principal{AccessKeyID: u.AccessKeyID, account: account, arn: u.ARN, userID: "AIDA" + text(16), secret: u.SecretAccessKey})
	return u
}

// RemoveKey makes a key pair unknown to STS, as when a user deletes it.
func (s *Server) RemoveKey(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.principals, id)
}

// AddRole makes a role with a trust policy in the JSON of IAM. max bounds its
// sessions; zero means one hour, as in IAM. The policies that the role grants
// are the S3 server's business.
func (s *Server) AddRole(arn, trust string, maxDuration time.Duration) error {
	parsed, err := parsePolicy(trust)
	if err != nil {
		return fmt.Errorf("reading the trust policy of %s: %w", arn, err)
	}
	if maxDuration == 0 {
		maxDuration = defaultMax
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[arn] = role{trust: parsed, max: maxDuration}
	return nil
}

// AddWebIdentity makes AssumeRoleWithWebIdentity accept a token for a role.
func (s *Server) AddWebIdentity(token, roleARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identities[token] = roleARN
}

// RemoveWebIdentity makes a token invalid.
func (s *Server) RemoveWebIdentity(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.identities, token)
}

// add registers a principal with the S3 server. The caller holds the lock.
func (s *Server) add(p *principal) {
	s.principals[p.AccessKeyID] = p
	if s.cfg.Keys != nil {
		s.cfg.Keys.AddKey(p.AccessKeyID, p.secret, p.token)
	}
}

// Sweep tells the S3 server about the sessions that have ended by now, and
// returns how many of them there were. Call it before each request to S3, for
// example from the Match of a fault rule that never matches.
func (s *Server) Sweep() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, now := 0, s.cfg.Now()
	for _, p := range s.principals {
		if p.ended(now) && !p.expired {
			p.expired = true
			n++
			if s.cfg.Keys != nil {
				s.cfg.Keys.ExpireKey(p.AccessKeyID)
			}
		}
	}
	return n
}

func (p *principal) ended(now time.Time) bool { return !p.expires.IsZero() && !now.Before(p.expires) }

// Age makes every session older by d, as if that time had passed for STS and
// S3, but not for the client.
func (s *Server) Age(d time.Duration) {
	s.mu.Lock()
	for _, p := range s.principals {
		if !p.expires.IsZero() {
			p.expires = p.expires.Add(-d)
		}
	}
	s.mu.Unlock()
	s.Sweep()
}

// Count is how many requests of an action arrived, failed ones included.
func (s *Server) Count(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[action]
}

// Calls returns the requests whose signature was right, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// fault makes requests fail.
type fault struct {
	action string
	left   int // negative means for ever
	do     func(w http.ResponseWriter, r *http.Request)
}

// Fail makes the next n requests of an action (empty: any; n < 0: all) answer
// with an error.
func (s *Server) Fail(action string, n, status int, code, message string) {
	s.inject(action, n, func(w http.ResponseWriter, _ *http.Request) {
		(&refusal{status, code, message}).write(w)
	})
}

// Throttle makes the next n requests answer as a busy STS does.
func (s *Server) Throttle(n int) {
	s.Fail("", n, http.StatusBadRequest, "Throttling", "Rate exceeded")
}

// Hang makes the next n requests of an action wait until the client gives up.
func (s *Server) Hang(action string, n int) {
	s.inject(action, n, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

func (s *Server) inject(action string, n int, do func(http.ResponseWriter, *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{action, n, do})
}

// Clear ends all faults.
func (s *Server) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) pick(action string) func(http.ResponseWriter, *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[action]++
	for _, f := range s.faults {
		if f.left != 0 && (f.action == "" || f.action == action) {
			f.left--
			return f.do
		}
	}
	return nil
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.cfg.Now().UTC().Format(http.TimeFormat))
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	form, err := parseForm(string(body))
	if err != nil {
		(&refusal{http.StatusBadRequest, "MalformedQueryString", "The query string is malformed."}).write(w)
		return
	}
	action := form.Get("Action")
	if do := s.pick(action); do != nil {
		do(w, r)
		return
	}
	s.answer(w, r, body, form)
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// text returns n random characters that are safe everywhere.
func text(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails
	var b strings.Builder
	for _, c := range raw {
		b.WriteByte(alphabet[int(c)%len(alphabet)])
	}
	return b.String()
}
