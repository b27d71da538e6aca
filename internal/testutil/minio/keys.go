//go:build integration

package minio

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// DefaultKey is the key of a [KeyService] that the server uses when it is asked
// for no particular one.
const DefaultKey = "default-key"

// KeyService keeps encryption keys outside of the server, as a KMS does, and
// speaks the protocol of MinIO's own key service, KES: it hands out data keys
// that are encrypted with a named key, and decrypts them again. A named key can
// be disabled, and the whole service can be silenced, while the server runs. It
// accepts no client but those with its API key.
type KeyService struct {
	http           *httptest.Server
	caFile, apiKey string

	mu       sync.Mutex
	keys     map[string]cipher.AEAD
	disabled map[string]bool
	down     bool
	used     map[string]int
}

// StartKeyService runs a key service with [DefaultKey] and the named keys for
// the length of the test.
func StartKeyService(tb testing.TB, names ...string) *KeyService {
	tb.Helper()
	k := &KeyService{keys: map[string]cipher.AEAD{}, disabled: map[string]bool{}, used: map[string]int{}}
	for _, name := range append(names, DefaultKey) {
		k.keys[name] = newKey(tb)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatalf("making an API key: %v", err)
	}
	// https://github.com/minio/kms-go: a type, here 0, and the seed.
	k.apiKey = "kes:v1:" + base64.StdEncoding.EncodeToString(append([]byte{0}, private.Seed()...))
	k.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, ok := r.TLS.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
		if !ok || !peer.Equal(public) {
			refuse(w, http.StatusForbidden, "not authorized: insufficient permissions")
			return
		}
		k.serve(w, r)
	}))
	k.http.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	k.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	k.http.StartTLS()
	tb.Cleanup(func() {
		k.http.CloseClientConnections()
		k.http.Close()
	})
	k.caFile = filepath.Join(tb.TempDir(), "ca.pem")
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.http.Certificate().Raw})
	if err := os.WriteFile(k.caFile, ca, 0o600); err != nil {
		tb.Fatalf("writing the certificate: %v", err)
	}
	return k
}

func (k *KeyService) environment() []string {
	return []string{
		"MINIO_KMS_KES_ENDPOINT=" + k.http.URL, "MINIO_KMS_KES_API_KEY=" + k.apiKey,
		"MINIO_KMS_KES_CAPATH=" + k.caFile, "MINIO_KMS_KES_KEY_NAME=" + DefaultKey,
	}
}

// Disable makes a key refuse to be used until it is enabled again.
func (k *KeyService) Disable(name string) { k.set(func() { k.disabled[name] = true }) }

// Enable ends what [KeyService.Disable] began.
func (k *KeyService) Enable(name string) { k.set(func() { delete(k.disabled, name) }) }

// Remove deletes a key for good.
func (k *KeyService) Remove(name string) { k.set(func() { delete(k.keys, name) }) }

// Silence makes the service break every request, or ends that.
func (k *KeyService) Silence(down bool) { k.set(func() { k.down = down }) }

// Used is how many data keys were made with a key.
func (k *KeyService) Used(name string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.used[name]
}

func (k *KeyService) set(change func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change()
}

func newKey(tb testing.TB) cipher.AEAD {
	tb.Helper()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	block, err := aes.NewCipher(secret)
	if err != nil {
		tb.Fatalf("making a key: %v", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		tb.Fatalf("making a key: %v", err)
	}
	return aead
}

// question is what all requests about a key may hold.
type question struct {
	Context    []byte `json:"context"`
	Ciphertext []byte `json:"ciphertext"`
	Plaintext  []byte `json:"plaintext"`
}

// serve answers the part of KES that MinIO uses:
// https://github.com/minio/kms-go/blob/main/kes/client.go
func (k *KeyService) serve(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down {
		panic(http.ErrAbortHandler) // cuts the connection
	}
	operation, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/key/"), "/")
	key, known := k.keys[name]
	switch {
	case !strings.HasPrefix(r.URL.Path, "/v1/key/"):
		answer(w, map[string]string{"version": "test"})
		return
	case operation == "create" && known:
		refuse(w, http.StatusBadRequest, "key already exists")
		return
	case !known:
		refuse(w, http.StatusNotFound, "key does not exist")
		return
	case k.disabled[name]:
		refuse(w, http.StatusForbidden, "not authorized: insufficient permissions")
		return
	}
	if operation == "generate" {
		k.used[name]++
	}
	use(w, r, operation, key)
}

// use carries out an operation with a key.
func use(w http.ResponseWriter, r *http.Request, operation string, key cipher.AEAD) {
	var q question
	if body, err := io.ReadAll(r.Body); err == nil && len(body) > 0 {
		if json.Unmarshal(body, &q) != nil {
			refuse(w, http.StatusBadRequest, "invalid request")
			return
		}
	}
	switch operation {
	case "generate":
		secret := make([]byte, 32)
		_, _ = rand.Read(secret)
		answer(w, map[string][]byte{"plaintext": secret, "ciphertext": seal(key, secret, q.Context)})
	case "encrypt":
		answer(w, map[string][]byte{"ciphertext": seal(key, q.Plaintext, q.Context)})
	case "decrypt":
		n := key.NonceSize()
		if len(q.Ciphertext) < n {
			refuse(w, http.StatusBadRequest, "decryption failed: ciphertext is not authentic")
			return
		}
		plain, err := key.Open(nil, q.Ciphertext[:n], q.Ciphertext[n:], q.Context)
		if err != nil {
			refuse(w, http.StatusBadRequest, "decryption failed: ciphertext is not authentic")
			return
		}
		answer(w, map[string][]byte{"plaintext": plain})
	default: // create, describe
		answer(w, struct{}{})
	}
}

func seal(key cipher.AEAD, plain, context []byte) []byte {
	nonce := make([]byte, key.NonceSize())
	_, _ = rand.Read(nonce)
	return key.Seal(nonce, nonce, plain, context)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
}
