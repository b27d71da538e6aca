//go:build integration

package store

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// skewed is the network as a machine sees it whose clock is ahead by a while:
// what it sends is signed for a later time, and what it is told is earlier.
type skewed struct {
	by     time.Duration
	creds  aws.Credentials
	region string
	silent bool // the server does not tell the time
}

const signedAt = "20060102T150405Z"

func (s skewed) Do(r *http.Request) (*http.Response, error) {
	at, err := time.Parse(signedAt, r.Header.Get("X-Amz-Date"))
	if err != nil {
		return nil, err
	}
	r.Header.Del("Authorization")
	err = v4.NewSigner().SignHTTP(r.Context(), s.creds, r, r.Header.Get("X-Amz-Content-Sha256"), "s3", s.region, at.Add(s.by),
		func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if now, err := http.ParseTime(resp.Header.Get("Date")); err == nil && !s.silent {
		resp.Header.Set("Date", now.Add(-s.by).Format(http.TimeFormat))
	} else {
		resp.Header.Del("Date")
	}
	return resp, nil
}

func TestIntegrationSkewedClock(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	server := versitygw.Start(t)
	open := func(by time.Duration, silent bool) *Store {
		return realStore(t, server, func(c *Config) {
			c.HTTP.Client = skewed{
				by: by, region: versitygw.Region, silent: silent,
				creds: aws.Credentials{AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
			}
		})
	}
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		r, err := put(t.Context(), open(by, false), "learnt"+by.String(), []byte("x"))
		require.NoError(t, err, "the second try is signed with the server's time")
		assert.Equal(t, 2, r.Attempts)
		_, err = put(t.Context(), open(by, true), "refused", []byte("x"))
		require.Equal(t, ClassClockSkew, ClassOf(err), "%v", err)
		require.ErrorContains(t, err, "synchronise this machine's clock")
	}
	r, err := put(t.Context(), open(time.Minute, true), "tolerated", []byte("x"))
	require.NoError(t, err, "S3 allows for a quarter of an hour")
	assert.Equal(t, 1, r.Attempts)
}

// landingRole makes a role with the minimum of rights.
func landingRole(t *testing.T, server *versitygw.Enforcing) versitygw.Role {
	t.Helper()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}`
	rights := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::landing/in/*"}]}`
	return server.AddRole(t, "landing", []byte(trust), []byte(rights))
}

func TestIntegrationSessions(t *testing.T) {
	server := versitygw.StartEnforcing(t)
	role := landingRole(t, server)
	session := server.OpenSession(t, role, "ONE", time.Now().Add(time.Hour))
	as := func(token string) *Store {
		return realStore(t, server.Server, func(c *Config) {
			c.Auth.AccessKeyID, c.Auth.SecretAccessKey, c.Auth.SessionToken = session.AccessKey, session.SecretKey, token
		})
	}
	_, err := put(t.Context(), as(session.Token), "in/k", []byte("x"))
	require.NoError(t, err)
	_, err = put(t.Context(), as(session.Token), "elsewhere/k", []byte("x"))
	require.Equal(t, ClassDenied, ClassOf(err), "the role's policy is enforced: %v", err)
	for name, token := range map[string]string{"bogus": "bogus-token", "missing": ""} {
		_, err = put(t.Context(), as(token), "in/"+name, []byte("x"))
		require.Equal(t, ClassCredentials, ClassOf(err), "%s: %v", name, err)
		require.ErrorContains(t, err, "session token")
		assert.NotContains(t, err.Error(), session.SecretKey)
	}
	server.EndSession(t, session)
	_, err = put(t.Context(), as(session.Token), "in/expired", []byte("x"))
	require.Equal(t, ClassCredentials, ClassOf(err), "%v", err)
	assert.NotContains(t, err.Error(), session.Token)
}

// Each right has its operation, its class and its advice.
func TestIntegrationEachMissingRight(t *testing.T) {
	server := versitygw.StartEnforcing(t)
	_, err := put(t.Context(), realStore(t, server.Server, nil), "in/k", []byte("x"))
	require.NoError(t, err, "root may")
	server.Grant(t, []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::landing"}]}`))
	s := realStore(t, server.Server, func(c *Config) {
		smallParts(c)
		c.Auth.AccessKeyID, c.Auth.SecretAccessKey = server.UserKey, server.UserSecret
	})
	tagging := realStore(t, server.Server, func(c *Config) {
		c.Auth.AccessKeyID, c.Auth.SecretAccessKey = server.UserKey, server.UserSecret
		c.Tags = map[string]string{"team": "orders"}
	})
	for right, try := range map[string]func() error{
		"s3:PutObject on arn:aws:s3:::landing/*": func() error { _, err := put(t.Context(), s, "in/new", []byte("x")); return err },
		"s3:PutObject on arn:aws:s3:::landing/":  func() error { _, err := put(t.Context(), s, "in/large", randomBytes(2*minPartSize)); return err },
		"s3:PutObject and s3:PutObjectTagging":   func() error { _, err := put(t.Context(), tagging, "in/tagged", []byte("x")); return err },
		"s3:DeleteObject":                        func() error { return s.Delete(t.Context(), "in/k") },
		"s3:GetObject":                           func() error { _, err := s.Head(t.Context(), "in/k"); return err },
		"s3:ListBucket on arn:aws:s3:::landing ": func() error { _, err := s.List(t.Context(), "in/", "", 1); return err },
		"s3:AbortMultipartUpload":                func() error { return s.MayAbort(t.Context(), "in/k") },
	} {
		err := try()
		require.Equal(t, ClassDenied, ClassOf(err), "%s: %v", right, err)
		require.ErrorContains(t, err, "allow "+right)
		assert.True(t, MissingRight(err))
	}
}
