package s3test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Faults is the list of rules by which requests go wrong. The first rule that
// matches and is not used up decides.
type Faults struct {
	mu    sync.Mutex
	rules []*Fault
}

// Rule says which requests a fault meets and what it does to them.
type Rule struct {
	// Op is the S3 operation; empty matches every one.
	Op string
	// Key is a regular expression on the key; empty matches every one.
	Key string
	// Match is a further condition, such as on a header; nil always holds.
	Match func(Request) bool
	// Skip lets that many matching requests pass first.
	Skip int
	// Times is how often the fault strikes; zero means for ever.
	Times int
	// Do is what happens.
	Do Action
}

// Exchange is one request in the hands of an [Action].
type Exchange struct {
	W http.ResponseWriter
	R *http.Request
	// Req is what the request asks for.
	Req Request
	// Next answers as if there were no fault.
	Next http.Handler
	// Done is closed when the server stops, so that nothing hangs for ever.
	Done <-chan struct{}
}

// Action handles a request instead of the server.
type Action func(x *Exchange)

// Fault is a rule in force.
type Fault struct {
	rule    Rule
	key     *regexp.Regexp
	owner   *Faults
	matched int
	hits    int
}

// Add puts a rule in force, after the ones before it. It panics when Key is not
// a regular expression, which is a mistake in the test.
func (f *Faults) Add(rule Rule) *Fault {
	fault := &Fault{rule: rule, owner: f, key: regexp.MustCompile(rule.Key)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, fault)
	return fault
}

// Deny refuses operations as a policy does, with 403 AccessDenied, once it has
// read the body: a client that is still writing may miss an earlier answer.
func (f *Faults) Deny(ops ...string) {
	for _, op := range ops {
		f.Add(Rule{Op: op, Do: FailAfterBody(http.StatusForbidden, "AccessDenied", "Access Denied")})
	}
}

// Clear ends all faults; requests already hung stay hung.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// Hits is how often the fault has struck.
func (f *Fault) Hits() int {
	f.owner.mu.Lock()
	defer f.owner.mu.Unlock()
	return f.hits
}

// Remove ends this fault alone.
func (f *Fault) Remove() {
	f.owner.mu.Lock()
	defer f.owner.mu.Unlock()
	f.owner.rules = slices.DeleteFunc(f.owner.rules, func(r *Fault) bool { return r == f })
}

func (f *Faults) pick(req Request) Action {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.rules {
		if fault.strikes(req) {
			return fault.rule.Do
		}
	}
	return nil
}

func (f *Fault) strikes(req Request) bool {
	r := f.rule
	if (r.Op != "" && r.Op != req.Op) || !f.key.MatchString(req.Key) || (r.Match != nil && !r.Match(req)) {
		return false
	}
	f.matched++
	if f.matched <= r.Skip || (r.Times > 0 && f.hits >= r.Times) {
		return false
	}
	f.hits++
	return true
}

// Fail answers with an S3 error and does not read the body.
func Fail(status int, code, message string) Action {
	return func(x *Exchange) { (&refusal{status, code, message}).write(x.W, x.R) }
}

// FailAfterBody answers with an S3 error once it has read the whole body, as
// S3 does when the trouble is behind the front door.
func FailAfterBody(status int, code, message string) Action {
	return func(x *Exchange) {
		_, _ = io.Copy(io.Discard, x.R.Body)
		(&refusal{status, code, message}).write(x.W, x.R)
	}
}

// SlowDown is S3's throttling answer. A positive retryAfter, rounded down to
// seconds, is sent as Retry-After.
func SlowDown(retryAfter time.Duration) Action {
	return func(x *Exchange) {
		if retryAfter > 0 {
			x.W.Header().Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
		}
		Fail(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")(x)
	}
}

// Redirect sends the client to another region, as S3 does with 301.
func Redirect(region string) Action {
	return func(x *Exchange) {
		x.W.Header().Set("X-Amz-Bucket-Region", region)
		Fail(http.StatusMovedPermanently, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.")(x)
	}
}

// ErrorInside answers 200 and hides the error in the body, as Complete and Copy
// do when they fail after the headers are out.
func ErrorInside(code, message string) Action {
	return func(x *Exchange) {
		x.W.Header().Set("Content-Type", "application/xml")
		x.W.WriteHeader(http.StatusOK)
		_, _ = x.W.Write((&refusal{http.StatusOK, code, message}).xml())
	}
}

// Delay waits, then answers normally.
func Delay(d time.Duration) Action {
	return func(x *Exchange) {
		select {
		case <-time.After(d):
			x.Next.ServeHTTP(x.W, x.R)
		case <-x.R.Context().Done():
		case <-x.Done:
			panic(http.ErrAbortHandler)
		}
	}
}

// Hang swallows the request and never answers: a black hole. It holds on until
// the client gives up or the server stops.
func Hang() Action {
	return func(x *Exchange) {
		// Only after the body has been read does the server notice a client
		// that goes away.
		_, _ = io.Copy(io.Discard, x.R.Body)
		wait(x)
	}
}

// HangUnread does not even read the body.
func HangUnread() Action { return wait }

func wait(x *Exchange) {
	select {
	case <-x.R.Context().Done():
	case <-x.Done:
		// Returning would answer 200.
		panic(http.ErrAbortHandler)
	}
}

// Reset cuts the connection after reading n bytes of the body.
func Reset(n int64) Action {
	return func(x *Exchange) {
		_, _ = io.CopyN(io.Discard, x.R.Body, n)
		cut(x.W)
	}
}

// LoseResponse carries the request out, then cuts the connection instead of
// answering: the client cannot know what became of it.
func LoseResponse() Action {
	return func(x *Exchange) {
		x.Next.ServeHTTP(httptest.NewRecorder(), x.R)
		cut(x.W)
	}
}

// ThenFail carries the request out, then answers with an error nevertheless.
func ThenFail(status int, code, message string) Action {
	return func(x *Exchange) {
		x.Next.ServeHTTP(httptest.NewRecorder(), x.R)
		(&refusal{status, code, message}).write(x.W, x.R)
	}
}

// cut resets the connection under a response.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: this resets the stream
	}
	if under, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = under.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // RST instead of FIN
	}
	_ = conn.Close()
}
