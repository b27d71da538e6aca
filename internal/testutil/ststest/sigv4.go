package ststest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

func parseForm(body string) (url.Values, error) { return url.ParseQuery(body) }

// authorization is the parsed header of Signature Version 4:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type authorization struct {
	key, date, region, service string
	headers                    []string
	signature                  string
}

func parseAuthorization(header string) (authorization, bool) {
	rest, ok := strings.CutPrefix(header, "AWS4-HMAC-SHA256 ")
	if !ok {
		return authorization{}, false
	}
	var a authorization
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 5 || scope[4] != "aws4_request" {
				return a, false
			}
			a.key, a.date, a.region, a.service = scope[0], scope[1], scope[2], scope[3]
		case "SignedHeaders":
			a.headers = strings.Split(value, ";")
		case "Signature":
			a.signature = value
		}
	}
	return a, a.key != "" && a.signature != "" && slices.Contains(a.headers, "host")
}

// authenticate returns who signed the request.
func (s *Server) authenticate(r *http.Request, body []byte) (*principal, *refusal) {
	a, ok := parseAuthorization(r.Header.Get("Authorization"))
	if !ok {
		return nil, &refusal{http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token"}
	}
	s.mu.Lock()
	p, known := s.principals[a.key]
	s.mu.Unlock()
	token := r.Header.Get("X-Amz-Security-Token")
	if !known || subtle.ConstantTimeCompare([]byte(token), []byte(p.token)) == 0 {
		return nil, &refusal{http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid."}
	}
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || a.service != "sts" || !strings.HasPrefix(r.Header.Get("X-Amz-Date"), a.date) {
		return nil, &refusal{http.StatusForbidden, "SignatureDoesNotMatch", "Credential should be scoped to a valid date and to correct service: 'sts'."}
	}
	if got, err := resign(r.Context(), r, body, p, a, signed); err != nil || subtle.ConstantTimeCompare([]byte(got), []byte(a.signature)) == 0 {
		return nil, &refusal{http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."}
	}
	now := s.cfg.Now()
	if now.Sub(signed).Abs() > maxSkew {
		return nil, &refusal{http.StatusForbidden, "SignatureDoesNotMatch", "Signature expired: " + signed.Format(time.RFC3339) + " is too far from " + now.UTC().Format(time.RFC3339)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.ended(now) {
		return nil, &refusal{http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired"}
	}
	return p, nil
}

// resign computes the signature that the request should have: that of a request
// with the signed headers only.
func resign(ctx context.Context, r *http.Request, body []byte, p *principal, a authorization, at time.Time) (string, error) {
	clean, err := http.NewRequestWithContext(ctx, r.Method, "http://"+r.Host+r.URL.RequestURI(), http.NoBody)
	if err != nil {
		return "", err //nolint:wrapcheck // only its presence counts
	}
	clean.Host = r.Host
	creds := aws.Credentials{AccessKeyID: a.key, SecretAccessKey: p.secret}
	for _, name := range a.headers {
		switch name {
		case "host", "x-amz-date":
		case "x-amz-security-token":
			creds.SessionToken = p.token
		case "content-length":
			clean.ContentLength = int64(len(body))
			clean.Body = io.NopCloser(strings.NewReader(string(body)))
		default:
			clean.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(ctx, creds, clean, hex.EncodeToString(sum[:]), a.service, a.region, at)
	if err != nil {
		return "", err //nolint:wrapcheck // only its presence counts
	}
	again, _ := parseAuthorization(clean.Header.Get("Authorization"))
	if !slices.Equal(again.headers, a.headers) {
		return "", nil
	}
	return again.signature, nil
}
