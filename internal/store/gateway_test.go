package store

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// misleading is advice about S3 itself, which is wrong when S3 did not answer.
var misleading = []string{"set region", "create the bucket", "check the access key", "allow s3:"}

func requireGateway(t *testing.T, err error, class Class, advice string) {
	t.Helper()
	require.Equal(t, class, ClassOf(err), "%v", err)
	require.ErrorContains(t, err, advice)
	for _, m := range misleading {
		require.NotContains(t, err.Error(), m)
	}
}

func TestGatewaysAreNamedForWhatTheyAre(t *testing.T) {
	const html = "<html><head><title>No</title></head>"
	for name, c := range map[string]struct {
		status int
		body   string
		header []string
		class  Class
		advice string
	}{
		"a login page":                     {302, html, []string{"Location", "https://login.example.com/?token=secret"}, ClassNotS3, "it redirects to https://login.example.com, which is not followed"},
		"moved":                            {301, "", []string{"Location", "/elsewhere"}, ClassNotS3, "it redirects to http://127.0.0.1"},
		"moved for a while":                {307, "", []string{"Location", "https://portal"}, ClassNotS3, "it redirects to https://portal"},
		"moved for good":                   {308, "", []string{"Location", "https://127.0.0.1/b/k"}, ClassNotS3, "let endpoint begin with https://"},
		"moved to nowhere":                 {303, "", nil, ClassNotS3, "it redirects to nowhere"},
		"a gateway with a login":           {401, html, []string{"Www-Authenticate", "Basic"}, ClassNotS3, "a gateway in front of the store wants a login of its own"},
		"a firewall":                       {403, html, []string{"Server", "squid/6"}, ClassNotS3, "(server squid/6): a gateway, firewall or proxy does not let this request through"},
		"an API gateway":                   {403, `{"message":"Forbidden"}`, []string{"X-Amzn-Requestid", "1"}, ClassNotS3, "does not let this request through"},
		"an empty refusal":                 {403, "", nil, ClassNotS3, "does not let this request through"},
		"a website":                        {404, html, nil, ClassNotS3, "there is no S3 interface at this address"},
		"a web server without uploads":     {405, html, []string{"Via", "1.1 nginx"}, ClassNotS3, "(via 1.1 nginx): this server takes no uploads"},
		"a website of S3":                  {405, html, []string{"X-Amz-Request-Id", "1"}, ClassNotS3, "this server takes no uploads"},
		"a proxy with a login":             {407, html, []string{"Proxy-Authenticate", "Basic"}, ClassNotS3, "put user and password into HTTPS_PROXY"},
		"a proxy that speaks XML":          {407, "<Error><Code>AccessDenied</Code></Error>", nil, ClassNotS3, "put user and password into HTTPS_PROXY"},
		"no length":                        {411, html, nil, ClassNotS3, "a gateway loses or refuses Content-Length"},
		"a limit":                          {413, html, []string{"Server", "nginx"}, ClassInvalid, "client_max_body_size"},
		"no expectations":                  {417, html, nil, ClassNotS3, "does not know Expect"},
		"a captive portal":                 {511, html, nil, ClassNotS3, "the network wants a login"},
		"no such method":                   {501, html, nil, ClassNotS3, "this server takes no uploads"},
		"plain http to an https port":      {400, html, []string{"Server", "nginx"}, ClassNotS3, "check endpoint and its port"},
		"something that passes by":         {503, html, nil, ClassThrottled, "HTTP 503"},
		"a gateway whose store is down":    {502, html, nil, ClassNetwork, "HTTP 502"},
		"a limit of requests":              {429, html, nil, ClassThrottled, "HTTP 429"},
		"a store without request ids":      {412, "", nil, ClassExists, "HTTP 412"},
		"a page about preconditions":       {412, html, nil, ClassNotS3, "check endpoint and its port"},
		"a page about conflicts":           {409, html, nil, ClassNotS3, "check endpoint and its port"},
		"a store that knows no conditions": {501, "", nil, ClassInvalid, "this S3-compatible store lacks a feature"},
	} {
		t.Run(name, func(t *testing.T) {
			s := behind(t, page(c.status, c.body, c.header...), func(cfg *Config) { cfg.Retry.MaxRetries = 1 })
			_, err := put(t.Context(), s, "k", []byte("x"))
			requireGateway(t, err, c.class, c.advice)
			assert.NotContains(t, err.Error(), "secret")
			if c.class == ClassNotS3 || c.class == ClassNetwork || c.status == 413 {
				require.ErrorContains(t, err, " at "+s.cfg.Endpoint)
			}
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.class.Retryable(), e.OutcomeUnknown, "a refusal is certain")
			assert.Equal(t, c.status, e.Status)
			assert.Equal(t, Unknown, s.Conditional(2*littlePart))
			if c.class == ClassExists {
				assert.Equal(t, Unknown, s.Conditional(1), "what is no answer of S3 for certain proves nothing")
			}
		})
	}
}

