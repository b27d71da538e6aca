package httpinput

import (
	"errors"
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

// mostLeft is how much is read of a refused request, in bytes, so that its connection
// can be used again. The server of Go has the same limit.
const mostLeft = 256 << 10

// drain reads what is left of a refused request, unless that is much. The server would
// do so when the answer is written, and hold up a stop until all has come. A stop ends
// this.
func (in *Input) drain(w http.ResponseWriter, r *http.Request) {
	if r.Body == http.NoBody || r.ProtoMajor > 1 { // HTTP/2 waits for no rest
		return
	}
	if r.ContentLength > mostLeft || r.Header.Get("Expect") != "" { // to read would ask for the body
		hangUp(w)
		return
	}
	one := in.uploads.begin(w)
	var err error
	if !in.paused.Load() {
		_, err = io.CopyN(io.Discard, r.Body, mostLeft+1)
	}
	in.uploads.end(one)
	if !errors.Is(err, io.EOF) { // more may come
		hangUp(w)
	}
}

// turnAway answers a request of which nothing more is read.
func turnAway(w http.ResponseWriter) answer {
	hangUp(w)
	return stopping
}

// hangUp has nothing more read of a request. The connection is closed in the direction
// of the client first, and half a second later in the other one: whoever still sends
// would otherwise be sent a reset, by which the answer can be lost. The server does so
// behind a body that is too large, and in no other case that can be asked for.
func hangUp(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(longAgo)
	_, _ = http.MaxBytesReader(w, io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
}
