package plugin_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// careless makes a server ignore If-None-Match: whatever is there is replaced.
func careless(t *testing.T, s *s3test.Server) {
	t.Helper()
	direct := s3test.StartT(t, s3test.Config{Upstream: s.URL, AccessKey: s.AccessKey, SecretKey: s.SecretKey, Buckets: []string{s.Bucket}})
	client := s3.New(s3.Options{
		Region: s3test.Region, BaseEndpoint: aws.String(direct.URL), UsePathStyle: true, HTTPClient: direct.Client(),
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""),
	})
	var mu sync.Mutex // replacing is one step to a store
	s.Faults.Add(s3test.Rule{Op: "PutObject", Match: func(r s3test.Request) bool { return r.Header.Get("If-None-Match") != "" }, Do: func(x *s3test.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		_, key, _ := strings.Cut(strings.TrimPrefix(x.R.URL.Path, "/"), "/")
		_, _ = client.DeleteObject(x.R.Context(), &s3.DeleteObjectInput{Bucket: aws.String(s.Bucket), Key: aws.String(key)})
		x.Next.ServeHTTP(x.W, x.R)
	}})
}

// The check finds out that the store ignores conditional writes; from then on
// no two objects share a name, whoever writes them.
func TestStoresThatIgnoreConditionsGetUniqueNames(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	careless(t, s)
	var wg sync.WaitGroup
	for range 3 { // at the same time, under the same names
		wg.Go(func() {
			logs := run(t, generate(1000, numbered, 50), outputYAML(s, jsonLines+"max_file_size: 2KB\nidle_timeout: 200ms\n"))
			assert.Equal(t, 1, strings.Count(logs, "ignores conditional writes"), logs)
		})
	}
	wg.Wait()
	found := ids(t, s, "in/f")
	require.Len(t, found, 1000)
	for id, n := range found {
		require.Equal(t, 3, n, "record %d", id)
	}
}

// Without the check and without conditions, names are unique from the start.
func TestConditionsThatAreOffMeanUniqueNames(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	for range 2 {
		logs := run(t, generate(1000, numbered, 50), outputYAML(s, jsonLines+"conditional_writes: \"off\"\nmax_file_size: 2KB\nidle_timeout: 200ms\n"))
		assert.NotContains(t, logs, "level=ERROR")
	}
	found := ids(t, s, "in/f")
	require.Len(t, found, 1000)
	for id, n := range found {
		require.Equal(t, 2, n, "record %d", id)
	}
	for _, r := range s.Requests("PutObject") {
		assert.Empty(t, r.Header.Get("If-None-Match"))
	}
}

// Where nobody finds out whether the store honours conditions, names are unique:
// a restart of an output without a health check replaces nothing.
func TestNothingIsReplacedWithoutAHealthCheck(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	careless(t, s)
	for range 2 {
		logs := run(t, generate(1000, numbered, 50), outputYAML(s, jsonLines+"max_file_size: 2KB\nidle_timeout: 200ms\nhealth_check: {enabled: false}\n"))
		assert.NotContains(t, logs, "level=ERROR")
	}
	found := ids(t, s, "in/")
	require.Len(t, found, 1000)
	for id, n := range found {
		require.Equal(t, 2, n, "record %d", id)
	}
}