// A conflict is over soon, and what was refused for it is not stored.
func TestAConflictIsTriedAgain(t *testing.T) {
	answers := []http.HandlerFunc{page(409, ""), page(200, "", "ETag", `"e"`)}
	s := behind(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[0](w, r)
		answers = answers[1:]
	}), nil)
	r, err := put(t.Context(), s, "k", []byte("x"))
	require.NoError(t, err)
	assert.Equal(t, 2, r.Attempts)
	s = behind(t, page(409, ""), func(c *Config) { c.Retry.MaxRetries = 0 })
	_, err = put(t.Context(), s, "k", []byte("x"))
	require.Equal(t, ClassNetwork, ClassOf(err))
	assert.False(t, unknown(err))
}

// What S3, or a store like it, says is about S3, with or without a request id.
func TestErrorDocumentsOfStoresWithoutRequestIDs(t *testing.T) {
	document := func(code string) string {
		return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>m</Message></Error>`
	}
	for name, c := range map[string]struct {
		status int
		body   string
		header []string
		class  Class
		advice string
	}{
		"denied":                    {403, document("AccessDenied"), nil, ClassDenied, "allow s3:PutObject"},
		"no key":                    {403, document("InvalidAccessKeyId"), nil, ClassCredentials, "check the access key"},
		"no bucket":                 {404, document("NoSuchBucket"), nil, ClassNoBucket, "create the bucket"},
		"another region":            {301, document("PermanentRedirect"), nil, ClassWrongRegion, "set region"},
		"another region, no words":  {301, "", []string{"X-Amz-Bucket-Region", "eu-west-3"}, ClassWrongRegion, "set region to eu-west-3"},
		"a code without a meaning":  {403, document("Whatever"), nil, ClassDenied, "allow s3:PutObject"},
		"a request id and no words": {403, "", []string{"X-Amz-Request-Id", "1"}, ClassDenied, "allow s3:PutObject"},
		"no method":                 {405, document("MethodNotAllowed"), nil, ClassInvalid, ""},
		"a condition":               {412, document("PreconditionFailed"), nil, ClassExists, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := behind(t, page(c.status, c.body, c.header...), nil)
			_, err := put(t.Context(), s, "k", []byte("x"))
			require.Equal(t, c.class, ClassOf(err), "%v", err)
			require.ErrorContains(t, err, c.advice)
			if c.class == ClassExists {
				assert.Equal(t, Shown, s.Conditional(1))
			}
		})
	}
}

// A HEAD has no body, so that a store without request ids says no more than a
// status.
func TestHeadOfStoresWithoutRequestIDs(t *testing.T) {
	for status, want := range map[int]Class{404: ClassInvalid, 403: ClassDenied, 302: ClassNotS3, 407: ClassNotS3} {
		s := behind(t, page(status, ""), nil)
		_, err := s.Head(t.Context(), "k")
		assert.Equal(t, want, ClassOf(err), status)
	}
}

// RFC 9110, section 10.1.1: a client that gets 417 repeats without Expect.
func TestARefusedExpectationIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"HTML":    page(417, "<html>"),
		"nothing": page(417, ""),
		"a store": page(417, "<Error><Code>ExpectationFailed</Code></Error>", "X-Amz-Request-Id", "1"),
	} {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			refused := server.Faults.Add(s3test.Rule{
				Match: func(r s3test.Request) bool { return r.Header.Get("Expect") != "" },
				Do:    func(x *s3test.Exchange) { answer(x.W, x.R) },
			})
			s := newStore(t, server, func(c *Config) {
				c.PartSize, c.MultipartThreshold = 6<<20, 6<<20 // parts that are large enough for an Expect
				c.Retry.MaxRetries = 0
			})
			content := randomBytes(3 << 20)
			r, err := put(t.Context(), s, "first", content)
			require.NoError(t, err)
			assert.Equal(t, 2, r.Attempts)
			requireStored(t, server, "first", content)
			_, err = put(t.Context(), s, "second", content)
			require.NoError(t, err)
			_, err = put(t.Context(), s, "parts", randomBytes(7<<20))
			require.NoError(t, err)
			assert.Equal(t, 1, refused.Hits(), "remembered")
		})
	}
}

func TestAnExpectationThatNobodyHadIsNotGivenUpTwice(t *testing.T) {
	requests := 0
	s := behind(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		page(417, "")(w, r)
	}), func(c *Config) { c.MultipartThreshold = 100 << 20 })
	_, err := put(t.Context(), s, "k", make([]byte, 3<<20))
	requireGateway(t, err, ClassNotS3, "RFC 9110")
	assert.Equal(t, 2, requests)
}

// limited is a gateway that refuses bodies above a size, as nginx does.
func limited(server *s3test.Server, most int64) *s3test.Fault {
	return server.Faults.Add(s3test.Rule{
		Match: func(r s3test.Request) bool { return r.ContentLength > most },
		Do:    func(x *s3test.Exchange) { page(413, "<html>Request Entity Too Large")(x.W, x.R) },
	})
}

func TestRequestsBecomeSmallerWhereAGatewayLimitsThem(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	const mib = 1 << 20
	server := s3test.StartT(t, s3test.Config{})
	refused := limited(server, 7*mib)
	s := newStore(t, server, func(c *Config) { c.Conditions = AssumeConditions })
	content := randomBytes(20 * mib)
	r, err := put(t.Context(), s, "first", content)
	require.NoError(t, err)
	assert.True(t, r.Multipart)
	requireStored(t, server, "first", content)
	learnt := refused.Hits()
	r, err = put(t.Context(), s, "second", content)
	require.NoError(t, err)
	assert.Equal(t, 1+4+1, r.Attempts, "in parts of 5 MiB from the start")
	_, err = put(t.Context(), s, "small", randomBytes(5*mib))
	require.NoError(t, err)
	assert.Equal(t, learnt, refused.Hits(), "remembered")
	assert.Len(t, server.Keys(""), 3)
	assert.Equal(t, Shown, s.Conditional(6*mib), "which would be put in parts")
}

func TestALimitOnlyFalls(t *testing.T) {
	const mib = 1 << 20
	var l limit
	assert.Equal(t, int64(100*mib), l.of(100*mib))
	l.refused(100*mib, 16*mib)
	assert.Equal(t, int64(16*mib), l.of(100*mib), "parts as they are configured")
	l.refused(16*mib, 16*mib)
	assert.Equal(t, int64(8*mib), l.of(100*mib))
	l.refused(100*mib, 16*mib) // which was on its way
	assert.Equal(t, int64(8*mib), l.of(100*mib))
	l.refused(8*mib, 16*mib)
	assert.Equal(t, int64(minPartSize), l.of(100*mib))
	assert.Equal(t, int64(mib), l.of(mib))
}

// Nothing smaller than the parts of S3 can be tried.
func TestALimitBelowTheSmallestPartIsToldAtOnce(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	server := s3test.StartT(t, s3test.Config{})
	limited(server, mib)
	s := newStore(t, server, nil)
	for range 2 {
		_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf(randomBytes(11 * mib))})
		requireGateway(t, err, ClassInvalid, "a gateway limits the size of a request: raise its limit (nginx: client_max_body_size)")
		require.ErrorContains(t, err, server.URL)
	}
	assert.LessOrEqual(t, server.Count("CreateMultipartUpload"), 3)
	assert.Equal(t, server.Count("CreateMultipartUpload"), server.Count("AbortMultipartUpload"))
	_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf(randomBytes(2 * mib))})
	requireGateway(t, err, ClassInvalid, "client_max_body_size")
	_, err = s.Put(t.Context(), Object{Key: "k", Body: BodyOf(randomBytes(mib / 2))})
	require.NoError(t, err)
}

// What was stored before the gateway refused a repetition may be found later.
func TestADoubtOutlivesASmallerRequest(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Op: "PutObject", Times: 1, Do: s3test.LoseResponse()})
	limited(server, 7<<20)
	s := newStore(t, server, func(c *Config) { c.Conditions = AssumeConditions })
	r, err := put(t.Context(), s, "k", randomBytes(20<<20))
	require.NoError(t, err)
	assert.True(t, r.Recovered)
	assert.True(t, r.Multipart)
}

// The name was chosen because PutObject honours conditions. Whether uploads in
// parts do is not known, so that the name must not be used for one.
func TestAnObjectDoesNotBecomeMultipartUnderANameThatMayBeTaken(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	limited(server, 7<<20)
	s := newStore(t, server, nil)
	s.Learn(ConditionalPut, Shown)
	_, err := put(t.Context(), s, "k", randomBytes(20<<20))
	require.ErrorIs(t, err, ErrNotImplemented, "the caller chooses a name that is unique")
	assert.Zero(t, server.Count("CreateMultipartUpload"))
	assert.Equal(t, Unknown, s.Conditional(20<<20))
	_, err = s.Put(t.Context(), Object{Key: "k-unique", Body: BodyOf(randomBytes(20 << 20)), IfNoneMatch: true})
	require.NoError(t, err)
}

// An answer may come before the request has been read, and from something that
// does not even speak HTTP.
func TestAServerThatIsNoWebServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	var conns atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			_, _ = io.WriteString(c, "220 mail.example.com ESMTP\r\n")
			_, _ = bufio.NewReader(c).ReadString('\n')
			_ = c.Close()
		}
	}()
	s := behind(t, http.NotFoundHandler(), func(c *Config) { c.Endpoint = "http://" + l.Addr().String(); c.Retry.MaxRetries = 1 })
	_, err = put(t.Context(), s, "k", []byte("x"))
	requireGateway(t, err, ClassNetwork, "at http://"+l.Addr().String())
	assert.Equal(t, int32(2), conns.Load())
}

func TestNetworkErrorsNameTheEndpoint(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Do: s3test.Hang()})
	s := newStore(t, server, func(c *Config) { c.RequestTimeout = 50 * time.Millisecond; c.Retry.MaxRetries = 0 })
	_, err := put(t.Context(), s, "k", []byte("x"))
	require.ErrorContains(t, err, "uploading s3://landing/k at "+server.URL+": network: ")
}

func TestNamesOfServersAreFitForALogLine(t *testing.T) {
	assert.Equal(t, "a?b", printable("a\x1bb"))
	assert.Equal(t, strings.Repeat("ä", 60)+"...", printable(strings.Repeat("ä", 100)))
}
