package store

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3-destination/s3-destination/internal/store/auth"
)

// retryKind says what the retry loop does with a failed attempt.
type retryKind int

const (
	retryNever   retryKind = iota
	retryBackoff           // wait, then again, as often as the budget allows
	retryOnce              // again, one single time
	retryRefresh           // drop the credentials, then again at once, one single time
	retryPlain             // again at once without "Expect"
)

// verdict is what one failed attempt means.
type verdict struct {
	class  Class
	retry  retryKind
	after  time.Duration // the least wait that the server asked for
	sent   bool          // the request may have taken effect
	proof  bool          // the store itself says that the condition did not hold
	code   string
	status int
	// address of the server that was asked; empty when nothing was sent.
	address string
	region  string // the bucket's own region, when the answer names it
	reason  string
	advice  string
	is      error
}

// classify is the only place where an error gets its class. ctx is the caller's,
// not the attempt's: only the caller's end is a cancellation.
func classify(ctx context.Context, err error) verdict {
	if ctx.Err() != nil {
		// The request may have arrived all the same.
		return verdict{class: ClassCanceled, sent: true, reason: context.Cause(ctx).Error()}
	}
	if d := (*damaged)(nil); errors.As(err, &d) {
		return verdict{class: ClassInvalid, reason: d.Error(), advice: adviceDamaged, is: errDamaged}
	}
	if retrieve := (*auth.RetrieveError)(nil); errors.As(err, &retrieve) {
		return classifyRetrieve(ctx, retrieve)
	}
	if f := (*foreign)(nil); errors.As(err, &f) {
		return classifyForeign(f)
	}
	if v, ok := classifyAnswer(err); ok {
		return v
	}
	return classifyTransport(err)
}

// classifyRetrieve judges a failure to get credentials at all. Nothing was sent
// to S3. It is always the credentials' problem, whatever STS or the metadata
// service answered, but a hiccup of theirs passes. A silent instance metadata
// service is most often no hiccup: the program does not run on EC2 and has no
// credentials at all, which should be said at once.
func classifyRetrieve(ctx context.Context, err *auth.RetrieveError) verdict {
	inner := classify(ctx, err.Err)
	if inner.class == ClassNotS3 {
		// Nobody came as far as to look at them.
		inner.reason = "getting credentials: " + inner.reason
		return inner
	}
	v := verdict{
		class: ClassCredentials, code: inner.code, status: inner.status,
		after: inner.after, reason: err.Error(),
	}
	if inner.retry == retryBackoff && !strings.Contains(v.reason, "IMDS") {
		v.retry = retryBackoff
	}
	return v
}

// classifyAnswer judges what a server said. The code decides; the status does
// where there is none (HEAD has no body) or where the code is unknown.
func classifyAnswer(err error) (verdict, bool) {
	var v verdict
	var message string
	var api smithy.APIError
	if errors.As(err, &api) {
		v.code, message = api.ErrorCode(), api.ErrorMessage()
	}
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) && resp.Response != nil && resp.Response.Response != nil {
		v.status = resp.HTTPStatusCode()
		v.after = retryAfter(resp.Response.Header)
		v.region = resp.Response.Header.Get("X-Amz-Bucket-Region")
	}
	if v.code == "" && v.status == 0 {
		return v, false
	}
	v.reason = answerText(v.code, message, v.status)
	switch {
	case byCode(&v, message):
	case v.status >= 200 && v.status < 300:
		// The SDK could not read a success: cut off, or not S3 at all.
		v.class, v.retry, v.sent = ClassNetwork, retryBackoff, true
		v.reason = fmt.Sprintf("unreadable answer (HTTP %d): %v", v.status, err)
	default:
		byStatus(&v)
	}
	return v, true
}

func answerText(code, message string, status int) string {
	switch {
	case status == 0:
		return strings.TrimSpace(code + " " + message)
	case code == "" || code == message:
		return fmt.Sprintf("%s (HTTP %d)", http.StatusText(status), status)
	case message == "":
		return fmt.Sprintf("%s (HTTP %d)", code, status)
	}
	return fmt.Sprintf("%s (HTTP %d): %s", code, status, strings.TrimRight(message, ". "))
}

