package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// foreign is an answer of something that is not S3: a login page, a gateway, a
// proxy, the console of the store.
type foreign struct {
	status int
	// reason says what was answered, by whom; advice what to do about it.
	reason, advice string
	// sent: it was a success, so that somebody behind may have carried it out.
	sent bool
	// expect: the request can be tried without "Expect: 100-continue".
	expect bool
	// down: a gateway that works says that what is behind it does not.
	down bool
}

// Error holds the advice as well, for what wraps it.
func (f *foreign) Error() string {
	if f.advice == "" {
		return f.reason
	}
	return f.reason + ": " + f.advice
}

// RetryableError tells the SDK, which asks STS, that the answer will be the
// same.
func (f *foreign) RetryableError() bool { return f.down }

// errTooLarge: a gateway refuses bodies of this size.
var errTooLarge = errors.New("a gateway refuses requests of this size")

// unproven is a success without what S3 proves one with.
func unproven(a answer, missing string) *foreign {
	return &foreign{
		status: a.status, sent: true,
		reason: fmt.Sprintf("HTTP %d%s: this server does not answer like S3: %s; is it a login page, a proxy, the console port?",
			a.status, who(a.header), missing),
	}
}

// refusal is nil for the errors of S3, and for what passes by itself whoever
// says it.
func refusal(r *http.Request, a answer) error {
	if a.status == http.StatusExpectationFailed && r.Header.Get("Expect") != "" {
		return named(a, adviceExpect, true)
	}
	if a.status != http.StatusProxyAuthRequired && a.fromS3() {
		return nil
	}
	switch {
	case a.redirect():
		return named(a, redirected(r.URL, a.header.Get("Location")), false)
	case a.status == http.StatusNetworkAuthenticationRequired,
		a.status == http.StatusNotImplemented && a.doc == docHTML:
	case a.status >= 500, a.status == http.StatusRequestTimeout, a.status == http.StatusTooManyRequests, a.status == http.StatusTooEarly:
		return nil
	case (a.status == http.StatusConflict || a.status == http.StatusPreconditionFailed) && a.doc != docHTML:
		return nil
	}
	return named(a, gatewayAdvice(a.status), false)
}

// named is the refusal of a gateway.
func named(a answer, advice string, expect bool) *foreign {
	return &foreign{
		status: a.status, expect: expect, advice: advice,
		reason: "this is not S3's answer, but that of a gateway or web server: " + a.what(),
	}
}

const adviceExpect = "the gateway does not know Expect: 100-continue (RFC 9110, section 10.1.1): let it pass that header on, or drop it"

// gatewayAdvice says what to do about a refusal that is not S3's.
func gatewayAdvice(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "a gateway in front of the store wants a login of its own, which no key of auth gives: let this machine pass without, or correct endpoint"
	case http.StatusForbidden:
		return "a gateway, firewall or proxy does not let this request through, whatever the rights in S3 are: allow this machine there, or correct endpoint"
	case http.StatusNotFound:
		return "there is no S3 interface at this address: correct endpoint, its port and force_path_style_urls; a console and a website have other addresses than the store"
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return "this server takes no uploads: correct endpoint and its port; a console and a website have other addresses than the store"
	case http.StatusProxyAuthRequired:
		return "the proxy wants a login: put user and password into HTTPS_PROXY or HTTP_PROXY, or name the store in NO_PROXY"
	case http.StatusLengthRequired:
		return "a gateway loses or refuses Content-Length: switch request chunking off there"
	case http.StatusRequestEntityTooLarge:
		return "a gateway limits the size of a request: raise its limit (nginx: client_max_body_size), or lower upload.part_size, upload.multipart_threshold and max_file_size below it"
	case http.StatusExpectationFailed:
		return adviceExpect
	case http.StatusNetworkAuthenticationRequired:
		return "the network wants a login before it lets anything through"
	}
	return "check endpoint and its port, and what stands between this machine and the store"
}

// redirected says what a redirect that is not S3's may mean. Of its target only
// scheme and host are told: the rest may hold a secret.
func redirected(from *url.URL, location string) string {
	to, err := from.Parse(location)
	if err != nil || location == "" {
		return "it redirects to nowhere: correct endpoint"
	}
	if to.Scheme == "https" && from.Scheme == "http" && to.Hostname() == from.Hostname() {
		return "it wants https: let endpoint begin with https://"
	}
	return fmt.Sprintf("it redirects to %s, which is not followed: a login page stands before the store, or endpoint is not its S3 interface",
		printable(to.Scheme+"://"+to.Host))
}

// refusedConnect is how a proxy refuses to connect to an https endpoint. The
// transport itself would only say "Forbidden".
func refusedConnect(_ context.Context, proxy *url.URL, connect *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	f := &foreign{
		status: resp.StatusCode,
		reason: fmt.Sprintf("the proxy %s does not connect to %s: HTTP %d%s", proxy.Host, printable(connect.Host), resp.StatusCode, who(resp.Header)),
		advice: "allow this address there, or name the store in NO_PROXY",
	}
	switch {
	case resp.StatusCode == http.StatusProxyAuthRequired:
		f.advice = gatewayAdvice(resp.StatusCode)
	case resp.StatusCode >= 500:
		f.down, f.advice = true, "the proxy does not reach the store: check endpoint, and what lies between the two"
	}
	return f
}

// classifyForeign judges an answer that S3 did not give.
func classifyForeign(f *foreign) verdict {
	v := verdict{class: ClassNotS3, status: f.status, sent: f.sent, reason: f.reason, advice: f.advice}
	switch {
	case f.down:
		v.class, v.retry = ClassNetwork, retryBackoff
	case f.expect:
		v.retry = retryPlain
	case f.status == http.StatusRequestEntityTooLarge:
		// The next object may be smaller.
		v.class, v.is = ClassInvalid, errTooLarge
	}
	return v
}
