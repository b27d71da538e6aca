package store

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const loginPage = "<!doctype html><html><body>Please log in</body></html>"

// page answers everything alike, once it has read the request.
func page(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = io.WriteString(w, body)
		}
	}
}

// behind is a store whose endpoint is a web server.
func behind(t *testing.T, handler http.Handler, edit func(*Config)) *Store {
	t.Helper()
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	cfg := Config{
		Bucket: "b", Endpoint: web.URL, ForcePathStyle: true, Region: "us-east-1",
		Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "a", SecretAccessKey: "b"},
		Encryption: encryption.Config{Mode: encryption.ModeNone}, Retry: fastRetry(),
		PartSize: minPartSize, MultipartThreshold: minPartSize,
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	s.smallerParts()
	return s
}

// operations makes one request of each kind that answers a success.
func operations(s *Store) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"a small object": func(ctx context.Context) error { _, err := put(ctx, s, "k", []byte("x")); return err },
		"an object in parts": func(ctx context.Context) error {
			_, err := put(ctx, s, "k", make([]byte, littlePart+1))
			return err
		},
		"reading":  func(ctx context.Context) error { _, err := s.Head(ctx, "k"); return err },
		"listing":  func(ctx context.Context) error { _, err := s.List(ctx, "", "", 1); return err },
		"deleting": func(ctx context.Context) error { return s.Delete(ctx, "k") },
		"aborting": func(ctx context.Context) error { return s.MayAbort(ctx, "k") },
	}
}

// A status proves nothing: any web server can send it.
func TestNothingThatOnlyAnswersWithASuccessIsS3(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		passes  string // of which nothing is expected but the status
	}{
		"a login page":                 {page(200, loginPage, "Content-Type", "text/html"), ""},
		"a login page with an ETag":    {page(200, loginPage, "ETag", `W/"33-abc"`), "reading"},
		"XHTML":                        {page(200, `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html xmlns="x">`), ""},
		"JSON":                         {page(200, `{"status":"ok"}`, "ETag", `"x"`), "reading deleting aborting"},
		"plain text":                   {page(200, "OK", "ETag", `"x"`), "reading deleting aborting"},
		"an empty answer":              {page(200, ""), "deleting aborting"},
		"204":                          {page(204, ""), "deleting aborting"},
		"202":                          {page(202, "", "ETag", `"x"`), ""},
		"201 with an ETag":             {page(201, "", "ETag", `"x"`), ""},
		"some XML":                     {page(200, `<?xml version="1.0"?><note><to>you</to></note>`), "deleting aborting"},
		"an XML result without proof":  {page(200, `<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>`), "deleting aborting"},
		"the result of another object": {page(200, `<InitiateMultipartUploadResult><Key>other</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>`), "deleting aborting"},
	} {
		t.Run(name, func(t *testing.T) {
			s := behind(t, c.handler, nil)
			for what, try := range operations(s) {
				err := try(t.Context())
				if strings.Contains(c.passes, what) {
					continue
				}
				require.Equal(t, ClassNotS3, ClassOf(err), "%s: %v", what, err)
				require.ErrorContains(t, err, "this server does not answer like S3", what)
				require.ErrorContains(t, err, s.cfg.Endpoint, what)
				require.ErrorContains(t, err, "is it a login page, a proxy, the console port?", what)
			}
			assert.Equal(t, Unknown, s.Capabilities()[List], "a page is no list")
		})
	}
}

func TestTheMessageSaysWhatBelongsThere(t *testing.T) {
	s := behind(t, page(200, loginPage, "Server", "MinIO Console"), nil)
	tries := operations(s)
	require.EqualError(t, tries["a small object"](t.Context()), "uploading s3://b/k at "+s.cfg.Endpoint+
		": not_s3: HTTP 200 (server MinIO Console): this server does not answer like S3: HTML where an ETag belongs; is it a login page, a proxy, the console port?")
	require.ErrorContains(t, tries["an object in parts"](t.Context()), "HTML where an UploadId belongs")
	require.ErrorContains(t, tries["listing"](t.Context()), "HTML where a list of objects belongs")
	s = behind(t, page(200, "<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>"), nil)
	require.ErrorContains(t, operations(s)["an object in parts"](t.Context()), "<InitiateMultipartUploadResult> where an UploadId belongs")
}

// It is not tried in a tight loop, and it may have gone through all the same.
func TestAnUnprovenSuccessLeavesADoubt(t *testing.T) {
	requests := 0
	s := behind(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		page(200, loginPage)(w, r)
	}), nil)
	_, err := put(t.Context(), s, "k", []byte("x"))
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.OutcomeUnknown)
	assert.Equal(t, 1, requests)
	assert.True(t, e.Class.DestinationLevel())
	assert.False(t, e.Class.Retryable())
	_, err = put(t.Context(), s, "k", make([]byte, littlePart+1))
	require.ErrorAs(t, err, &e)
	assert.False(t, e.OutcomeUnknown, "an upload that never began is none")
}