// byStatus judges an answer whose code says nothing.
func byStatus(v *verdict) {
	switch {
	case v.status == http.StatusUnauthorized:
		v.class = ClassCredentials
	case v.status == http.StatusForbidden:
		v.class = ClassDenied
	case v.status == http.StatusNotFound:
		// The caller knows whether an object or the bucket was asked for; a
		// HEAD answer cannot tell them apart.
		v.class, v.is = ClassInvalid, ErrNotFound
	case v.status == http.StatusPreconditionFailed:
		v.class, v.is = ClassExists, ErrExists
	case v.status == http.StatusConflict:
		// Another write to the same key is under way (409).
		v.class, v.retry = ClassNetwork, retryBackoff
	case v.status == http.StatusRequestTimeout, v.status == http.StatusTooEarly:
		v.class, v.retry = ClassNetwork, retryBackoff
	case v.status == http.StatusTooManyRequests, v.status == http.StatusServiceUnavailable:
		// A proxy may say 503 after it has passed the request on.
		v.class, v.retry, v.sent = ClassThrottled, retryBackoff, true
	case v.status == http.StatusNotImplemented:
		v.class, v.is = ClassInvalid, ErrNotImplemented
	case v.status >= 500:
		// The server broke, before or after storing the object.
		v.class, v.retry, v.sent = ClassNetwork, retryBackoff, true
	case v.status >= 300 && v.status < 400:
		// S3 redirects to the region of the bucket; the client does not follow,
		// because the signature would be for the wrong one.
		v.class = ClassWrongRegion
	default:
		v.class = ClassInvalid
	}
}

// expectedRegion finds the region in "the region 'a' is wrong; expecting 'b'".
var expectedRegion = regexp.MustCompile(`expecting '([a-z0-9-]+)'`)

func regionFrom(message string) string {
	if m := expectedRegion.FindStringSubmatch(message); m != nil {
		return m[1]
	}
	return ""
}

// maxRetryAfter bounds what we believe of a Retry-After header.
const maxRetryAfter = time.Minute

// retryAfter reads the header of RFC 9110, section 10.2.3: seconds or a date.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	var d time.Duration
	if seconds, err := strconv.Atoi(text); err == nil {
		d = time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		d = time.Until(at)
	}
	return min(max(d, 0), maxRetryAfter)
}

const adviceUnreachable = "nothing answers there: check endpoint, proxy and firewall"

const adviceBroken = "the connection broke or stayed silent: check the network and the store's health"

// classifyTransport judges an attempt that got no answer.
func classifyTransport(err error) verdict {
	v := verdict{class: ClassNetwork, retry: retryBackoff, sent: true, reason: rootText(err)}
	var dns *net.DNSError
	var dial *net.OpError
	switch {
	case errors.Is(err, errSilent):
		v.reason, v.advice = errSilent.Error(), adviceBroken+"; if it is only slow, raise upload.request_timeout"
	case errors.Is(err, errSlow):
		v.reason, v.advice = errSlow.Error(), adviceBroken
	case strings.Contains(v.reason, "invalid header field"):
		// A value of the configuration that HTTP cannot carry.
		v.class, v.retry, v.sent = ClassInvalid, retryNever, false
	case isTLS(err):
		// Waiting does not make a certificate valid.
		v.retry, v.sent = retryNever, false
		v.advice = "the server's certificate is not trusted: set the CA file, or correct the endpoint"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		v.retry, v.sent = retryNever, false
		v.advice = "the endpoint speaks http, not https"
	case errors.As(err, &dns):
		v.sent = false
		v.advice = "the host name does not resolve: check endpoint, region, and force_path_style for S3-compatible stores"
	case errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect"), errors.Is(err, syscall.ECONNREFUSED):
		// No connection, so nothing was sent.
		v.sent = false
		v.advice = adviceUnreachable
	case isNetwork(err):
		v.advice = adviceBroken
	default:
		// Not a network error at all, so a bug, a bad setting or a response
		// that cannot be parsed. Retrying would repeat it.
		v.class, v.retry = ClassInvalid, retryNever
	}
	return v
}

func isTLS(err error) bool {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid)
}

func isNetwork(err error) bool {
	var netErr net.Error
	var send *smithyhttp.RequestSendError
	var canceled *smithy.CanceledError
	var broken *smithy.DeserializationError
	return errors.As(err, &netErr) || errors.As(err, &send) || errors.As(err, &canceled) || errors.As(err, &broken)
}

// rootText drops the SDK's wrapping ("operation error S3: PutObject, exceeded
// maximum number of attempts ...") and keeps the sentence that says something.
func rootText(err error) string {
	for {
		var op *smithy.OperationError
		var send *smithyhttp.RequestSendError
		var request *url.Error
		switch {
		case errors.As(err, &request):
			err = request.Err // the address is told apart
		case errors.As(err, &send):
			err = send.Err
		case errors.As(err, &op):
			err = op.Err
		default:
			return err.Error()
		}
	}
}
