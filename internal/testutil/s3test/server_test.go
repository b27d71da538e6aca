package s3test_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is a plain SDK client: the server must convince somebody else's code.
func client(t *testing.T, server *s3test.Server, id, secret, token string) *s3.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return s3.New(s3.Options{
		Region: s3test.Region, BaseEndpoint: aws.String(server.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, token),
		Retryer:     aws.NopRetryer{}, HTTPClient: &http.Client{Transport: transport},
	})
}

func putObject(ctx context.Context, c *s3.Client, key, body string) error {
	_, err := c.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(s3test.DefaultBucket), Key: aws.String(key), Body: bytes.NewReader([]byte(body)),
		Metadata: map[string]string{"Team": "data"}, ContentType: aws.String("text/csv"),
	})
	return err
}

func code(err error) string {
	if err == nil {
		return ""
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return "no answer"
}

func TestStoredObjectsCanBeRead(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	c := client(t, server, server.AccessKey, server.SecretKey, "")
	require.NoError(t, putObject(t.Context(), c, "a/1", "one"))
	require.NoError(t, putObject(t.Context(), c, "b/2", "two"))
	assert.Equal(t, []string{"a/1", "b/2"}, server.Keys(""))
	assert.Len(t, server.Objects("a/"), 1)
	o, ok := server.Object("a/1")
	require.True(t, ok)
	assert.Equal(t, "one", string(o.Body))
	assert.Equal(t, map[string]string{"team": "data"}, o.Metadata)
	assert.Equal(t, "text/csv", o.Headers["content-type"])
	_, ok = server.Object("none")
	assert.False(t, ok)
	assert.Equal(t, 2, server.Count("PutObject"))
}

func TestOnlyAcceptedKeysGetIn(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.AddKey("ASIA1", "temp", "token-1")
	use := func(id, secret, token string) string {
		return code(putObject(t.Context(), client(t, server, id, secret, token), "k", "x"))
	}
	assert.Empty(t, use(server.AccessKey, server.SecretKey, ""))
	assert.Equal(t, "SignatureDoesNotMatch", use(server.AccessKey, "wrong", ""))
	assert.Equal(t, "InvalidAccessKeyId", use("AKIANOBODY", "x", ""))
	assert.Equal(t, "InvalidToken", use(server.AccessKey, server.SecretKey, "made-up"))
	assert.Empty(t, use("ASIA1", "temp", "token-1"))
	assert.Equal(t, "InvalidToken", use("ASIA1", "temp", "token-2"))
	server.ExpireKey("ASIA1")
	assert.Equal(t, "ExpiredToken", use("ASIA1", "temp", "token-1"))
	server.RemoveKey("ASIA1")
	assert.Equal(t, "InvalidAccessKeyId", use("ASIA1", "temp", "token-1"))
}

func TestChangedPayloadIsRefused(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Op: "PutObject", Do: func(x *s3test.Exchange) {
		body, _ := io.ReadAll(x.R.Body)
		body[0] ^= 1
		x.R.Body = io.NopCloser(bytes.NewReader(body))
		x.R.Header.Del("X-Amz-Checksum-Crc32") // what is left is the signature
		x.Next.ServeHTTP(x.W, x.R)
	}})
	err := putObject(t.Context(), client(t, server, server.AccessKey, server.SecretKey, ""), "k", "content")
	require.Error(t, err)
	assert.Empty(t, server.Keys(""))
}

func TestFaults(t *testing.T) {
	cases := map[string]struct {
		do     s3test.Action
		want   string
		stored bool
	}{
		"fail":            {s3test.Fail(403, "AccessDenied", "no"), "AccessDenied", false},
		"fail after body": {s3test.FailAfterBody(500, "InternalError", "oh"), "InternalError", false},
		"slow down":       {s3test.SlowDown(time.Second), "SlowDown", false},
		"redirect":        {s3test.Redirect("eu-west-1"), "PermanentRedirect", false},
		"error inside":    {s3test.ErrorInside("InternalError", "oh"), "InternalError", false},
		"delay":           {s3test.Delay(time.Millisecond), "", true},
		"reset":           {s3test.Reset(2), "no answer", false},
		"lose response":   {s3test.LoseResponse(), "no answer", true},
		"then fail":       {s3test.ThenFail(500, "InternalError", "oh"), "InternalError", true},
		"hang":            {s3test.Hang(), "no answer", false},
		"hang unread":     {s3test.HangUnread(), "no answer", false},
	}
	for name, c := range cases {
		for _, tls := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				server := s3test.StartT(t, s3test.Config{TLS: tls})
				server.Faults.Add(s3test.Rule{Do: c.do})
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				sdk := client(t, server, server.AccessKey, server.SecretKey, "")
				if tls {
					sdk = trusting(t, server)
				}
				err := putObject(ctx, sdk, "k", "content")
				if name == "error inside" {
					// PutObject has no body to hide an error in.
					return
				}
				assert.Equal(t, c.want, code(err), "%v", err)
				_, ok := server.Object("k")
				assert.Equal(t, c.stored, ok)
			})
		}
	}
}

