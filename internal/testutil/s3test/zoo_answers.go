package s3test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// answers are stores and networks that do the work and say it late, wrongly or
// not at all.
func answers() []Mode {
	const (
		blind = "without s3:GetObject nobody can tell whose the object under the taken key is"
		twice = "the object is there and cannot be recognised, so it is stored once more"
	)
	return []Mode{
		{
			Name:   "lost-answers",
			About:  "The connection breaks after the store has written, before it has said so",
			Source: "https://github.com/aws/aws-sdk-java-v2/issues/6580",
			Store:  loseFirst,
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "lost-answers-put-only",
			About:  "The same, with s3:PutObject alone",
			Source: "https://github.com/aws/aws-sdk-java-v2/issues/6580",
			Store:  both(always(denied("ListObjectsV2", "HeadObject", "GetObject")), loseFirst),
			Single: AtMost(2, blind), Multipart: AtMost(2, blind),
		},
		{
			Name:   "lost-answers-no-metadata",
			About:  "The same, behind a gateway that does not keep user metadata",
			Store:  both(always(stripMetadata), loseFirst),
			Single: AtMost(2, twice), Multipart: AtMost(2, twice),
		},
		{
			Name:    "late-answers",
			About:   "A busy store writes, and says so after request_timeout",
			Timeout: lateTimeout,
			Store:   late,
			Single:  Once(), Multipart: Once(),
		},
		{
			Name:    "late-answers-put-only",
			About:   "The same, with s3:PutObject alone",
			Timeout: lateTimeout,
			Store:   both(always(denied("ListObjectsV2", "HeadObject", "GetObject")), late),
			Single:  AtMost(3, blind), Multipart: AtMost(3, blind),
		},
		{
			Name:    "repeating-proxy",
			About:   "A proxy sends a write again when the first upstream is silent (proxy_next_upstream non_idempotent), and hands the 412 to its own first try on",
			Source:  "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream",
			Gateway: repeatFirst,
			Single:  AtMost(2, "a 412 to a first attempt looks like another writer's object"), Multipart: Once(),
		},
		{
			Name:   "complete-error-inside",
			About:  "Complete answers 200 and hides InternalError in the body, since it began to answer before it was done",
			Source: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html",
			Store:  completeFailsInside,
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "precondition-for-everything",
			About:  "A cache or gateway that misreads If-None-Match answers 412 to every conditional write",
			Store:  always(neverMatches),
			Single: Refused("", "taken", "in/f-"), Multipart: Refused("", "taken", "in/f-"),
		},
		{
			Name:     "wrong-checksum-echo",
			About:    "A store or a proxy in front of it stores other bytes than were sent: the checksum that it echoes is another one",
			Settings: "checksum: crc32c\n",
			Store:    always(echoAnotherChecksum),
			Single:   Refused("", "checksum"), Multipart: Refused("", "checksum"),
		},
	}
}

// lateTimeout is the request_timeout of a client of a late store, whose answers
// take two and a half times that.
const lateTimeout = 500 * time.Millisecond

func loseFirst(*Server) Action {
	var met firsts
	lose := LoseResponse()
	return func(x *Exchange) {
		if id := write(x.Req); id != "" && met.first(id) {
			lose(x)
			return
		}
		pass(x)
	}
}

// late keeps the news of a success back.
func late(s *Server) Action {
	return func(x *Exchange) {
		if write(x.Req) == "" {
			pass(x)
			return
		}
		rec := answer(x)
		if rec.Code == http.StatusOK {
			select {
			case <-time.After(lateTimeout * 5 / 2):
			case <-s.done:
			}
		}
		say(x.W, rec)
	}
}

func stripMetadata(x *Exchange) {
	rec := answer(x)
	if x.Req.Op == "HeadObject" {
		for name := range rec.Header() {
			if strings.HasPrefix(name, "X-Amz-Meta-") {
				rec.Header().Del(name)
			}
		}
	}
	say(x.W, rec)
}

// repeatFirst carries every write out twice and hands on the second answer.
func repeatFirst(*Server) Action {
	var met firsts
	return only(func(x *Exchange) {
		if !met.first(write(x.Req)) {
			pass(x)
			return
		}
		body, err := io.ReadAll(x.R.Body)
		if err != nil {
			cut(x.W)
			return
		}
		again := x.R.Clone(x.R.Context())
		x.R.Body, again.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
		x.Next.ServeHTTP(httptest.NewRecorder(), x.R)
		x.Next.ServeHTTP(x.W, again)
	}, "PutObject", "CompleteMultipartUpload")
}

func completeFailsInside(*Server) Action {
	var met firsts
	inside := ErrorInside("InternalError", "We encountered an internal error. Please try again.")
	return only(func(x *Exchange) {
		if met.first(x.Req.Query.Get("uploadId")) {
			inside(x)
			return
		}
		pass(x)
	}, "CompleteMultipartUpload")
}

func neverMatches(x *Exchange) {
	if x.R.Header.Get("If-None-Match") != "" {
		FailAfterBody(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")(x)
		return
	}
	pass(x)
}

func echoAnotherChecksum(x *Exchange) {
	rec := answer(x)
	if hasChecksum(x.Req) != "" && (x.Req.Op == "PutObject" || x.Req.Op == "UploadPart") && rec.Code == http.StatusOK {
		rec.Header().Set("X-Amz-Checksum-Crc32c", "AAAAAA==")
	}
	say(x.W, rec)
}