// A gateway that takes the ETag away hides a success: the object is recognised
// when it is put again.
func TestAnObjectBehindAGatewayThatHidesItsProof(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	strip := server.Faults.Add(s3test.Rule{Do: rewriting("ETag", "")})
	s := newStore(t, server, nil)
	_, err := put(t.Context(), s, "k", []byte("x"))
	require.Equal(t, ClassNotS3, ClassOf(err))
	r, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("x")), Identity: "chunk-1", IfNoneMatch: true, MayExist: true})
	require.NoError(t, err)
	assert.True(t, r.Recovered)
	assert.Positive(t, strip.Hits())
	assert.Len(t, server.Keys(""), 1)
}

// Nobody else gives our own metadata back.
func TestOurOwnMetadataDescribesAnObject(t *testing.T) {
	s := behind(t, page(200, "", "X-Amz-Meta-S3d-Identity", "chunk-1"), nil)
	metadata, err := s.Head(t.Context(), "k")
	require.NoError(t, err)
	assert.Equal(t, "chunk-1", metadata[IdentityKey])
}

// answering gives one operation another answer than the server's.
func answering(server *s3test.Server, op string, handler http.HandlerFunc) {
	server.Faults.Add(s3test.Rule{Op: op, Do: func(x *s3test.Exchange) { handler(x.W, x.R) }})
}

func TestEveryStepOfAnUploadInPartsIsProven(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op      string
		handler http.HandlerFunc
		unknown bool
	}{
		"a part without an ETag":           {"UploadPart", page(200, ""), false},
		"a page instead of a part":         {"UploadPart", page(200, loginPage, "ETag", `"x"`), false},
		"a page instead of the result":     {"CompleteMultipartUpload", page(200, loginPage), true},
		"nothing instead of the result":    {"CompleteMultipartUpload", page(200, ""), true},
		"white space and nothing else":     {"CompleteMultipartUpload", page(200, strings.Repeat(" \n", 5000)), true},
		"a result without an ETag":         {"CompleteMultipartUpload", page(200, "<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>"), true},
		"the result of another object":     {"CompleteMultipartUpload", page(200, `<CompleteMultipartUploadResult><Key>other</Key><ETag>"x"</ETag></CompleteMultipartUploadResult>`), true},
		"a part that was created with 201": {"UploadPart", page(201, "", "ETag", `"x"`), false},
	} {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			answering(server, c.op, c.handler)
			_, err := put(t.Context(), newStore(t, server, smallParts), "k", randomBytes(littlePart+1))
			require.Equal(t, ClassNotS3, ClassOf(err), "%v", err)
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.unknown, e.OutcomeUnknown)
			assert.Equal(t, 1, server.Count("AbortMultipartUpload"), "no parts stay")
		})
	}
}

// S3 begins to answer before it has finished, and keeps the connection alive
// with white space.
func TestACompleteThatIsKeptAlive(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	answering(server, "CompleteMultipartUpload", page(200, `<?xml version="1.0" encoding="UTF-8"?>`+strings.Repeat(" \n", 5000)+
		`<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Key>gateway%2Fa/k</Key><ETag>"whole"</ETag></CompleteMultipartUploadResult>`))
	r, err := put(t.Context(), newStore(t, server, smallParts), "a/k", randomBytes(littlePart+1))
	require.NoError(t, err)
	assert.Equal(t, `"whole"`, r.ETag)
}

func TestAnAnswerThatIsCutOffIsNoProof(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Times: 1, Do: func(x *s3test.Exchange) {
		x.Next.ServeHTTP(httptest.NewRecorder(), x.R)
		page(200, `<CompleteMultipartUploadResult><Key>k</Key><ETag>"x"`)(x.W, x.R)
	}})
	s := newStore(t, server, smallParts)
	_, err := put(t.Context(), s, "k", randomBytes(littlePart+1))
	require.NoError(t, err, "it is asked again")
	assert.Equal(t, 2, server.Count("CompleteMultipartUpload"))
}

// Errors inside a success, which S3 documents for Complete, are errors anywhere.
func TestAnErrorInsideASuccess(t *testing.T) {
	for _, op := range []string{"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"} {
		server := s3test.StartT(t, s3test.Config{})
		server.Faults.Add(s3test.Rule{Op: op, Do: func(x *s3test.Exchange) {
			x.W.Header().Set("ETag", `"x"`)
			s3test.ErrorInside("AccessDenied", "Access Denied")(x)
		}})
		size := 1
		if op != "PutObject" {
			size = littlePart + 1
		}
		_, err := put(t.Context(), newStore(t, server, smallParts), "k", make([]byte, size))
		require.Equal(t, ClassDenied, ClassOf(err), "%s: %v", op, err)
	}
}

