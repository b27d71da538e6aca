package s3test

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/rclone/gofakes3/signature"
)

// keyring holds the accepted key pairs. It does the work of gofakes3's own
// authentication, which knows no session tokens.
type keyring struct {
	mu   sync.RWMutex
	keys map[string]accessKey
}

type accessKey struct {
	secret, token string
	expired       bool
}

func newKeyring(id, secret string) *keyring {
	return &keyring{keys: map[string]accessKey{id: {secret: secret}}}
}

// AddKey accepts another key pair. With a token, requests must carry it.
func (s *Server) AddKey(id, secret, token string) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	s.keys.keys[id] = accessKey{secret: secret, token: token}
}

// ExpireKey makes a key pair answer ExpiredToken from now on.
func (s *Server) ExpireKey(id string) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	k := s.keys.keys[id]
	k.expired = true
	s.keys.keys[id] = k
}

// RemoveKey makes a key pair unknown.
func (s *Server) RemoveKey(id string) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	delete(s.keys.keys, id)
}

// check returns nil when the request is signed by an accepted key.
func (k *keyring) check(r *http.Request) *refusal {
	var used accessKey
	result := signature.V4SignVerifyWithLookup(r, func(id string) (string, bool) {
		k.mu.RLock()
		defer k.mu.RUnlock()
		var ok bool
		used, ok = k.keys[id]
		return used.secret, ok
	})
	if result != signature.ErrNone {
		e := signature.GetAPIError(result)
		return &refusal{e.HTTPStatusCode, e.Code, e.Description}
	}
	token := r.Header.Get("X-Amz-Security-Token")
	switch {
	case used.expired:
		return &refusal{http.StatusBadRequest, "ExpiredToken", "The provided token has expired."}
	case subtle.ConstantTimeCompare([]byte(token), []byte(used.token)) == 0:
		return &refusal{http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid."}
	}
	return nil
}

// refusal is an S3 error answer.
type refusal struct {
	status        int
	code, message string
}

func (f *refusal) write(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("X-Amz-Request-Id", "S3TEST")
	if r.Method == http.MethodHead || f.status == http.StatusNotModified {
		w.WriteHeader(f.status)
		return
	}
	w.WriteHeader(f.status)
	_, _ = w.Write(f.xml())
}

func (f *refusal) xml() []byte {
	body, err := xml.Marshal(struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string   `xml:"Code"`
		Message   string   `xml:"Message"`
		RequestID string   `xml:"RequestId"`
	}{Code: f.code, Message: f.message, RequestID: "S3TEST"})
	if err != nil {
		return fmt.Appendf(nil, "<Error><Code>%s</Code></Error>", f.code)
	}
	return append([]byte(xml.Header), body...)
}

// errPayload makes the backend give up on a body that is not what was signed.
var errPayload = errors.New("the payload does not match the signed x-amz-content-sha256")

// verifyPayload makes the body fail at its end unless it has the signed hash,
// which S3 checks and gofakes3 does not.
func verifyPayload(r *http.Request) *http.Request {
	want := r.Header.Get("X-Amz-Content-Sha256")
	if len(want) != sha256.Size*2 || r.Body == nil || r.ContentLength <= 0 {
		return r // UNSIGNED-PAYLOAD, STREAMING-... or nothing to hash
	}
	r.Body = &hashedBody{ReadCloser: r.Body, hash: sha256.New(), want: strings.ToLower(want), left: r.ContentLength}
	return r
}

type hashedBody struct {
	io.ReadCloser

	hash hash.Hash
	want string
	left int64
}

func (b *hashedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.hash.Write(p[:n])
	b.left -= int64(n)
	if b.left == 0 && n > 0 && hex.EncodeToString(b.hash.Sum(nil)) != b.want {
		return 0, errPayload
	}
	return n, err //nolint:wrapcheck // a transparent reader
}
