package doctor

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
)

// denies answers every request as AWS does when a right is missing.
type denies struct{}

// Do implements [aws.HTTPClient].
func (denies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	const body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
	return &http.Response{
		StatusCode: http.StatusForbidden, Header: http.Header{"X-Amz-Request-Id": {"R"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// The statements to add name what the bucket is, in the partition it is in.
func TestStatementsForEveryKindOfBucket(t *testing.T) {
	const (
		point   = "arn:aws-cn:s3:cn-north-1:444455556666:accesspoint/landing"
		outpost = "arn:aws:s3-outposts:eu-west-1:444455556666:outpost/op-01/accesspoint/landing"
	)
	for name, c := range map[string]struct {
		edit     func(*store.Config)
		actions  policy.Values
		resource string
		note     string
	}{
		"a bucket in GovCloud, with an ACL and tags": {
			func(s *store.Config) {
				s.Region, s.ACL, s.Tags = "us-gov-west-1", "bucket-owner-full-control", map[string]string{"a": "b"}
			},
			policy.Values{"s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"},
			"arn:aws-us-gov:s3:::landing/teams/orders/*", "",
		},
		"access point": {
			func(s *store.Config) { s.Bucket, s.Region = point, "" },
			policy.Values{"s3:PutObject"},
			point + "/object/teams/orders/*", "The bucket behind the access point",
		},
		"Outposts": {
			func(s *store.Config) { s.Bucket = outpost },
			policy.Values{"s3-outposts:PutObject"},
			outpost + "/object/teams/orders/*", "The bucket behind the access point",
		},
		"alias": {
			func(s *store.Config) { s.Bucket = "landing-abc-s3alias" },
			policy.Values{"s3:PutObject"},
			"arn:aws:s3:eu-west-1:<ACCOUNT ID>:accesspoint/<NAME OF THE ACCESS POINT>/object/teams/orders/*", "The bucket behind the access point",
		},
		"directory bucket": {
			func(s *store.Config) { s.Bucket, s.ExpectedBucketOwner = "landing--euw1-az1--x-s3", "444455556666" },
			policy.Values{"s3express:CreateSession"},
			"arn:aws:s3express:eu-west-1:444455556666:bucket/landing--euw1-az1--x-s3", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Probe: health.ProbeConfig{Prefix: "teams/orders/", Prove: true}, Store: store.Config{
				Bucket: "landing", Region: "eu-west-1", HTTP: store.HTTPConfig{Client: denies{}},
				Auth: auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "AKIA", SecretAccessKey: "s"},
			}}
			c.edit(&cfg.Store)
			r := Run(t.Context(), cfg)
			assert.Equal(t, ExitFailed, r.ExitCode())
			for _, row := range r.Rows {
				if row.Check != "write" {
					continue
				}
				assert.Equal(t, store.ClassDenied, row.Class, row.Detail)
				require.Len(t, row.Fixes, 1)
				assert.Equal(t, c.actions, row.Fixes[0].Statement.Action)
				assert.Equal(t, policy.Values{c.resource}, row.Fixes[0].Statement.Resource)
				assert.Contains(t, row.Fixes[0].Note, c.note)
				assert.Contains(t, row.Detail, "allow "+c.actions[0])
				return
			}
			t.Fatal("nothing was written")
		})
	}
}

func TestADirectoryBucketIsNotListed(t *testing.T) {
	r := Run(t.Context(), Config{Store: store.Config{
		Bucket: "landing--euw1-az1--x-s3", Region: "eu-west-1", HTTP: store.HTTPConfig{Client: denies{}},
		Auth: auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: "AKIA", SecretAccessKey: "s"},
	}})
	for _, row := range r.Rows {
		if row.Check == "list" {
			assert.Equal(t, Fails, row.Result)
			assert.Equal(t, Optional, row.Matters)
			assert.Contains(t, row.Detail, "a directory bucket lists its keys in no order")
			assert.Empty(t, row.Fixes)
			return
		}
	}
	t.Fatal("no row about listing")
}
