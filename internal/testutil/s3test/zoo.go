package s3test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// Mode is how one store behaves, or the gateway in front of one, and what a
// writer has to make of it.
type Mode struct {
	// Name is short and lower case: the store, or what it does.
	Name string
	// About says in a sentence who behaves so, and how.
	About string
	// Source is where that can be read; empty where the standard says it, or
	// where it follows from what servers and networks do.
	Source string
	// Gateway handles requests before their signature is looked at.
	Gateway Layer
	// Store handles requests that are signed and whole.
	Store Layer
	// Settings are those that a user of this store has to make, as lines of
	// the output's YAML.
	Settings string
	// Timeout is the request_timeout to use; zero means the default.
	Timeout time.Duration
	// Large: only objects of more than 2 MiB meet the behaviour.
	Large bool
	// Single and Multipart are what has to become of objects that are put in
	// one request, and in parts.
	Single, Multipart Verdict
}

// Verdict is what has to become of records: stored, or nothing acknowledged and
// a message that helps. The zero value is of no use; see [Once].
type Verdict struct {
	// Copies is in how many objects an acknowledged record may be; zero means
	// that nothing may be acknowledged.
	Copies int
	// Why says why more than one copy cannot be avoided.
	Why string
	// Class is the error class, and Words are what the message has to say: the
	// cause and the remedy.
	Class string
	Words []string
	// Never are words that would send the reader astray.
	Never []string
}

// Once says that every record is in exactly one object.
func Once() Verdict { return Verdict{Copies: 1} }

// AtMost says that every record is in one to n objects, for a reason.
func AtMost(n int, why string) Verdict { return Verdict{Copies: n, Why: why} }

// Refused says that nothing is acknowledged, and the message has the class and the words.
func Refused(class string, words ...string) Verdict {
	return Verdict{Class: class, Words: words}
}

// Astray adds words that the message must not have.
func (v Verdict) Astray(words ...string) Verdict {
	v.Never = append(slices.Clone(v.Never), words...)
	return v
}

// Zoo lists every mode.
func Zoo() []Mode {
	return slices.Concat(stores(), rights(), listings(), answers(), impostors(), gateways())
}

// ModeNamed finds a mode. It panics when there is none, which is a mistake in
// the test.
func ModeNamed(name string) Mode {
	for _, m := range Zoo() {
		if m.Name == name {
			return m
		}
	}
	panic("the zoo has no " + name)
}

// Layer makes the action of one server on every request; the action may keep
// state. It passes on what it does not care about.
type Layer func(s *Server) Action

// wrap puts a layer in front of next; nil is none.
func (l Layer) wrap(s *Server, next http.Handler) http.Handler {
	if l == nil {
		return next
	}
	action := l(s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action(&Exchange{W: w, R: r, Req: parse(r), Next: next, Done: s.done})
	})
}

// always makes a layer of an action without state.
func always(a Action) Layer { return func(*Server) Action { return a } }

// only restricts an action to some operations.
func only(a Action, ops ...string) Action {
	return func(x *Exchange) {
		if slices.Contains(ops, x.Req.Op) {
			a(x)
			return
		}
		pass(x)
	}
}

// both puts one layer in front of another.
func both(first, second Layer) Layer {
	return func(s *Server) Action {
		a, b := first(s), second(s)
		return func(x *Exchange) {
			next := *x
			x.Next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner := next
				inner.W, inner.R = w, r
				b(&inner)
			})
			a(x)
		}
	}
}

// pass answers as if there were no layer.
func pass(x *Exchange) { x.Next.ServeHTTP(x.W, x.R) }

// answer carries the request out and returns what would have been said.
func answer(x *Exchange) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	for name, values := range x.W.Header() {
		rec.Header()[name] = values
		x.W.Header().Del(name)
	}
	x.Next.ServeHTTP(rec, x.R)
	return rec
}

// say sends a recorded answer.
func say(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// firsts tells whether something is met for the first time.
type firsts struct{ seen sync.Map }

func (f *firsts) first(what string) bool {
	_, before := f.seen.LoadOrStore(what, true)
	return !before
}

// write names what a request makes visible, for counting its repetitions: the
// identity that the object carries, or its upload; empty for everything else.
// The probe's object, which is empty, has no name either.
func write(r Request) string {
	switch {
	case r.Op == "PutObject" && r.ContentLength > 0 && r.Header.Get(identity) != "":
		return r.Header.Get(identity)
	case r.Op == "CompleteMultipartUpload":
		return r.Query.Get("uploadId")
	}
	return ""
}

// identity is the header by which a writer recognises its own objects.
const identity = "X-Amz-Meta-S3d-Identity"
