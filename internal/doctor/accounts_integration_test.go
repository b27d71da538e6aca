//go:build integration

package doctor

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

const writerAccount = "111122223333"

func putBucketPolicy(t *testing.T, server *versitygw.Server, d policy.Document) {
	t.Helper()
	_, err := server.Client().PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(server.Bucket), Policy: aws.String(string(d.JSON()))})
	require.NoError(t, err, string(d.JSON()))
}

func rowsOf(r *Report) map[string]Row {
	rows := map[string]Row{}
	for _, row := range r.Rows {
		rows[row.Check] = row
	}
	return rows
}

// The writer is another account than the bucket's; nothing but the bucket's
// policy lets it in. Accounts of this server are named by their access key.
func TestIntegrationBucketPolicyLetsAnotherAccountIn(t *testing.T) {
	server := versitygw.StartWith(t, versitygw.Config{Accounts: true})
	server.AddAccount(t, writerAccount, "secret-of-the-other-account")
	server.AddAccount(t, "999999999999", "secret-of-a-third-account")
	cfg := Config{
		Probe: probe,
		Store: store.Config{
			Bucket: server.Bucket, Endpoint: server.URL, ForcePathStyle: true, Region: versitygw.Region,
			Auth:       auth.Config{Mode: auth.ModeBucketPolicy, AccessKeyID: writerAccount, SecretAccessKey: "secret-of-the-other-account"},
			Encryption: encryption.Config{Mode: encryption.ModeNone},
		},
		Policy: policy.Config{Principals: []string{writerAccount}},
	}
	r := Run(t.Context(), cfg)
	assert.Equal(t, ExitFailed, r.ExitCode())
	write := rowsOf(r)["write"]
	assert.Equal(t, store.ClassDenied, write.Class)
	require.Len(t, write.Fixes, 2, "both sides")
	assert.Equal(t, "the policy of bucket landing", write.Fixes[0].Where)

	putBucketPolicy(t, server, policy.Document{Version: "2012-10-17", Statement: []policy.Statement{write.Fixes[0].Statement}})
	r = Run(t.Context(), cfg)
	assert.True(t, r.OK(), "the advice is right")

	scope := policy.Config{Bucket: server.Bucket, Prefix: "teams/orders", Region: versitygw.Region, Mode: auth.ModeBucketPolicy, Principals: []string{writerAccount}}
	works := map[policy.Flavour][]string{
		policy.Minimum: {"write"}, policy.Recommended: {"write", "delete"}, policy.Full: {"write", "delete", "list", "read", "abort"},
	}
	for flavour, checks := range works {
		d, err := policy.Render(scope, policy.KindBucket, flavour)
		require.NoError(t, err)
		putBucketPolicy(t, server, d)
		rows := rowsOf(Run(t.Context(), cfg))
		for _, check := range works[policy.Full] {
			want := Fails
			for _, c := range checks {
				if c == check {
					want = Works
				}
			}
			assert.Equal(t, want, rows[check].Result, "%s: %s: %s", flavour, check, rows[check].Detail)
		}
	}
	cfg.Store.Auth.AccessKeyID, cfg.Store.Auth.SecretAccessKey = "999999999999", "secret-of-a-third-account"
	assert.Equal(t, store.ClassDenied, rowsOf(Run(t.Context(), cfg))["write"].Class, "and nobody else")
}

// A bucket's policy that names an account leaves it to that account whom of its
// users it lets in: both sides must allow.
func TestIntegrationBothSidesOfABucketPolicy(t *testing.T) {
	g := startGateway(t)
	cfg := g.config()
	cfg.Store.Auth.Mode = auth.ModeBucketPolicy
	scope := policy.Config{Bucket: g.Bucket, Prefix: "teams/orders", Region: versitygw.Region, Mode: auth.ModeBucketPolicy, Principals: []string{versitygw.Account}}
	bucket, err := policy.Render(scope, policy.KindBucket, policy.Recommended)
	require.NoError(t, err)
	putBucketPolicy(t, g.Server, bucket)
	assert.Equal(t, store.ClassDenied, rowsOf(Run(t.Context(), cfg))["write"].Class, "the user's own policy is missing")
	user, err := policy.Render(scope, policy.KindRole, policy.Recommended)
	require.NoError(t, err)
	g.grant(t, user)
	r := Run(t.Context(), cfg)
	assert.True(t, r.OK())
	assert.Equal(t, Works, rowsOf(r)["delete"].Result)

	g.Revoke(t)
	scope.Principals = []string{g.UserARN}
	bucket, err = policy.Render(scope, policy.KindBucket, policy.Recommended)
	require.NoError(t, err)
	putBucketPolicy(t, g.Server, bucket)
	assert.True(t, Run(t.Context(), cfg).OK(), "within an account the user named there needs no more")
}

func TestIntegrationSourceAddresses(t *testing.T) {
	g := startGateway(t)
	for address, want := range map[string]store.Class{"127.0.0.0/8": "", "192.0.2.0/24": store.ClassDenied} {
		d, err := policy.RenderTemplate(policy.Config{Bucket: g.Bucket, Prefix: "teams/orders", SourceIPs: []string{address}}, "P10")
		require.NoError(t, err)
		g.grant(t, d)
		_, rows := g.examine(t)
		assert.Equal(t, want, rows["write"].Class, address)
		if want != "" {
			assert.Contains(t, rows["write"].Detail, "another source IP")
		}
	}
}

// What the program prints is accepted by a service that checks the grammar.
func TestIntegrationTrustPoliciesAreAccepted(t *testing.T) {
	g := startGateway(t)
	for name, ids := range map[string][]string{"none": nil, "one": {"agency_ws1"}, "list": {"agency_ws1", "agency_ws2"}, "wildcard": {"agency_*"}} {
		c := policy.Config{
			Bucket: g.Bucket, Prefix: "teams/orders", Mode: auth.ModeAssumeRole, ExternalIDs: ids, SessionTags: true,
			RoleARN: "arn:aws:iam::" + versitygw.Account + ":role/" + name, Principals: []string{writerAccount},
		}
		trust, err := policy.Render(c, policy.KindTrust, "")
		require.NoError(t, err)
		rights, err := policy.RenderTemplate(c, "P8")
		require.NoError(t, err)
		assert.Equal(t, c.RoleARN, g.AddRole(t, name, trust.JSON(), rights.JSON()).ARN)
	}
}
