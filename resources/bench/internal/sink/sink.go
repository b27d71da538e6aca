// Package sink is an S3 server that keeps nothing: it reads what is uploaded,
// counts it, and remembers the keys with what was said of their objects, so that
// conditional writes behave and who asks for an object hears of it. It exists to
// cost as little as possible beside the process that is measured.
package sink

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Counts is what arrived since the last reset.
type Counts struct {
	Requests, Objects, Conflicts int64
	// Bytes are those of the objects, as stored.
	Bytes, Largest int64
	// Rows are counted when objects are inspected.
	Rows int64
	// Faults lists what was wrong with objects that were inspected.
	Faults []string `json:",omitempty"`
	// ServerCPU is the user and system time of the process that has the sink.
	ServerCPU time.Duration
}

// Paths of the control requests.
const (
	PathCounts = "/-/counts"
	PathReset  = "/-/reset" // with ?inspect=1, objects are read and rows counted; with ?keep=1 they are kept
	// PathDelays answers with the Delays of the rows of the objects that were kept.
	PathDelays = "/-/delays"
)

// encryption is the header by which S3 is asked to encrypt, and says that it
// does.
const encryption = "X-Amz-Server-Side-Encryption"

// Sink is the server. It is an http.Handler.
type Sink struct {
	mu      sync.Mutex
	counts  Counts
	inspect bool
	keep    bool
	kept    []kept
	objects map[string]object // by path
	uploads map[string]*upload
	serial  int
	before  time.Duration // CPU of the process at the last reset
}

// upload is a multipart upload under way.
type upload struct {
	size  int64
	parts map[string][]byte // kept for inspection only
	meta  http.Header
}

// object is what is known of an object that was stored.
type object struct {
	size, rows int64 // rows are 0 where objects are not inspected
	meta       http.Header
}

// etag is that of every object: their content is not kept.
const etag = `"d41d8cd98f00b204e9800998ecf8427e"`

// New returns an empty sink.
func New() *Sink {
	s := &Sink{}
	s.reset(false, false)
	return s
}

func (s *Sink) reset(inspect, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts, s.inspect, s.keep, s.kept, s.before = Counts{}, inspect, keep, nil, cpuTime()
	s.objects, s.uploads = map[string]object{}, map[string]*upload{}
}

// ServeHTTP implements http.Handler.
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if asked := r.Header.Get(encryption); asked != "" {
		w.Header().Set(encryption, asked) // as a store reports it that obeys
	}
	switch r.URL.Path {
	case PathReset:
		s.reset(r.URL.Query().Has("inspect"), r.URL.Query().Has("keep"))
		return
	case PathDelays:
		s.delays(w)
		return
	case PathCounts:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.counts.ServerCPU = cpuTime() - s.before
		_ = json.NewEncoder(w).Encode(s.counts)
		return
	}
	s.mu.Lock()
	s.counts.Requests++
	s.mu.Unlock()
	switch r.Method {
	case http.MethodPut:
		s.put(w, r)
	case http.MethodPost:
		s.post(w, r)
	case http.MethodGet:
		fmt.Fprint(w, `<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>`)
	case http.MethodHead:
		s.head(w, r)
	case http.MethodDelete:
		s.remove(r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	}
}

// head tells of an object.
func (s *Sink) head(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	o, stored := s.objects[r.URL.Path]
	s.mu.Unlock()
	if !stored {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	maps.Copy(w.Header(), o.meta)
	w.Header().Set("Content-Length", strconv.FormatInt(o.size, 10))
	w.Header().Set("ETag", etag)
}

// remove removes an object.
func (s *Sink) remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, stored := s.objects[path]
	if !stored {
		return
	}
	delete(s.objects, path)
	s.counts.Objects--
	s.counts.Bytes -= o.size
	s.counts.Rows -= o.rows
}

