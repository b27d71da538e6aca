package s3test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxRecorded bounds the memory that a long demo spends on [Server.Requests].
const maxRecorded = 10_000

// Request is what the server noted about one request, before any fault.
type Request struct {
	// Op is S3's name of the operation: PutObject, UploadPart, ...
	Op string
	// Bucket and Key are taken from the path; a listing's Key is its prefix.
	Bucket, Key string
	Method      string
	Query       url.Values
	Header      http.Header
	// ContentLength is the announced length of the body.
	ContentLength int64
	At            time.Time
}

// parse names the operation of a path-style request.
func parse(r *http.Request) Request {
	path := strings.TrimPrefix(r.URL.Path, "/")
	bucket, key, _ := strings.Cut(path, "/")
	q := r.URL.Query()
	req := Request{
		Bucket: bucket, Key: key, Method: r.Method, Query: q, Header: r.Header.Clone(),
		ContentLength: r.ContentLength, At: time.Now(),
	}
	req.Op = operation(r.Method, key, q)
	if strings.HasPrefix(req.Op, "List") {
		req.Key = q.Get("prefix")
	}
	return req
}

func operation(method, key string, q url.Values) string {
	switch {
	case key == "" && method == http.MethodGet && q.Has("uploads"):
		return "ListMultipartUploads"
	case key == "" && method == http.MethodGet && q.Has("location"):
		return "GetBucketLocation"
	case key == "" && method == http.MethodGet:
		return "ListObjectsV2"
	case key == "" && method == http.MethodHead:
		return "HeadBucket"
	case key == "":
		return "Bucket" + method
	case method == http.MethodPut && q.Has("partNumber"):
		return "UploadPart"
	case method == http.MethodPut:
		return "PutObject"
	case method == http.MethodPost && q.Has("uploads"):
		return "CreateMultipartUpload"
	case method == http.MethodPost && q.Has("uploadId"):
		return "CompleteMultipartUpload"
	case method == http.MethodDelete && q.Has("uploadId"):
		return "AbortMultipartUpload"
	case method == http.MethodDelete:
		return "DeleteObject"
	case method == http.MethodHead:
		return "HeadObject"
	case method == http.MethodGet && q.Has("uploadId"):
		return "ListParts"
	case method == http.MethodGet:
		return "GetObject"
	}
	return method
}

func (s *Server) record(req Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[req.Op]++
	s.requests = append(s.requests, req)
	if len(s.requests) > maxRecorded {
		s.requests = slices.Clone(s.requests[maxRecorded/2:])
	}
}

// Count is how many requests of an operation arrived, failed ones included.
func (s *Server) Count(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[op]
}

// Requests returns the recorded requests of an operation (empty: all), oldest
// first. Only the last few thousand are kept.
func (s *Server) Requests(op string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Request
	for _, r := range s.requests {
		if op == "" || r.Op == op {
			found = append(found, r)
		}
	}
	return found
}

func isEncryption(header string) bool {
	return strings.HasPrefix(strings.ToLower(header), "x-amz-server-side-encryption")
}

func splitMetadata(stored map[string]string) (user, headers map[string]string) {
	user, headers = map[string]string{}, map[string]string{}
	for name, value := range stored {
		name = strings.ToLower(name)
		if short, ok := strings.CutPrefix(name, "x-amz-meta-"); ok {
			user[short] = value
		} else {
			headers[name] = value
		}
	}
	return user, headers
}
