//go:build integration

package plugin_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/testutil/logs"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// slowly generates n numbered records over n times 2 ms.
func slowly(n int) string {
	return fmt.Sprintf("generate: {count: %d, interval: 2ms, batch_size: 1, mapping: 'root = {\"id\": counter()}'}", n)
}

// started is a stream on its way.
type started struct {
	logs *logs.Buffer
	done chan error
}

func start(t *testing.T, input, output string) started {
	t.Helper()
	stream, logs := build(t, input, output)
	s := started{logs, make(chan error, 1)}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	go func() {
		defer cancel()
		s.done <- stream.Run(ctx)
	}()
	return s
}

// says waits for words in the log.
func (s started) says(t *testing.T, words string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(s.logs.String(), words) }, patience, 20*time.Millisecond,
		"the log does not say %q: %s", words, s.logs)
}

func (s started) ends(t *testing.T) {
	t.Helper()
	require.NoError(t, <-s.done, s.logs.String())
	assert.NotContains(t, s.logs.String(), "Failed to send")
}

const quick = "file_format: json\nmax_age: 200ms\n"

func TestIntegrationTheRightToWriteIsMissingAtFirst(t *testing.T) {
	e := versitygw.StartEnforcing(t)
	e.Grant(t, rights(t, policy.Full, "s3:PutObject").JSON())
	s := start(t, slowly(1000), ofUser(e).conf(unencrypted+quick))
	s.says(t, "denied: AccessDenied")
	s.says(t, "allow s3:PutObject on arn:aws:s3:::landing/*")
	assert.Empty(t, objects(t, e.Client(), "in/"))
	e.Grant(t, rights(t, policy.Minimum).JSON())
	s.ends(t)
	requireOnceEach(t, countAll(t, e.Client(), "json"), 1000)
}

func TestIntegrationTheRightToWriteIsTakenAwayDuringARun(t *testing.T) {
	e := versitygw.StartEnforcing(t)
	e.Grant(t, rights(t, policy.Minimum).JSON())
	s := start(t, slowly(3000), ofUser(e).conf(unencrypted+quick))
	require.Eventually(t, func() bool { return len(objects(t, e.Client(), "in/teams/f")) > 1 }, patience, 50*time.Millisecond)
	e.Revoke(t)
	s.says(t, "does not accept data (denied)")
	assert.Contains(t, s.logs.String(), "allow s3:PutObject on arn:aws:s3:::landing/*")
	time.Sleep(time.Second)
	e.Grant(t, rights(t, policy.Minimum).JSON())
	s.ends(t)
	requireOnceEach(t, countAll(t, e.Client(), "json"), 3000)
}

func TestIntegrationWithoutTheRightToList(t *testing.T) {
	e := versitygw.StartEnforcing(t)
	e.Grant(t, rights(t, policy.Full, "s3:ListBucket").JSON())
	conf := ofUser(e).conf(unencrypted + "file_format: json\nmax_file_size: 2KB\n")
	for range 2 {
		logs := run(t, generate(1000, numbered, 50), conf)
		assert.NotContains(t, logs, "denied", "numbers are found by trying")
	}
	for id, times := range countAll(t, e.Client(), "json") {
		require.Equal(t, 2, times, "record %d", id)
	}
}

// behind puts faults in front of a real server.
func behind(t *testing.T, e *versitygw.Enforcing) (*s3test.Server, access) {
	t.Helper()
	proxy := s3test.StartT(t, s3test.Config{Upstream: e.URL, AccessKey: e.UserKey, SecretKey: e.UserSecret, Buckets: []string{e.Bucket}})
	a := ofUser(e)
	a.url = proxy.URL
	return proxy, a
}

// An answer is lost. With the right to read, the object is recognised; without
// it, it may be written once more.
func TestIntegrationWithAndWithoutTheRightToRead(t *testing.T) {
	for name, without := range map[string]string{"with": "", "without": "s3:GetObject"} {
		t.Run(name, func(t *testing.T) {
			e := versitygw.StartEnforcing(t)
			e.Grant(t, rights(t, policy.Full, without).JSON())
			proxy, a := behind(t, e)
			lost := proxy.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/teams/f", Times: 3, Do: s3test.LoseResponse()})
			run(t, generate(1000, numbered, 50), a.conf(unencrypted+"file_format: json\nmax_file_size: 5KB\n"))
			assert.Equal(t, 3, lost.Hits())
			assert.Positive(t, proxy.Count("HeadObject"))
			found := countAll(t, e.Client(), "json")
			require.Len(t, found, 1000)
			if without == "" {
				requireOnceEach(t, found, 1000)
			}
		})
	}
}

