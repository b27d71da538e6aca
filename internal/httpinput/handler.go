package httpinput

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/scanner"
)

// answer is what a client is told. Of one that is not 200, text says why.
type answer struct {
	status int
	text   string
	after  time.Duration // when to try again, where that is of use
}

var stored = answer{status: http.StatusOK}

// again is when to try again where nobody knows better.
const again = time.Second

var (
	tooMuch  = answer{http.StatusServiceUnavailable, "too much waits to be stored: nothing of this request is, send it again later", again}
	stopping = answer{http.StatusServiceUnavailable, "the process stops: nothing of this request is stored, send it again", again}
	untaken  = answer{http.StatusServiceUnavailable, "the pipeline takes no more records: nothing of this request is stored, send it again later", again}
	unknown  = answer{status: http.StatusGatewayTimeout, text: "the records are not stored yet, and may be later"}
	left     = answer{http.StatusServiceUnavailable, "the connection was closed before the records were taken: nothing of this request is stored, send it again", again}
	// unsettled is of records that were taken when the input is closed.
	unsettled = answer{status: http.StatusGatewayTimeout, text: "the process stops before it is known whether the records are stored"}
	failed    = answer{status: http.StatusBadGateway, text: "not all of the records are stored: the log of the process says why"}
)

// ServeHTTP implements http.Handler.
func (in *Input) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := in.handle(w, r)
	in.metrics.answered(a.status)
	if a.status != http.StatusOK {
		in.drain(w, r)
	}
	if in.paused.Load() {
		w.Header().Set("Connection", "close")
	}
	if a.status == http.StatusOK {
		return
	}
	switch a.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusUnauthorized:
		w.Header()["Www-Authenticate"] = in.conf.challenges()
	}
	if a.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((a.after+time.Second-1)/time.Second)))
	}
	http.Error(w, a.text, a.status)
}

// handle takes a request, and returns when its fate is known.
func (in *Input) handle(w http.ResponseWriter, r *http.Request) answer {
	switch {
	case !in.conf.takes(r.URL.Path):
		return answer{status: http.StatusNotFound, text: "there is nothing at this path"}
	case r.Method != http.MethodPost:
		return answer{status: http.StatusMethodNotAllowed, text: "send records with POST"}
	case !in.conf.allows(r):
		return answer{status: http.StatusUnauthorized, text: "send the name and password, or the token, of this input"}
	case in.paused.Load():
		return turnAway(w)
	}
	if a, ok := in.limited(r.Context()); ok {
		return a
	}
	if !in.limits.enter() {
		return tooMuch
	}
	defer in.limits.leave()
	p, cut, err := in.take(w, r)
	switch {
	case cut:
		return turnAway(w)
	case err != nil:
		return in.refused(err)
	case len(p.batch) == 0:
		in.limits.free(p.bytes)
		return stored
	}
	// The context of r ends with the connection from here on, not with read_timeout.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return in.wait(r.Context(), p)
}

// limited asks the rate limit whether this request is one too many.
func (in *Input) limited(ctx context.Context) (answer, bool) {
	if in.conf.rateLimit == "" {
		return answer{}, false
	}
	var after time.Duration
	var err error
	if missing := in.res.AccessRateLimit(ctx, in.conf.rateLimit, func(l service.RateLimit) { after, err = l.Access(ctx) }); missing != nil {
		err = missing
	}
	switch {
	case err != nil:
		in.log.Warnf("Refusing a request, because its rate limit %s does not answer: %v", in.conf.rateLimit, err)
		return tooMuch, true
	case after > 0:
		return answer{http.StatusTooManyRequests, "there are too many requests: send it again later", after}, true
	}
	return answer{}, false
}

// refused answers a request whose body cannot be taken.
func (in *Input) refused(err error) answer {
	var encoding *unknownEncoding
	switch {
	case errors.Is(err, errNoRoom):
		return tooMuch
	case errors.Is(err, errInterrupted):
		return answer{http.StatusRequestTimeout, "the request has not come completely: nothing of it is stored, send it again", again}
	case errors.Is(err, errTooMany):
		return answer{status: http.StatusRequestEntityTooLarge, text: "the body has more records than there is memory for: send fewer records in a request"}
	case errors.Is(err, errTooLarge):
		return answer{status: http.StatusRequestEntityTooLarge, text: fmt.Sprintf("the body is larger than %d bytes: send fewer records in a request", in.conf.body)}
	case errors.As(err, &encoding):
		return answer{status: http.StatusUnsupportedMediaType, text: err.Error()}
	}
	return answer{status: http.StatusBadRequest, text: err.Error() + ": nothing of this request is stored"}
}

// ids number the requests of all inputs of the process.
var ids atomic.Int64

