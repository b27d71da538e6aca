package httpinput

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// uploads are the requests whose bodies are being read. A stop ends them: the pipeline
// takes no more records, so that whoever waits for the rest of a body waits in vain. It
// is safe for concurrent use.
type uploads struct {
	mu  sync.Mutex
	all map[*upload]struct{}
}

type upload struct {
	w   http.ResponseWriter
	cut bool // by a stop
}

// begin notes a request. It must be ended before its handler returns.
func (u *uploads) begin(w http.ResponseWriter) *upload {
	one := &upload{w: w}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all == nil {
		u.all = map[*upload]struct{}{}
	}
	u.all[one] = struct{}{}
	return one
}

// end reports whether a stop has cut the request off.
func (u *uploads) end(one *upload) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.all, one)
	return one.cut
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// cut ends the reading of all bodies, which fails at once.
func (u *uploads) cut() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for one := range u.all {
		one.cut = true
		_ = http.NewResponseController(one.w).SetReadDeadline(longAgo)
	}
}

// take reads a request, unless a stop cuts it off before it is complete.
func (in *Input) take(w http.ResponseWriter, r *http.Request) (p *post, cut bool, err error) {
	one := in.uploads.begin(w)
	if in.paused.Load() { // since the handler has looked, and before the request was noted
		in.uploads.end(one)
		return nil, true, nil
	}
	p, err = in.post(r)
	if cut = in.uploads.end(one); cut && err == nil {
		in.limits.free(p.bytes)
	}
	return p, cut, err
}

// turnAway answers a request of which nothing more is read. The connection is closed in
// the direction of the client first, and half a second later in the other one: whoever
// still sends would otherwise be sent a reset, by which the answer can be lost. The server
// does so behind a body that is too large, and in no other case that can be asked for.
func turnAway(w http.ResponseWriter) answer {
	_ = http.NewResponseController(w).SetReadDeadline(longAgo)
	_, _ = http.MaxBytesReader(w, io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
	return stopping
}
