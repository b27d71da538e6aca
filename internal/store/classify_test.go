package store

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
)

// answered is the SDK's error of an answer; an empty code is an answer without
// a document.
func answered(status int, code, message string, header ...string) error {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: h}},
		Err:      &smithy.GenericAPIError{Code: code, Message: message},
	}
}

// TestStatusesWithoutACode: what a status alone says, up to the edges of each
// range.
func TestStatusesWithoutACode(t *testing.T) {
	for status, want := range map[int]verdict{
		300: {class: ClassWrongRegion},
		399: {class: ClassWrongRegion},
		400: {class: ClassInvalid},
		401: {class: ClassCredentials},
		403: {class: ClassDenied},
		404: {class: ClassInvalid, is: ErrNotFound},
		408: {class: ClassNetwork, retry: retryBackoff},
		409: {class: ClassNetwork, retry: retryBackoff},
		412: {class: ClassExists, is: ErrExists},
		425: {class: ClassNetwork, retry: retryBackoff},
		429: {class: ClassThrottled, retry: retryBackoff, sent: true},
		499: {class: ClassInvalid},
		500: {class: ClassNetwork, retry: retryBackoff, sent: true},
		501: {class: ClassInvalid, is: ErrNotImplemented},
		503: {class: ClassThrottled, retry: retryBackoff, sent: true},
		599: {class: ClassNetwork, retry: retryBackoff, sent: true},
		199: {class: ClassInvalid},
	} {
		want.status, want.reason = status, fmt.Sprintf("%s (HTTP %d)", http.StatusText(status), status)
		assert.Equal(t, want, classify(t.Context(), answered(status, "", "")), status)
		assert.Equal(t, want.class, classify(t.Context(), answered(status, "NeverHeardOf", "m")).class, "%d with an unknown code", status)
	}
	for _, status := range []int{200, 299} {
		v := classify(t.Context(), answered(status, "NeverHeardOf", "m"))
		assert.Equal(t, ClassNetwork, v.class, status)
		assert.Equal(t, retryBackoff, v.retry)
		assert.True(t, v.sent)
		assert.Contains(t, v.reason, fmt.Sprintf("unreadable answer (HTTP %d): ", status))
	}
}

func TestWhatAnAnswerSaysIsToldInOneLine(t *testing.T) {
	for want, text := range map[string]string{
		"Code Message":                   answerText("Code", "Message", 0),
		"Code":                           answerText("Code", "", 0),
		"Not Found (HTTP 404)":           answerText("", "", 404),
		"Forbidden (HTTP 403)":           answerText("Forbidden", "Forbidden", 403),
		"NoSuchKey (HTTP 404)":           answerText("NoSuchKey", "", 404),
		"NoSuchKey (HTTP 404): It is no": answerText("NoSuchKey", "It is no. ", 404),
	} {
		assert.Equal(t, want, text)
	}
}

func TestRetryAfterIsReadAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
		for text, want := range map[string]time.Duration{
			"": 0, "0": 0, "1": time.Second, "59": 59 * time.Second, "60": time.Minute, "61": time.Minute, "-1": 0, "soon": 0,
			"99999999999999": time.Minute, in(30 * time.Second): 30 * time.Second, in(time.Hour): time.Minute, in(-time.Hour): 0,
		} {
			assert.Equal(t, want, retryAfter(http.Header{"Retry-After": {text}}), text)
			v := classify(t.Context(), answered(503, "SlowDown", "", "Retry-After", text))
			assert.Equal(t, want, v.after, text)
		}
		assert.Zero(t, retryAfter(nil))
	})
}

