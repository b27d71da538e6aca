package s3test_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestEveryModeOfTheZooSaysWhatItIs(t *testing.T) {
	names := map[string]bool{}
	for _, m := range s3test.Zoo() {
		assert.Regexp(t, `^[a-z0-9][a-z0-9.-]*$`, m.Name)
		assert.False(t, names[m.Name], "%s is there twice", m.Name)
		names[m.Name] = true
		assert.Greater(t, len(m.About), 20, m.Name)
		assert.True(t, m.Source == "" || strings.HasPrefix(m.Source, "https://"), m.Name)
		assert.True(t, m.Settings == "" || strings.HasSuffix(m.Settings, "\n"), m.Name)
		for _, v := range []s3test.Verdict{m.Single, m.Multipart} {
			switch {
			case v.Copies == 0:
				assert.NotEmpty(t, v.Words, "%s: what does the message say?", m.Name)
			case v.Copies > 1:
				assert.NotEmpty(t, v.Why, "%s: why more than one copy?", m.Name)
				assert.LessOrEqual(t, v.Copies, 3, m.Name)
			}
			if v.Copies > 0 {
				assert.Empty(t, v.Class+strings.Join(v.Words, ""), "%s: stored, so that nothing is said", m.Name)
			}
		}
	}
	assert.GreaterOrEqual(t, len(names), 24)
}

// conditional writes a key that must be free, in one request or in parts.
func conditional(t *testing.T, c *s3.Client, key, body string, multipart bool) error {
	t.Helper()
	bucket, none := aws.String(s3test.DefaultBucket), aws.String("*")
	if !multipart {
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: strings.NewReader(body), IfNoneMatch: none})
		return err
	}
	u, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String(key)})
	require.NoError(t, err)
	p, err := c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: aws.String(key), UploadId: u.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader(body)})
	require.NoError(t, err)
	_, err = c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: aws.String(key), UploadId: u.UploadId, IfNoneMatch: none,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: p.ETag, PartNumber: aws.Int32(1)}}},
	})
	return err
}

func TestWhatConditionsDoInTheZoo(t *testing.T) {
	const refused, ignored = "PreconditionFailed", ""
	// The answers to a second PutObject, to Complete after PutObject, and to
	// Complete after Complete.
	for name, want := range map[string][]string{
		"minio":          {refused, refused, refused},
		"ceph-radosgw":   {refused, ignored, ignored},
		"moto":           {refused, refused, ignored},
		"seaweedfs-3.96": {ignored, ignored, ignored},
		"seaweedfs-4.16": {refused, refused, refused},
		"oss":            {"NotImplemented", "NotImplemented", "NotImplemented"},
	} {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{Mode: s3test.ModeNamed(name)})
			c := client(t, server, server.AccessKey, server.SecretKey, "")
			require.NoError(t, putObject(t.Context(), c, "put", "first"))
			got := []string{
				code(conditional(t, c, "put", "second", false)),
				code(conditional(t, c, "put", "third", true)),
			}
			_ = conditional(t, c, "parts", "first", true)
			got = append(got, code(conditional(t, c, "parts", "second", true)))
			assert.Equal(t, want, got)
			ignorances := slices.DeleteFunc(got, func(code string) bool { return code != ignored })
			assert.Len(t, server.Replaced(), len(ignorances), "the server tells of everything that was replaced")
		})
	}
}

func TestWritersAtTheSameMomentAllSucceedWithoutLocks(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{Mode: s3test.ModeNamed("seaweedfs-4.16")})
	c := client(t, server, server.AccessKey, server.SecretKey, "")
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() { assert.NoError(t, conditional(t, c, "k", fmt.Sprint(i), false)) })
	}
	wg.Wait()
	assert.Equal(t, []string{"k", "k"}, server.Replaced())
}

func TestListingsOfTheZoo(t *testing.T) {
	for name, want := range map[string][]string{
		"minio":            {"k1", "k2", "k3", "|", "k2", "k3"},
		"listing-is-empty": {"|"},
		"listing-lags":     {"|"},
		"listing-loops":    {"k1", "k2", "more", "|", "k1", "k2", "more"},
	} {
		t.Run(name, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{Mode: s3test.ModeNamed(name)})
			c := client(t, server, server.AccessKey, server.SecretKey, "")
			for _, key := range []string{"k1", "k2", "k3"} {
				require.NoError(t, putObject(t.Context(), c, key, key))
			}
			size := aws.Int32(3)
			if name == "listing-loops" {
				size = aws.Int32(2)
			}
			var got []string
			for _, after := range []*string{nil, aws.String("k1")} {
				page, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(s3test.DefaultBucket), StartAfter: after, MaxKeys: size})
				require.NoError(t, err)
				if after != nil {
					got = append(got, "|")
				}
				for _, o := range page.Contents {
					got = append(got, aws.ToString(o.Key))
				}
				if aws.ToBool(page.IsTruncated) {
					got = append(got, "more")
				}
			}
			assert.Equal(t, want, got)
		})
	}
}
