package plugin_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/ststest"
)

const (
	hub    = "arn:aws:iam::111122223333:role/hub"
	writer = "arn:aws:iam::444455556666:role/writer"
)

// chained starts an S3 and an STS server with two roles, the second of which
// trusts the first with an external id, and returns an output that goes
// through both.
func chained(t *testing.T, externalID string) (*s3test.Server, *ststest.Server, string) {
	t.Helper()
	s := s3test.StartT(t, s3test.Config{})
	sts := ststest.StartT(t, ststest.Config{Keys: s, Lifetime: time.Second})
	user := sts.AddUser("111122223333", "vendor")
	require.NoError(t, sts.AddRole(hub, `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`, 0))
	require.NoError(t, sts.AddRole(writer, fmt.Sprintf(`{"Statement":[{"Effect":"Allow","Principal":{"AWS":%q},"Action":["sts:AssumeRole","sts:TagSession"],
		"Condition":{"StringEquals":{"sts:ExternalId":"agency_ws1"}}}]}`, hub), 0))
	s.RemoveKey(s.AccessKey) // only sessions may write
	s.RemoveKey(user.AccessKeyID)
	s.Faults.Add(s3test.Rule{Match: func(s3test.Request) bool { sts.Sweep(); return false }})
	return s, sts, fmt.Sprintf(`
s3_destination:
  bucket: %s
  region: us-east-1
  endpoint: %s
  force_path_style_urls: true
  auth:
    mode: assume_role
    access_key_id: %s
    secret_access_key: %q
    sts_endpoint: %s
    role_chain:
      - role_arn: %s
      - {role_arn: %s, external_id: %q}
  folder: in
  file_name: 'f-{{chunk_id}}'
  file_format: json
  max_age: 100ms
`, s.Bucket, s.URL, user.AccessKeyID, user.SecretAccessKey, sts.URL, hub, writer, externalID)
}

func TestRoleChainWhoseSessionsExpireLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	s, sts, conf := chained(t, "agency_ws1")
	logs := run(t, `
generate: {count: 2000, interval: 2ms, batch_size: 1, mapping: 'root = {"id": counter()}'}
`, conf)
	requireOnceEach(t, ids(t, s, "in/f"), 2000)
	assert.NotContains(t, logs, "level=ERROR")
	assert.Greater(t, sts.Count("AssumeRole"), 6, "sessions of a second must have been renewed several times")
	for _, c := range sts.Calls() {
		if c.RoleARN == writer {
			assert.Equal(t, "agency_ws1", c.ExternalID)
			assert.Contains(t, c.Caller, ":assumed-role/hub/")
		}
	}
}

// Every hop has settings of its own, and takes what it leaves out from auth.
func TestHopsHaveTheirOwnSettings(t *testing.T) {
	s, sts, conf := chained(t, "agency_ws1")
	conf = strings.Replace(conf, "role_chain:", "session_name: ours\n    session_tags: {team: orders}\n    role_chain:", 1)
	conf = strings.Replace(conf, "- role_arn: "+hub, "- {role_arn: "+hub+", session_name: hub-session, session_duration: 20m, sts_region: eu-west-3, sts_endpoint: "+sts.URL+"/hub}", 1)
	logs := run(t, generate(100, numbered, 10), conf)
	assert.NotContains(t, logs, "level=ERROR")
	requireOnceEach(t, ids(t, s, "in/f"), 100)
	seen := map[string]bool{}
	for _, c := range sts.Calls() {
		seen[c.RoleARN] = true
		assert.Equal(t, map[string]string{"team": "orders"}, c.Tags)
		if c.RoleARN == hub {
			assert.Equal(t, "hub-session", c.SessionName)
			assert.Equal(t, 20*time.Minute, c.Duration)
			assert.Empty(t, c.ExternalID, "it goes to the hop that names it")
			assert.Equal(t, "eu-west-3", c.Region)
			assert.Equal(t, "/hub", c.Path)
		} else {
			assert.Equal(t, "ours", c.SessionName)
			assert.Zero(t, c.Duration)
			assert.Equal(t, "us-east-1", c.Region)
			assert.Equal(t, "/", c.Path)
		}
	}
	assert.Len(t, seen, 2)
}

func TestWrongExternalIDIsExplained(t *testing.T) {
	t.Parallel()
	_, _, conf := chained(t, "agency_other")
	stream, logs := build(t, generate(10, numbered, 1), conf)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	require.Error(t, stream.Run(ctx))
	assert.Contains(t, logs.String(), "hop 2 of 2")
	assert.Contains(t, logs.String(), writer)
	assert.Contains(t, logs.String(), "external")
	assert.NotContains(t, logs.String(), "agency_other")
}

// TestSecretsStayOut greps everything that a failing destination makes the
// output say for the secrets it was given.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]s3test.Action{
		"denied":         s3test.Fail(http.StatusForbidden, "AccessDenied", "Access Denied"),
		"bad signature":  s3test.Fail(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
		"expired":        s3test.Fail(http.StatusBadRequest, "ExpiredToken", "The provided token has expired."),
		"kms":            s3test.Fail(http.StatusBadRequest, "KMS.DisabledException", "disabled"),
		"no such bucket": s3test.Fail(http.StatusNotFound, "NoSuchBucket", "no"),
		"a broken reply": s3test.Reset(0),
	} {
		t.Run(name, func(t *testing.T) {
			s := s3test.StartT(t, s3test.Config{})
			s.AddKey("AKIAWITHATOKEN", "a-secret-of-the-test", "a-token-of-the-test")
			s.Faults.Add(s3test.Rule{Do: fault})
			stream, logs := build(t, generate(10, numbered, 1), fmt.Sprintf(`
s3_destination:
  bucket: %s
  region: us-east-1
  endpoint: %s
  force_path_style_urls: true
  auth: {mode: access_key, access_key_id: AKIAWITHATOKEN, secret_access_key: a-secret-of-the-test, session_token: a-token-of-the-test}
  file_format: json
  retry: {max_retries: 1, initial_interval: 1ms}
`, s.Bucket, s.URL))
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			require.Error(t, stream.Run(ctx))
			assert.Contains(t, logs.String(), "checking the destination")
			for _, secret := range []string{"a-secret-of-the-test", "a-token-of-the-test"} {
				assert.NotContains(t, logs.String(), secret)
			}
		})
	}
}