func TestIntegrationWithoutTheRightToAbort(t *testing.T) {
	e := versitygw.StartEnforcing(t)
	e.Grant(t, rights(t, policy.Full, "s3:AbortMultipartUpload").JSON())
	proxy, a := behind(t, e)
	proxy.Faults.Add(s3test.Rule{
		Op: "UploadPart", Match: func(r s3test.Request) bool { return r.Query.Get("partNumber") == "2" }, Times: 1,
		Do: s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "Access Denied"),
	})
	logs := run(t, generate(12_000, fmt.Sprintf(`root = {"id": counter(), "pad": %q}`, strings.Repeat("x", 900)), 100),
		a.conf(unencrypted+"file_format: json\nupload: {multipart_threshold: 5MiB, part_size: 5MiB}\n"))
	assert.Contains(t, logs, "Grant s3:AbortMultipartUpload")
	requireOnceEach(t, countAll(t, e.Client(), "json"), 12_000)
	left, err := e.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(e.Bucket)})
	require.NoError(t, err)
	var data, probes int
	for _, u := range left.Uploads {
		if strings.Contains(aws.ToString(u.Key), "_s3_destination_probe") {
			probes++
			continue
		}
		data++
	}
	assert.Equal(t, 1, data, "that could not be removed")
	assert.LessOrEqual(t, probes, 1, "uploads that prove conditions do not pile up")
}

func TestIntegrationWithoutTheRightToTag(t *testing.T) {
	e := versitygw.StartEnforcing(t)
	e.Grant(t, rights(t, policy.Full, "s3:PutObjectTagging").JSON())
	s := start(t, slowly(100), ofUser(e).conf(unencrypted+quick+"tags: {team: orders}\n"))
	s.says(t, "allow s3:PutObject and s3:PutObjectTagging")
	e.Grant(t, rights(t, policy.Full).JSON())
	s.ends(t)
	requireOnceEach(t, countAll(t, e.Client(), "json"), 100)
}

// The writer is another account than that of the bucket, whose policy lets it
// in.
func TestIntegrationBucketPolicyOfAnotherAccount(t *testing.T) {
	server := versitygw.StartWith(t, versitygw.Config{Accounts: true})
	const account, secret = "111122223333", "secret-of-the-other-account"
	server.AddAccount(t, account, secret)
	a := access{server.URL, versitygw.Region, server.Bucket, "bucket_policy", account, secret}
	s := start(t, slowly(1000), a.conf(unencrypted+quick))
	s.says(t, "denied: AccessDenied")
	d, err := policy.Render(policy.Config{Bucket: server.Bucket, Prefix: "in/teams", Principals: []string{account}}, policy.KindBucket, policy.Minimum)
	require.NoError(t, err)
	_, err = server.Client().PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(server.Bucket), Policy: aws.String(string(d.JSON()))})
	require.NoError(t, err)
	s.ends(t)
	requireOnceEach(t, countAll(t, server.Client(), "json"), 1000)
	assert.NotContains(t, s.logs.String(), secret)
}

// Sessions of a role end while records are on their way, one after the other;
// their successors are in the shared credentials file. Not one record is lost
// or doubled, and nobody notices.
func TestIntegrationSessionsEndDuringARun(t *testing.T) {
	e := versitygw.StartEnforcing(t)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}`
	role := e.AddRole(t, "landing", []byte(trust), rights(t, policy.Recommended).JSON())
	path := filepath.Join(t.TempDir(), "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path)
	rotate := func(i int) versitygw.Session {
		session := e.OpenSession(t, role, fmt.Sprint("NUMBER", i), time.Now().Add(time.Hour))
		text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n", session.AccessKey, session.SecretKey, session.Token)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return session
	}
	session := rotate(0)
	a := access{e.URL, versitygw.Region, e.Bucket, "default", "", ""}
	s := start(t, slowly(4000), a.conf(unencrypted+quick))
	for i := range 4 {
		time.Sleep(1500 * time.Millisecond)
		next := rotate(i + 1)
		e.EndSession(t, session)
		session = next
	}
	s.ends(t)
	requireOnceEach(t, countAll(t, e.Client(), "json"), 4000)
	assert.NotContains(t, s.logs.String(), "credentials")
	assert.NotContains(t, s.logs.String(), "level=ERROR")
}