// TestCodesThatCallForMoreThanTheirClass lists what beside the class follows
// from a code, and from the words that come with it.
func TestCodesThatCallForMoreThanTheirClass(t *testing.T) {
	for _, c := range []struct {
		status        int
		code, message string
		class         Class
		retry         retryKind
		sent          bool
		is            error
		advice        string
	}{
		{412, "PreconditionFailed", "", ClassExists, retryNever, false, ErrExists, ""},
		{400, "ExpiredToken", "", ClassCredentials, retryRefresh, false, nil, ""},
		{403, "SignatureDoesNotMatch", "", ClassCredentials, retryNever, false, nil, ""},
		{403, "AccessDenied", "S3 Requests should be sent to API port.", ClassNotS3, retryNever, false, nil, "set endpoint to the port"},
		{403, "AccessDenied", "not authorized to perform: kms:Decrypt", ClassKMS, retryNever, false, nil, ""},
		{403, "AccessDenied", "the AWS KMS grant", ClassKMS, retryNever, false, nil, ""},
		{403, "AccessDenied", "the KMS key", ClassKMS, retryNever, false, nil, ""},
		{507, "XMinioStorageFull", "", ClassDenied, retryNever, false, errFull, "the store is full"},
		{400, "InvalidBucketName", "", ClassNoBucket, retryNever, false, nil, "correct the name of the bucket"},
		{403, "SecondLevelDomainForbidden", "", ClassNoBucket, retryNever, false, nil, "set force_path_style_urls to false"},
		{404, "NoSuchKey", "", ClassInvalid, retryNever, false, ErrNotFound, ""},
		{404, "NoSuchBucket", "", ClassNoBucket, retryNever, false, nil, ""},
		{400, "AuthorizationHeaderMalformed", "the region is wrong", ClassWrongRegion, retryNever, false, nil, ""},
		{400, "AuthorizationHeaderMalformed", "no access key", ClassCredentials, retryNever, false, nil, ""},
		{400, "AuthorizationHeaderMalformed", "expecting 'eu-west-1'", ClassWrongRegion, retryNever, false, nil, ""},
		{301, "PermanentRedirect", "no word of it", ClassWrongRegion, retryNever, false, nil, ""},
		{403, "RequestTimeTooSkewed", "", ClassClockSkew, retryOnce, false, nil, ""},
		{503, "SlowDown", "", ClassThrottled, retryBackoff, true, nil, ""},
		{500, "InternalError", "", ClassNetwork, retryBackoff, true, nil, ""},
		{400, "RequestTimeout", "", ClassNetwork, retryBackoff, false, nil, ""},
		{409, "OperationAborted", "", ClassNetwork, retryBackoff, false, nil, ""},
		{400, "BadDigest", "", ClassInvalid, retryOnce, false, nil, adviceDamaged},
		{404, "NoSuchUpload", "", ClassInvalid, retryNever, false, errStaleUpload, ""},
		{501, "NotImplemented", "", ClassInvalid, retryNever, false, ErrNotImplemented, ""},
		{400, "InvalidArgument", "unsupported header x-amz-checksum-crc32c", ClassInvalid, retryNever, false, nil, "set checksum to md5 or none"},
		{400, "InvalidArgument", "unsupported header x-amz-acl", ClassInvalid, retryNever, false, nil, ""},
		{400, "InvalidArgument", "a bad x-amz-checksum", ClassInvalid, retryNever, false, nil, ""},
		{400, "InvalidRequest", "Content-MD5 is missing", ClassInvalid, retryNever, false, nil, "set checksum to md5, or to crc32c"},
		{400, "InvalidArgument", "the KMS key is wrong", ClassKMS, retryNever, false, nil, ""},
		{400, "AccessControlListNotSupported", "", ClassInvalid, retryNever, false, nil, "set acl to bucket-owner-full-control"},
		{400, "EntityTooLarge", "", ClassInvalid, retryNever, false, nil, "lower max_file_size"},
		{400, "KeyTooLongError", "", ClassInvalid, retryNever, false, nil, "shorten folder or file_name"},
		{400, "InvalidStorageClass", "", ClassInvalid, retryNever, false, nil, "correct storage_class"},
		{400, "InvalidTag", "", ClassInvalid, retryNever, false, nil, "correct tags"},
		{400, "MetadataTooLarge", "", ClassInvalid, retryNever, false, nil, "user metadata is limited"},
		{503, "MethodNotAllowed", "", ClassInvalid, retryNever, false, nil, ""},
		{400, "KMS.ThrottlingException", "", ClassThrottled, retryBackoff, false, nil, ""},
		{400, "KMS.LimitExceededException", "", ClassThrottled, retryBackoff, false, nil, ""},
		{400, "KMS.KMSInternalException", "", ClassKMS, retryBackoff, false, nil, "the key service itself fails"},
		{400, "KMS.DependencyTimeoutException", "", ClassKMS, retryBackoff, false, nil, "the key service itself fails"},
		{400, "KMS.KeyUnavailableException", "", ClassKMS, retryBackoff, false, nil, "the key service itself fails"},
		{499, "KMS.Whatever", "", ClassKMS, retryNever, false, nil, ""},
		{500, "Kms:Whatever", "", ClassKMS, retryBackoff, false, nil, "the key service itself fails"},
		{400, "KMS.DisabledException", "", ClassKMS, retryNever, false, nil, "enable the key again"},
		{400, "KMS.NotFoundException", "", ClassKMS, retryNever, false, nil, "there is no such key"},
		{400, "KMS.KMSInvalidStateException", "", ClassKMS, retryNever, false, nil, "look at the state of the key"},
		{400, "XMinioKMSNotConfigured", "", ClassKMS, retryNever, false, nil, ""},
		{400, "XMinioKmsKeyNotFound", "", ClassKMS, retryNever, false, nil, "there is no such key"},
	} {
		v := classify(t.Context(), answered(c.status, c.code, c.message))
		what := c.code + " " + c.message
		assert.Equal(t, c.class, v.class, what)
		assert.Equal(t, c.retry, v.retry, what)
		assert.Equal(t, c.sent, v.sent, what)
		assert.Equal(t, c.is, v.is, what)
		assert.Equal(t, c.code, v.code, what)
		assert.Equal(t, c.advice == "", v.advice == "", "%s: %s", what, v.advice)
		assert.Contains(t, v.advice, c.advice, what)
	}
}