func TestEncryptionEchoIsLearnt(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	_, err := put(t.Context(), s, "k", nil)
	require.NoError(t, err)
	assert.Equal(t, Unknown, s.Capabilities()[EncryptionEcho])
	s = newStore(t, server, func(c *Config) { c.Encryption.Mode = encryption.ModeSSES3 })
	_, err = put(t.Context(), s, "k2", nil)
	require.NoError(t, err)
	assert.Equal(t, Shown, s.Capabilities()[EncryptionEcho])
}

// An object that was found after a lost answer has not been confirmed: what the
// answer would have told is looked at now.
func TestWhatIsRecoveredIsWholeAndEncrypted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header, value string
		denied        bool
		want          string
		kept          bool
	}{
		"encrypted as asked":     {"X-Amz-Server-Side-Encryption", "AES256", false, "", true},
		"encrypted otherwise":    {"X-Amz-Server-Side-Encryption", "aws:kms", false, "asked for AES256, and the server reports aws:kms", false},
		"encrypted by nobody":    {"X-Amz-Server-Side-Encryption", "", false, "exists: PreconditionFailed", false},
		"and not to be removed":  {"X-Amz-Server-Side-Encryption", "", true, "exists: PreconditionFailed", true},
		"of another length":      {"Content-Length", "3", false, "exists: PreconditionFailed", true},
		"of nobody else's chunk": {"X-Amz-Meta-S3d-Identity", "chunk-2", false, "exists: PreconditionFailed", true},
	} {
		for op, size := range map[string]int{"PutObject": 1, "CompleteMultipartUpload": littlePart + 1} {
			t.Run(name+" "+op, func(t *testing.T) {
				server := s3test.StartT(t, s3test.Config{})
				server.Faults.Add(s3test.Rule{Op: op, Times: 1, Do: s3test.LoseResponse()})
				server.Faults.Add(s3test.Rule{Op: op, Do: s3test.FailAfterBody(412, "PreconditionFailed", "taken")})
				server.Faults.Add(s3test.Rule{Op: "HeadObject", Do: rewriting(c.header, c.value)})
				if c.denied {
					server.Faults.Deny("DeleteObject")
				}
				s := newStore(t, server, func(cfg *Config) { smallParts(cfg); cfg.Encryption.Mode = encryption.ModeSSES3 })
				r, err := put(t.Context(), s, "k", make([]byte, size))
				assert.Equal(t, c.want == "", r.Recovered)
				if c.want == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, c.want)
				}
				assert.Equal(t, c.kept, len(server.Keys("")) == 1)
			})
		}
	}
}

func TestEncryptionThatIsToleratedIsToleratedWhenRecovered(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.LoseResponse()})
	server.Faults.Add(s3test.Rule{Op: "HeadObject", Do: rewriting("X-Amz-Server-Side-Encryption", "")})
	seen := &differences{}
	s := newStore(t, server, func(c *Config) {
		c.Encryption.Mode, c.TolerateEncryption, c.Observer = encryption.ModeSSES3, true, seen
	})
	r, err := put(t.Context(), s, "k", []byte("x"))
	require.NoError(t, err)
	assert.True(t, r.Recovered)
	assert.Equal(t, int32(1), seen.n.Load())
}

// The first bytes of a large list are looked at, and the list is read whole.
func TestALongListIsReadWhole(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	for i := range 60 {
		_, err := put(t.Context(), s, fmt.Sprintf("%s%03d", hex.EncodeToString(make([]byte, 100)), i), nil)
		require.NoError(t, err)
	}
	keys, err := s.List(t.Context(), "", "", MaxListed)
	require.NoError(t, err)
	assert.Len(t, keys, 60)
}

func TestKindsOfDocuments(t *testing.T) {
	for body, want := range map[string]document{
		"": docNone, " \r\n": docNone, "\xef\xbb\xbf<html>": docHTML, "<!DOCTYPE HTML>": docHTML, "<HTML lang=en>": docHTML,
		"<!-- x --><html>": docHTML, "{}": docOther, "<": docOther, "<?xml version='1.0' encoding='latin1'?><Error/>": docXML,
		"<Error><Code>": docXML, base64.StdEncoding.EncodeToString([]byte("x")): docOther,
	} {
		kind, _ := kindOf([]byte(body), "")
		assert.Equal(t, want, kind, body)
	}
	kind, _ := kindOf([]byte("Moved"), "text/html; charset=utf-8")
	assert.Equal(t, docHTML, kind)
	kind, _ = kindOf(nil, "text/html; charset=utf-8")
	assert.Equal(t, docNone, kind, "some frameworks give every answer that type")
}
