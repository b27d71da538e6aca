package s3test

import (
	"net/http"
	"strings"
)

// gateways refuse, redirect or limit before a store is asked.
func gateways() []Mode {
	web := func(class string, words ...string) Verdict { return Refused(class, words...).Astray(astray...) }
	return []Mode{
		{
			Name:    "console-login",
			About:   "The port of a web console redirects to its login page",
			Source:  "https://github.com/minio/mc/issues/4523",
			Gateway: always(redirect(http.StatusFound, "/login")),
			Single:  web("not_s3", "302", "login page"), Multipart: web("not_s3", "302", "login page"),
		},
		{
			Name:    "minio-console-xml",
			About:   "Later consoles of MinIO say in XML that they are not the API port",
			Source:  "https://github.com/pivotal-sadubois/tanzu-demo-hub/issues/13",
			Gateway: always(FailAfterBody(http.StatusForbidden, "AccessDenied", "S3 API Request made to Console port. S3 Requests should be sent to API port.")),
			Single:  web("", "API port", "endpoint"), Multipart: web("", "API port", "endpoint"),
		},
		{
			Name:    "to-https",
			About:   "A load balancer redirects http to https",
			Gateway: always(redirect(http.StatusMovedPermanently, "https://s3.example.com/")),
			Single:  web("not_s3", "301", "https://s3.example.com"), Multipart: web("not_s3", "301", "https://s3.example.com"),
		},
		{
			Name:    "another-region",
			About:   "S3 redirects to the region of the bucket, which it names",
			Source:  "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html",
			Gateway: always(Redirect("eu-west-1")),
			Single:  Refused("wrong_region", "set region to eu-west-1"), Multipart: Refused("wrong_region", "set region to eu-west-1"),
		},
		{
			Name:    "website-endpoint",
			About:   "The website endpoint of a bucket answers 405 to every write",
			Source:  "https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html",
			Gateway: always(page(http.StatusMethodNotAllowed, "405 Method Not Allowed")),
			Single:  web("not_s3", "405", "endpoint"), Multipart: web("not_s3", "405", "endpoint"),
		},
		{
			Name:    "not-found",
			About:   "A web server without this path answers 404 and HTML",
			Gateway: always(page(http.StatusNotFound, "404 Not Found")),
			Single:  web("not_s3", "404", "endpoint"), Multipart: web("not_s3", "404", "endpoint"),
		},
		{
			Name:    "basic-auth",
			About:   "A reverse proxy asks for a password of its own: 401 and HTML",
			Gateway: always(page(http.StatusUnauthorized, "401 Authorization Required")),
			Single:  web("not_s3", "401", "a login of its own"), Multipart: web("not_s3", "401", "a login of its own"),
		},
		{
			Name:    "waf",
			About:   "A web application firewall refuses the request with 403 and HTML",
			Source:  "https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-action.html",
			Gateway: always(page(http.StatusForbidden, "403 Forbidden")),
			Single:  web("not_s3", "403", "firewall"), Multipart: web("not_s3", "403", "firewall"),
		},
		{
			Name:    "proxy-407",
			About:   "A forward proxy wants to be authenticated to",
			Source:  "https://www.rfc-editor.org/rfc/rfc9110#name-407-proxy-authentication-re",
			Gateway: always(page(http.StatusProxyAuthRequired, "407 Proxy Authentication Required")),
			Single:  web("not_s3", "407", "proxy"), Multipart: web("not_s3", "407", "proxy"),
		},
		{
			Name:    "nginx-411",
			About:   "A proxy that hides the length of bodies from a server that wants one",
			Source:  "https://www.rfc-editor.org/rfc/rfc9110#name-411-length-required",
			Gateway: always(withBody(page(http.StatusLengthRequired, "411 Length Required"))),
			Single:  web("not_s3", "411"), Multipart: web("not_s3", "411"),
		},
		{
			Name:    "nginx-413",
			About:   "nginx refuses bodies over 1 MB unless client_max_body_size says more",
			Source:  "https://github.com/minio/minio/issues/6255",
			Gateway: always(limit(1 << 20)),
			Large:   true,
			Single:  web("invalid", "413", "client_max_body_size"), Multipart: web("invalid", "413", "client_max_body_size"),
		},
		{
			Name:    "squid-417",
			About:   "Squid up to 3.1 and lighttpd answer 417 to Expect: 100-continue, which the SDK sends with bodies over 2 MiB",
			Source:  "https://github.com/docker-archive/docker-registry/issues/460",
			Gateway: always(expectNothing),
			Large:   true,
			Single:  Once(), Multipart: Once(),
		},
		{
			Name:    "bad-gateway",
			About:   "A load balancer in front of dying servers answers every other request with 502 and HTML",
			Gateway: everyOther(page(http.StatusBadGateway, "502 Bad Gateway")),
			Single:  Once(), Multipart: Once(),
		},
		{
			Name:    "all-servers-down",
			About:   "A load balancer with no server left answers 503 and HTML to everything",
			Gateway: always(page(http.StatusServiceUnavailable, "503 Service Temporarily Unavailable")),
			Single:  web("", "503"), Multipart: web("", "503"),
		},
		{
			Name:    "clock-skew",
			About:   "The clock of this machine is wrong",
			Source:  "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
			Gateway: always(FailAfterBody(http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")),
			Single:  Refused("clock_skew", "clock"), Multipart: Refused("clock_skew", "clock"),
		},
	}
}

func redirect(status int, location string) Action {
	return func(x *Exchange) {
		x.W.Header().Set("Location", location)
		page(status, http.StatusText(status))(x)
	}
}

// withBody strikes requests that have one.
func withBody(do Action) Action {
	return func(x *Exchange) {
		if x.Req.Method == http.MethodPut || x.Req.Method == http.MethodPost {
			do(x)
			return
		}
		pass(x)
	}
}

// limit refuses larger bodies.
func limit(bytes int64) Action {
	refuse := page(http.StatusRequestEntityTooLarge, "413 Request Entity Too Large")
	return func(x *Exchange) {
		if x.Req.ContentLength > bytes {
			refuse(x)
			return
		}
		pass(x)
	}
}

// expectNothing refuses before the body, which is then never sent.
func expectNothing(x *Exchange) {
	if strings.EqualFold(x.R.Header.Get("Expect"), "100-continue") {
		html(x.W, http.StatusExpectationFailed, "417 Expectation Failed")
		return
	}
	pass(x)
}
