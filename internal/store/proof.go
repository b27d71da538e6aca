package store

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Tap is shown every answer of S3 before it is judged, for facts that no method
// of [Store] returns: the clock of the server, the encryption that it reports.
// It must not touch the body, and is called from the goroutine of the request.
type Tap func(*http.Response)

// proof judges every answer before the SDK reads it. It is the only place where
// a success is believed: a status alone proves nothing, since any web server
// can send it. What answers without speaking S3 becomes a [*foreign].
type proof struct {
	next s3.HTTPClient
	tap  Tap // may be nil
	// learned takes note of what answers repeat.
	learned *learned
	// noExpect: a gateway has refused "Expect: 100-continue".
	noExpect atomic.Bool
	// echoed are the operations whose answers have repeated a checksum.
	echoed [3]atomic.Bool
}

// Do implements the HTTP client of the SDK.
func (p *proof) Do(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	if x == nil || opensSession(r) {
		return p.next.Do(r) //nolint:wrapcheck // a transparent client
	}
	x.asked(r)
	if p.noExpect.Load() {
		r.Header.Del("Expect")
	}
	resp, err := p.next.Do(r)
	if err != nil {
		return resp, err //nolint:wrapcheck // a transparent client
	}
	if p.tap != nil {
		p.tap(resp)
	}
	a, err := readAnswer(x.op, resp)
	if err == nil {
		err = p.judge(r, x.key, a)
	}
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	x.fromS3 = a.fromS3()
	if a.success() && a.root == rootError {
		// S3 reports what fails after the headers are out inside a success. The
		// SDK knows that of every operation only since service/s3 v1.113.2, and
		// programs that import the plugin may have an older one.
		resp.StatusCode = http.StatusInternalServerError
	}
	return resp, nil
}

// opensSession recognises the CreateSession that the SDK sends of its own accord
// before the first request to a directory bucket. Its answer proves nothing
// about an object, and the SDK refuses one without credentials.
func opensSession(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Query().Has("session")
}

func (a answer) success() bool { return a.status >= 200 && a.status < 300 }

// judge returns nil for an answer of S3, whatever it says.
func (p *proof) judge(r *http.Request, key string, a answer) error {
	switch {
	case !a.success():
		return refusal(r, a)
	case a.root == rootError:
		return nil // an error of S3's, which Do makes one by its status
	}
	if missing := a.missing(r.Header.Get("Range") != ""); missing != "" {
		return unproven(a, missing)
	}
	if !a.echoes(key) {
		return unproven(a, "the result of another object")
	}
	if a.header.Get("X-Amz-Server-Side-Encryption") != "" {
		p.learned.learn(EncryptionEcho, Shown)
	}
	return p.checksum(r, a)
}

// missing says what a success lacks that S3 sends; empty when it is proven. Only who
// asked for a part is served with one.
func (a answer) missing(part bool) string {
	switch {
	case a.doc == docHTML:
		return "HTML where " + a.belongs() + " belongs"
	case a.op == OpDeleteObject || a.op == OpAbortMultipartUpload:
		if a.status == http.StatusOK || a.status == http.StatusNoContent {
			return ""
		}
	case a.status != http.StatusOK && (a.status != http.StatusPartialContent || !part):
	case a.op == OpHeadObject:
		if a.describesObject() {
			return ""
		}
		return "nothing that describes an object"
	case a.op == OpCreateMultipartUpload || a.op == OpCompleteMultipartUpload || a.op == OpListObjects:
		if a.proves() {
			return ""
		}
		return a.got() + " where " + a.belongs() + " belongs"
	case a.doc == docOther && a.op != OpGetObject:
		return a.got() + " where " + a.belongs() + " belongs"
	case a.header.Get("Etag") == "":
		return "no ETag"
	default:
		return ""
	}
	return fmt.Sprintf("HTTP %d where a success of S3 belongs", a.status)
}