func trusting(t *testing.T, server *s3test.Server) *s3.Client {
	t.Helper()
	c := server.Client()
	t.Cleanup(c.CloseIdleConnections)
	return s3.New(s3.Options{
		Region: s3test.Region, BaseEndpoint: aws.String(server.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
		Retryer:     aws.NopRetryer{}, HTTPClient: c,
	})
}

func TestRulesAreUsedUpInOrder(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	c := client(t, server, server.AccessKey, server.SecretKey, "")
	first := server.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^a", Skip: 1, Times: 1, Do: s3test.Fail(500, "First", "")})
	server.Faults.Add(s3test.Rule{Match: func(r s3test.Request) bool { return r.Method == http.MethodPut }, Skip: 2, Do: s3test.Fail(500, "Second", "")})
	var got []string
	for _, key := range []string{"a1", "a2", "b", "a3"} {
		got = append(got, code(putObject(t.Context(), c, key, "x")))
	}
	assert.Equal(t, []string{"", "First", "", "Second"}, got)
	assert.Equal(t, 1, first.Hits())
	server.Faults.Clear()
	require.NoError(t, putObject(t.Context(), c, "a4", "x"))
}

func TestEncryptionIsNotedAndEchoed(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	out, err := client(t, server, server.AccessKey, server.SecretKey, "").PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(server.Bucket), Key: aws.String("k"),
		ServerSideEncryption: "aws:kms", SSEKMSKeyId: aws.String("key-1"),
	})
	require.NoError(t, err)
	assert.Equal(t, "aws:kms", string(out.ServerSideEncryption))
	o, _ := server.Object("k")
	assert.Equal(t, "key-1", o.Encryption.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"))
}

func TestCloseEndsWhatHangs(t *testing.T) {
	server, err := s3test.Start(s3test.Config{})
	require.NoError(t, err)
	server.Faults.Add(s3test.Rule{Do: s3test.Hang()})
	done := make(chan error, 1)
	c := client(t, server, server.AccessKey, server.SecretKey, "")
	go func() { done <- putObject(context.Background(), c, "k", "x") }()
	require.Eventually(t, func() bool { return server.Count("PutObject") == 1 }, 5*time.Second, time.Millisecond)
	server.Close()
	server.Close()
	require.Error(t, <-done)
}

func TestConditionalWritesAreAtomic(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	c := client(t, server, server.AccessKey, server.SecretKey, "")
	body := strings.Repeat("x", 10_000)
	for round := range 50 {
		var wins atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
					Bucket: &server.Bucket, Key: aws.String(fmt.Sprint("k", round)),
					Body: strings.NewReader(body), IfNoneMatch: aws.String("*"),
				})
				if err == nil {
					wins.Add(1)
				}
			})
		}
		wg.Wait()
		require.Equal(t, int32(1), wins.Load())
	}
}

// TestABodyThatNeverEndsKeepsNobodyFromWriting: the key is free until another object
// is there in whole.
func TestABodyThatNeverEndsKeepsNobodyFromWriting(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	const unsigned = "UNSIGNED-PAYLOAD"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/"+server.Bucket+"/k", strings.NewReader("half"))
	require.NoError(t, err)
	req.Header.Set("X-Amz-Content-Sha256", unsigned)
	keys := aws.Credentials{AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey}
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), keys, req, unsigned, "s3", s3test.Region, time.Now()))
	var text bytes.Buffer
	require.NoError(t, req.Write(&text))
	_, err = conn.Write(bytes.TrimSuffix(text.Bytes(), []byte("lf")))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return server.Count("PutObject") == 1 }, time.Minute, time.Millisecond)
	time.Sleep(50 * time.Millisecond) // it has come as far as it can
	require.NoError(t, putObject(t.Context(), client(t, server, server.AccessKey, server.SecretKey, ""), "k", "whole"))
	_, err = conn.Write([]byte("lf"))
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), req)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusOK, answer.StatusCode, "it was taken, in the end")
}