// metadata are the headers of a request that are kept with an object.
func metadata(h http.Header) http.Header {
	meta := http.Header{}
	for name, values := range h {
		if name == encryption || strings.HasPrefix(name, "X-Amz-Meta-") {
			meta[name] = values
		}
	}
	return meta
}

// cpuTime is the user and system time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// put takes an object or a part of one.
func (s *Sink) put(w http.ResponseWriter, r *http.Request) {
	size, content, err := s.read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("ETag", etag)
	if id := r.URL.Query().Get("uploadId"); id != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		if u := s.uploads[id]; u != nil {
			u.size += size
			u.parts[r.URL.Query().Get("partNumber")] = content
		}
		return
	}
	s.store(w, r, object{size: size, meta: metadata(r.Header)}, content)
}

// post begins or completes a multipart upload.
func (s *Sink) post(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/xml")
	if r.URL.Query().Has("uploads") {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.serial++
		id := strconv.Itoa(s.serial)
		s.uploads[id] = &upload{parts: map[string][]byte{}, meta: metadata(r.Header)}
		fmt.Fprintf(w, `<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, id)
		return
	}
	s.mu.Lock()
	id := r.URL.Query().Get("uploadId")
	u := s.uploads[id]
	delete(s.uploads, id)
	s.mu.Unlock()
	if u == nil {
		http.Error(w, `<Error><Code>NoSuchUpload</Code></Error>`, http.StatusNotFound)
		return
	}
	var content []byte
	for n := range len(u.parts) {
		content = append(content, u.parts[strconv.Itoa(n+1)]...)
	}
	s.store(w, r, object{size: u.size, meta: u.meta}, content)
	fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"d41d8cd98f00b204e9800998ecf8427e-1"</ETag></CompleteMultipartUploadResult>`)
}

// store notes an object, unless its key is taken and must not be.
func (s *Sink) store(w http.ResponseWriter, r *http.Request, o object, content []byte) {
	at := time.Now()
	s.mu.Lock()
	keep := s.keep
	s.mu.Unlock()
	var fault error
	if content != nil && !keep {
		o.rows, fault = countRows(r.URL.Path, content)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.objects[r.URL.Path]; taken && r.Header.Get("If-None-Match") == "*" {
		s.counts.Conflicts++
		w.WriteHeader(http.StatusPreconditionFailed)
		fmt.Fprint(w, `<Error><Code>PreconditionFailed</Code></Error>`)
		return
	} else if taken {
		s.counts.Faults = append(s.counts.Faults, "overwritten: "+r.URL.Path)
	}
	s.objects[r.URL.Path] = o
	if keep {
		s.kept = append(s.kept, kept{key: r.URL.Path, content: content, at: at})
	}
	s.counts.Objects++
	s.counts.Bytes += o.size
	s.counts.Largest = max(s.counts.Largest, o.size)
	s.counts.Rows += o.rows
	if fault != nil {
		s.counts.Faults = append(s.counts.Faults, fault.Error())
	}
}

var buffers = sync.Pool{New: func() any {
	b := make([]byte, 256<<10)
	return &b
}}

// read consumes a body. Its content is returned only when it is to be
// inspected.
func (s *Sink) read(r *http.Request) (size int64, content []byte, err error) {
	chunked := strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-")
	s.mu.Lock()
	inspect := s.inspect || s.keep
	s.mu.Unlock()
	if inspect {
		if content, err = io.ReadAll(r.Body); err == nil && chunked {
			content, err = unchunk(content)
		}
		if content == nil {
			content = []byte{}
		}
		return int64(len(content)), content, err
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	size, err = io.CopyBuffer(onlyWriter{}, r.Body, *buf)
	if decoded := r.Header.Get("X-Amz-Decoded-Content-Length"); chunked && decoded != "" {
		size, _ = strconv.ParseInt(decoded, 10, 64)
	}
	return size, nil, err
}

// onlyWriter discards, and is no io.ReaderFrom, whose buffers are small.
type onlyWriter struct{}

func (onlyWriter) Write(p []byte) (int, error) { return len(p), nil }