// proves reports whether a document is what S3 proves a success with. Its name
// differs from store to store, what it holds does not.
func (a answer) proves() bool {
	switch a.op {
	case OpCreateMultipartUpload:
		return a.result.UploadID != ""
	case OpCompleteMultipartUpload:
		return a.result.ETag != ""
	default:
		return strings.HasPrefix(a.root, "ListBucket")
	}
}

// belongs names what S3 proves a success with.
func (a answer) belongs() string {
	switch a.op {
	case OpCreateMultipartUpload:
		return "an UploadId"
	case OpCompleteMultipartUpload:
		return "the result of CompleteMultipartUpload"
	case OpListObjects:
		return "a list of objects"
	case OpDeleteObject, OpAbortMultipartUpload:
		return "nothing"
	case OpPutObject, OpUploadPart, OpHeadObject, OpGetObject:
	}
	return "an ETag"
}

func (a answer) got() string {
	switch {
	case a.doc == docNone:
		return "nothing"
	case a.doc != docXML:
		return "something that is not XML"
	}
	return "<" + printable(a.root) + ">"
}

// describesObject reports whether the headers are those of an object. Our own
// metadata is proof enough where a gateway takes the ETag away.
func (a answer) describesObject() bool {
	return a.header.Get("Etag") != "" || a.header.Get("X-Amz-Request-Id") != "" || a.header.Get("X-Amz-Meta-"+IdentityKey) != ""
}

// echoes reports whether a result that names a key names ours. Gateways may put
// a prefix before it, and some stores answer it encoded. The bucket is not
// compared: access points and gateways have other names for it.
func (a answer) echoes(key string) bool {
	given := a.result.Key
	plain, err := url.PathUnescape(given)
	return given == "" || strings.HasSuffix("/"+given, "/"+key) || err == nil && strings.HasSuffix("/"+plain, "/"+key)
}

// checksums are the headers that carry one, with how a result of Complete names
// it.
var checksums = map[string]func(result) string{
	"X-Amz-Checksum-Crc32c":    func(r result) string { return r.ChecksumCRC32C },
	"X-Amz-Checksum-Crc64nvme": func(r result) string { return r.ChecksumCRC64NVME },
	"X-Amz-Checksum-Sha256":    nil, // that of a multipart object is none of its bytes
}

// checksum compares the checksum that the answer repeats with the one that was
// sent. Once a store has repeated it, for that kind of request, it has to.
func (p *proof) checksum(r *http.Request, a answer) error {
	seen := p.repeats(a.op)
	if seen == nil {
		return nil
	}
	for header, inResult := range checksums {
		sent := r.Header.Get(header)
		if sent == "" {
			continue
		}
		got := a.header.Get(header)
		if got == "" && inResult != nil {
			got = inResult(a.result)
		}
		switch {
		case strings.Contains(got, "-"): // a checksum of checksums
		case got == sent:
			seen.Store(true)
			p.learned.learn(ChecksumEcho, Shown)
		case got != "":
			return &damaged{sent: sent, got: got}
		case seen.Load():
			return unproven(a, "no checksum where earlier answers have confirmed it")
		}
	}
	return nil
}

// repeats remembers whether the answers to an operation repeat checksums; nil
// when it carries none.
func (p *proof) repeats(op Op) *atomic.Bool {
	switch op {
	case OpPutObject:
		return &p.echoed[0]
	case OpUploadPart:
		return &p.echoed[1]
	case OpCompleteMultipartUpload:
		return &p.echoed[2]
	case OpCreateMultipartUpload, OpAbortMultipartUpload, OpDeleteObject, OpHeadObject, OpListObjects, OpGetObject:
	}
	return nil
}

// damaged: the store says that it has stored other bytes than were sent.
type damaged struct{ sent, got string }

func (d *damaged) Error() string {
	return fmt.Sprintf("the store confirms the checksum %s, and %s was sent", printable(d.got), d.sent)
}