// post reads a request and cuts it into records.
func (in *Input) post(r *http.Request) (*post, error) {
	b := &intake{limits: &in.limits, most: in.conf.body}
	body, err := b.body(r)
	if err != nil {
		b.cancel()
		return nil, err
	}
	p := &post{id: ids.Add(1), fate: make(chan error, 1)}
	first := in.conf.message(r, p.id)
	var full error
	err = cut(in.conf.formatOf(r, body), body, func(record []byte) {
		if full == nil {
			full = b.record()
		}
		if full != nil {
			return
		}
		m := first
		if len(record) < len(body) {
			m = first.Copy() // which shares the metadata
		}
		m.SetBytes(record)
		p.batch = append(p.batch, m)
	})
	if err := errors.Join(err, full); err != nil {
		b.cancel()
		return nil, err
	}
	p.bytes = b.reserved
	return p, nil
}

// cut hands over the records of a body.
func cut(format string, body []byte, record func([]byte)) error {
	if format != formatSingle {
		return scanner.Cut(format, body, record) //nolint:wrapcheck // says where
	}
	if len(body) > 0 {
		record(body)
	}
	return nil
}

// wait queues a post and returns when its fate is known. ctx ends with the connection of
// the client.
func (in *Input) wait(ctx context.Context, p *post) answer {
	timer := time.NewTimer(in.conf.timeout)
	defer timer.Stop()
	select {
	case in.queue <- p:
	case <-timer.C: // it is full of posts that have left
		return in.give(p, untaken, unknown)
	case <-in.closing:
		return in.give(p, stopping, unsettled)
	case <-ctx.Done():
		return in.give(p, left, unknown)
	}
	if in.paused.Load() && p.leave() {
		in.limits.free(p.bytes)
		return stopping
	}
	gone := ctx.Done()
	for {
		select {
		case err := <-p.fate:
			return fateOf(err)
		case <-timer.C:
			return in.give(p, untaken, unknown)
		case <-in.closing:
			return in.give(p, stopping, unsettled)
		case <-gone:
			if p.leave() {
				in.limits.free(p.bytes)
				return left
			}
			gone = nil // its records may be stored: its answer is counted
		}
	}
}

// give answers a post that waits no longer: it was taken, or not.
func (in *Input) give(p *post, not, yes answer) answer {
	if p.leave() {
		in.limits.free(p.bytes)
		return not
	}
	select {
	case err := <-p.fate:
		return fateOf(err)
	default:
		return yes
	}
}

func fateOf(err error) answer {
	if err == nil {
		return stored
	}
	if errors.Is(err, errStopping) {
		return stopping
	}
	if f, ok := err.(*inflight.Failure); ok && f.Refused { //nolint:errorlint // one that is wrapped is not of this request
		return answer{status: http.StatusUnprocessableEntity, text: err.Error() + ": other records of this request may be stored"}
	}
	return failed
}

// takes reports whether the path takes records.
func (c *config) takes(path string) bool {
	return path == c.path || c.below && strings.HasPrefix(path, c.path)
}

// allows reports whether a client has sent what it must.
func (c *config) allows(r *http.Request) bool {
	if c.basic == nil && c.bearer == nil {
		return true
	}
	if c.basic != nil {
		user, password, _ := r.BasicAuth()
		if same(user, c.basic[0])&same(password, c.basic[1]) == 1 {
			return true
		}
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return ok && strings.EqualFold(scheme, "Bearer") && c.bearer != nil && same(token, c.bearer[0]) == 1
}

// same compares in a time that tells nothing of the secret.
func same(text string, secret [sha256.Size]byte) int {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], secret[:])
}

// challenges say what a client has to send, each of them one way.
func (c *config) challenges() (all []string) {
	if c.basic != nil {
		all = append(all, `Basic realm="s3_destination_http"`)
	}
	if c.bearer != nil {
		all = append(all, "Bearer")
	}
	return all
}

// ofLines are the content types of records on lines.
var ofLines = []string{"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines"}

// formatOf is how the records of a body are told apart.
func (c *config) formatOf(r *http.Request, body []byte) string {
	if c.format != formatAuto {
		return c.format
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	kind = strings.TrimSpace(kind)
	for _, lines := range ofLines {
		if strings.EqualFold(kind, lines) {
			return formatLines
		}
	}
	for _, c := range bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) {
		switch c {
		case ' ', '\n', '\r', '\t':
			continue
		case '[':
			return formatArray
		}
		break
	}
	return formatJSON
}

// message makes one of the request, without a record.
func (c *config) message(r *http.Request, id int64) *service.Message {
	m := service.NewMessage(nil)
	if c.query != nil {
		values := r.URL.Query()
		for _, name := range c.query {
			if values.Has(name) {
				m.MetaSetMut(name, values.Get(name))
			}
		}
	}
	for _, h := range c.headers {
		if values := r.Header[h.canonical]; len(values) > 0 {
			m.MetaSetMut(h.name, values[0])
		}
	}
	m.MetaSetMut("http_server_request_path", r.URL.Path)
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		m.MetaSetMut("http_server_remote_ip", host)
	}
	m.MetaSetMut("http_server_user_agent", r.UserAgent())
	m.MetaSetMut(inflight.MetaRequest, id)
	return m
}