func TestTheRegionOfABucketIsFound(t *testing.T) {
	const wrong = "the region 'us-east-1' is wrong; expecting 'eu-west-3'"
	v := classify(t.Context(), answered(400, "AuthorizationHeaderMalformed", wrong))
	assert.Equal(t, "eu-west-3", v.region)
	v = classify(t.Context(), answered(301, "PermanentRedirect", wrong, "X-Amz-Bucket-Region", "ap-south-1"))
	assert.Equal(t, "ap-south-1", v.region, "the header counts")
	v = classify(t.Context(), answered(301, "PermanentRedirect", "elsewhere"))
	assert.Empty(t, v.region)
}

// TestFailuresWithoutAnAnswer: whether something was sent decides whether the
// object may exist, and who is to look at it.
func TestFailuresWithoutAnAnswer(t *testing.T) {
	wrapped := func(err error) error {
		return &smithy.OperationError{ServiceID: "S3", OperationName: "PutObject", Err: &smithyhttp.RequestSendError{
			Err: &url.Error{Op: "Put", URL: "https://host/key?secret", Err: err},
		}}
	}
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		err    error
		class  Class
		retry  retryKind
		sent   bool
		reason string
		advice string
	}{
		"silence":                  {fmt.Errorf("%w: %w", errSilent, wrapped(broken)), ClassNetwork, retryBackoff, true, errSilent.Error(), "raise upload.request_timeout"},
		"a trickle":                {fmt.Errorf("%w: %w", errSlow, wrapped(broken)), ClassNetwork, retryBackoff, true, errSlow.Error(), adviceBroken},
		"a bad value":              {wrapped(errors.New(`net/http: invalid header field value for "X"`)), ClassInvalid, retryNever, false, `net/http: invalid header field value for "X"`, ""},
		"an unknown authority":     {wrapped(x509.UnknownAuthorityError{}), ClassNetwork, retryNever, false, x509.UnknownAuthorityError{}.Error(), "the server's certificate is not trusted"},
		"another host":             {wrapped(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}), ClassNetwork, retryNever, false, "x509:", "the server's certificate is not trusted"},
		"an expired certificate":   {wrapped(x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}), ClassNetwork, retryNever, false, "x509:", "the server's certificate is not trusted"},
		"http behind https":        {wrapped(errors.New("http: server gave HTTP response to HTTPS client")), ClassNetwork, retryNever, false, "http: server gave", "the endpoint speaks http, not https"},
		"no such host":             {wrapped(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "h"}}), ClassNetwork, retryBackoff, false, "dial: lookup h: no such host", "the host name does not resolve"},
		"nobody listens":           {wrapped(&net.OpError{Op: "dial", Err: broken}), ClassNetwork, retryBackoff, false, "dial: broken", adviceUnreachable},
		"a silent proxy":           {wrapped(&net.OpError{Op: "proxyconnect", Err: broken}), ClassNetwork, retryBackoff, false, "proxyconnect: broken", adviceUnreachable},
		"refused":                  {wrapped(syscall.ECONNREFUSED), ClassNetwork, retryBackoff, false, "connection refused", adviceUnreachable},
		"reset":                    {wrapped(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), ClassNetwork, retryBackoff, true, "read: connection reset by peer", adviceBroken},
		"cut off":                  {wrapped(io.ErrUnexpectedEOF), ClassNetwork, retryBackoff, true, "unexpected EOF", adviceBroken},
		"a bare network error":     {&net.OpError{Op: "write", Err: broken}, ClassNetwork, retryBackoff, true, "write: broken", adviceBroken},
		"cancelled within the SDK": {&smithy.CanceledError{Err: broken}, ClassNetwork, retryBackoff, true, "canceled, broken", adviceBroken},
		"an answer in pieces":      {&smithy.DeserializationError{Err: broken}, ClassNetwork, retryBackoff, true, "deserialization failed, broken", adviceBroken},
		"a bug":                    {&smithy.OperationError{ServiceID: "S3", OperationName: "PutObject", Err: broken}, ClassInvalid, retryNever, true, "broken", ""},
	} {
		v := classify(t.Context(), c.err)
		assert.Equal(t, c.class, v.class, name)
		assert.Equal(t, c.retry, v.retry, name)
		assert.Equal(t, c.sent, v.sent, name)
		assert.True(t, strings.HasPrefix(v.reason, c.reason), "%s: %s", name, v.reason)
		assert.NotContains(t, v.reason, "secret", name)
		assert.Equal(t, c.advice == "", v.advice == "", name)
		assert.Contains(t, v.advice, c.advice, name)
	}
}

