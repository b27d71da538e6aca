package ststest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	roleARN = "arn:aws:iam::111122223333:role/r"
	anybody = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`
)

func client(s *Server, id, secret, token string) *sts.Client {
	return sts.New(sts.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://sts.test"), HTTPClient: Client{"sts.test": s},
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, token), Retryer: aws.NopRetryer{},
	})
}

func assume(t *testing.T, c *sts.Client, seconds int32) (*sts.AssumeRoleOutput, error) {
	t.Helper()
	in := &sts.AssumeRoleInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("me")}
	if seconds > 0 {
		in.DurationSeconds = aws.Int32(seconds)
	}
	return c.AssumeRole(t.Context(), in)
}

func TestLimits(t *testing.T) {
	s := New(Config{})
	require.NoError(t, s.AddRole(roleARN, anybody, 4*time.Hour))
	u := s.AddUser("111122223333", "u")
	user := client(s, u.AccessKeyID, u.SecretAccessKey, "")
	_, err := assume(t, user, 899)
	require.ErrorContains(t, err, "greater than or equal to 900")
	_, err = assume(t, user, 4*3600+1)
	require.ErrorContains(t, err, "MaxSessionDuration")
	out, err := assume(t, user, 4*3600)
	require.NoError(t, err)

	session := client(s, *out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	_, err = assume(t, session, 3601)
	require.ErrorContains(t, err, "role chaining")
	_, err = assume(t, session, 3600)
	require.NoError(t, err)

	s.Age(5 * time.Hour)
	_, err = assume(t, session, 0)
	require.ErrorContains(t, err, "ExpiredToken")
	noToken := client(s, *out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, "")
	_, err = assume(t, noToken, 0)
	require.ErrorContains(t, err, "InvalidClientTokenId")
}

func TestSignatureIsVerified(t *testing.T) {
	now := time.Now()
	s := New(Config{Now: func() time.Time { return now }})
	u := s.AddUser("111122223333", "u")
	ask := func(c *sts.Client) error {
		_, err := c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		return err
	}
	require.NoError(t, ask(client(s, u.AccessKeyID, u.SecretAccessKey, "")))
	require.ErrorContains(t, ask(client(s, u.AccessKeyID, "another", "")), "SignatureDoesNotMatch")
	now = now.Add(time.Hour)
	require.ErrorContains(t, ask(client(s, u.AccessKeyID, u.SecretAccessKey, "")), "Signature expired")

	// A body that was changed after signing.
	s.cfg.Now = time.Now
	tampered := client(s, u.AccessKeyID, u.SecretAccessKey, "")
	_, err := tampered.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}, func(o *sts.Options) {
		o.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
			form := url.Values{"Action": {"AssumeRole"}, "RoleArn": {roleARN}, "Version": {"2011-06-15"}}.Encode()
			r.Body, r.ContentLength = http.NoBody, 0
			again := r.Clone(r.Context())
			again.Body = readCloser{strings.NewReader(form)}
			return Client{"sts.test": s}.Do(again)
		})
	})
	require.ErrorContains(t, err, "SignatureDoesNotMatch")
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func TestTrustPoliciesThatAreNotUnderstoodAreRefused(t *testing.T) {
	s := New(Config{})
	for _, policy := range []string{
		`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`,
		`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`,
		`not JSON`,
	} {
		require.Error(t, s.AddRole(roleARN, policy, 0))
	}
}

func TestDenyWins(t *testing.T) {
	s := New(Config{})
	u := s.AddUser("111122223333", "u")
	require.NoError(t, s.AddRole(roleARN, `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:*"},{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}`, 0))
	_, err := assume(t, client(s, u.AccessKeyID, u.SecretAccessKey, ""), 0)
	require.ErrorContains(t, err, "AccessDenied")
}

type keys map[string]string

func (k keys) AddKey(id, secret, _ string) { k[id] = secret }
func (k keys) ExpireKey(id string)         { k[id] = "expired" }

func TestKeysAreHandedOver(t *testing.T) {
	k := keys{}
	s := New(Config{Keys: k, Lifetime: time.Minute})
	require.NoError(t, s.AddRole(roleARN, anybody, 0))
	u := s.AddUser("111122223333", "u")
	assert.Equal(t, u.SecretAccessKey, k[u.AccessKeyID])
	out, err := assume(t, client(s, u.AccessKeyID, u.SecretAccessKey, ""), 900)
	require.NoError(t, err)
	id := *out.Credentials.AccessKeyId
	assert.Equal(t, *out.Credentials.SecretAccessKey, k[id])
	assert.WithinDuration(t, time.Now().Add(time.Minute), *out.Credentials.Expiration, time.Second)
	assert.Equal(t, 0, s.Sweep())
	s.Age(time.Hour)
	assert.Equal(t, "expired", k[id])
	assert.NotEqual(t, "expired", k[u.AccessKeyID], "users do not end")
}
