package store

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// closer is a client that knows idle connections.
type closer struct {
	doer

	closed int
}

func (c *closer) CloseIdleConnections() { c.closed++ }

// TestClosingAStoreDropsItsConnections, also those of a client that was given.
func TestClosingAStoreDropsItsConnections(t *testing.T) {
	c := &closer{doer: func(r *http.Request) (*http.Response, error) { return reply(r, 200, ""), nil }}
	s, err := New(t.Context(), Config{Bucket: "b", Region: "r", HTTP: HTTPConfig{Client: c}})
	require.NoError(t, err)
	assert.Zero(t, c.closed)
	s.Close()
	assert.Equal(t, 1, c.closed)
	offline(t, c.doer, fastRetry()).Close() // one that knows none
}

// TestConnectionsAreKeptForTheNextObject, and given up with the store.
func TestConnectionsAreKeptForTheNextObject(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	client, ok := s.proof.next.(waiting).HTTPClient.(*http.Client)
	require.True(t, ok)
	transport := client.Transport.(*http.Transport)
	assert.Equal(t, maxIdlePerHost, transport.MaxIdleConnsPerHost)
	assert.Zero(t, transport.MaxIdleConns, "all hosts together are not limited")
	assert.False(t, transport.TLSClientConfig.InsecureSkipVerify)
	assert.Nil(t, transport.TLSClientConfig.RootCAs)
}

func TestCertificatesThatAreNotChecked(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{TLS: true})
	s := newStore(t, server, func(c *Config) { c.HTTP.SkipVerify = true })
	_, err := put(t.Context(), s, "k", nil)
	require.NoError(t, err)
}

func TestACAFileWithoutACertificate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, []byte("none"), 0o600))
	_, err := New(t.Context(), Config{Bucket: "b", Region: "r", HTTP: HTTPConfig{CAFile: file}})
	require.ErrorContains(t, err, "holds no certificate")
}

// TestWhatTheRegionComesFrom: the setting, the bucket, the environment, and for
// other stores one that they ignore.
func TestWhatTheRegionComesFrom(t *testing.T) {
	const point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/landing"
	for _, c := range []struct {
		cfg       Config
		env, want string
	}{
		{Config{Bucket: "b"}, "", ""},
		{Config{Bucket: "b"}, "eu-north-1", "eu-north-1"},
		{Config{Bucket: "b", Region: "eu-west-3"}, "eu-north-1", "eu-west-3"},
		{Config{Bucket: point}, "eu-north-1", "eu-west-1"},
		{Config{Bucket: "b", Endpoint: "http://minio"}, "", "us-east-1"},
		{Config{Bucket: "b", Endpoint: "http://minio"}, "eu-north-1", "eu-north-1"},
		{Config{Bucket: "b", Region: "eu-west-3", HTTP: HTTPConfig{CAFile: "/does/not/exist"}}, "", "eu-west-3"},
		{Config{Bucket: "s3://bad", Region: "eu-west-3"}, "", "eu-west-3"},
	} {
		t.Setenv("AWS_REGION", c.env)
		assert.Equal(t, c.want, RegionOf(t.Context(), c.cfg), "%+v", c)
	}
}

// TestAStoreTellsWhatItIs to those who report on it.
func TestAStoreTellsWhatItIs(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { c.Region = "eu-west-3" })
	assert.Equal(t, server.Bucket, s.Bucket())
	assert.Equal(t, "eu-west-3", s.Region())
	assert.True(t, s.Foreign())
	creds, err := s.Credentials().Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, server.AccessKey, creds.AccessKeyID)
	aws, err := New(t.Context(), Config{Bucket: "b", Region: "r", Auth: auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "a", SecretAccessKey: "s"}})
	require.NoError(t, err)
	defer aws.Close()
	assert.False(t, aws.Foreign())
}

// TestAnEnvironmentThatCannotBeRead ends the start, and not the first object.
func TestAnEnvironmentThatCannotBeRead(t *testing.T) {
	t.Setenv("AWS_PROFILE", "there is no such profile")
	_, err := New(t.Context(), Config{Bucket: "b", Region: "r"})
	require.ErrorContains(t, err, "loading the AWS configuration: ")
	assert.Equal(t, "eu-west-3", RegionOf(t.Context(), Config{Bucket: "b", Region: "eu-west-3"}))
}

// TestOnlyRequestsWithoutAVersionGetOne: whoever asks for another one, gets it.
func TestOnlyRequestsWithoutAVersionGetOne(t *testing.T) {
	for major, want := range map[int]string{0: "HTTP/1.1 1 1", 2: "HTTP/2.0 2 0"} {
		var got string
		client := waiting{doer(func(r *http.Request) (*http.Response, error) {
			got = fmt.Sprint(r.Proto, " ", r.ProtoMajor, " ", r.ProtoMinor)
			return reply(r, 200, ""), nil
		})}
		r := &http.Request{ProtoMajor: major}
		if major > 0 {
			r.Proto = "HTTP/2.0"
		}
		resp, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, got)
	}
}