// TestTheEndOfTheCallerIsToldAsItsCause: what it was doing may have arrived.
func TestTheEndOfTheCallerIsToldAsItsCause(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the process stops"))
	v := classify(ctx, answered(503, "SlowDown", ""))
	assert.Equal(t, verdict{class: ClassCanceled, sent: true, reason: "the process stops"}, v)
}

// TestCredentialsThatCannotBeHadForAMoment are asked for again, and nothing was
// sent to S3 meanwhile.
func TestCredentialsThatCannotBeHadForAMoment(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		class  Class
		retry  retryKind
		after  time.Duration
		reason string
	}{
		"throttled by STS": {answered(503, "SlowDown", "slow", "Retry-After", "7"), ClassCredentials, retryBackoff, 7 * time.Second, "SlowDown"},
		"refused by STS":   {answered(403, "AccessDenied", "no"), ClassCredentials, retryNever, 0, "AccessDenied"},
		"no network":       {&net.OpError{Op: "dial", Err: errors.New("no route")}, ClassCredentials, retryBackoff, 0, "no route"},
		"not EC2":          {fmt.Errorf("no EC2 IMDS role found: %w", &net.OpError{Op: "dial", Err: errors.New("no route")}), ClassCredentials, retryNever, 0, "IMDS"},
		"a login page":     {&foreign{status: 407, reason: "a login page"}, ClassNotS3, retryNever, 0, "getting credentials: a login page"},
	} {
		v := classify(t.Context(), &auth.RetrieveError{Err: c.err})
		assert.Equal(t, c.class, v.class, name)
		assert.Equal(t, c.retry, v.retry, name)
		assert.Equal(t, c.after, v.after, name)
		assert.False(t, v.sent, name)
		require.Contains(t, v.reason, c.reason, name)
	}
	v := classify(t.Context(), &auth.RetrieveError{Err: answered(403, "AccessDenied", "no")})
	assert.Equal(t, "AccessDenied", v.code)
	assert.Equal(t, 403, v.status)
}
