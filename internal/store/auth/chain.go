package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// Retries of one question to STS. Whoever waits for credentials is retried as a
// whole too, so that these are few; but a throttled STS must not be asked again
// at once.
const (
	stsAttempts   = 4
	stsMaxBackoff = 4 * time.Second
)

// newSTS returns a client that asks as the holder of creds.
func newSTS(cfg aws.Config, creds aws.CredentialsProvider, endpoint, region string) *sts.Client {
	cfg = cfg.Copy()
	cfg.Credentials = creds
	if region != "" {
		cfg.Region = region
	}
	return sts.NewFromConfig(cfg, func(o *sts.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts, r.MaxBackoff = stsAttempts, stsMaxBackoff
			r.RateLimiter = ratelimit.None // a bucket that runs dry would turn an outage into a verdict
		})
	})
}

// hop assumes one role with the credentials of the session before it.
type hop struct {
	Hop
	number, of int
	parent     *session
	// renewable: the parent can come up with other credentials than those
	// that were refused.
	renewable bool
	client    *sts.Client
}

// fetch gets credentials for a [session]. When STS finds those of the parent
// outdated, it has them renewed, which does the same one hop further up, and
// asks once more.
func (h *hop) fetch(ctx context.Context, _ bool) (aws.Credentials, error) {
	began := time.Now()
	creds, err := h.assume(ctx)
	if err != nil && h.renewable && outdated(err) {
		h.parent.drop(began)
		creds, err = h.assume(ctx)
	}
	if err == nil {
		return creds, nil
	}
	if upstream := isSourceError(err); upstream != nil {
		return aws.Credentials{}, upstream // names its own hop
	}
	return aws.Credentials{}, h.newError(err)
}

func (h *hop) assume(ctx context.Context) (aws.Credentials, error) {
	out, err := h.client.AssumeRole(ctx, h.input())
	if err != nil {
		return aws.Credentials{}, err //nolint:wrapcheck // fetch does
	}
	got := out.Credentials
	if got == nil || got.AccessKeyId == nil || got.SecretAccessKey == nil {
		return aws.Credentials{}, fmt.Errorf("STS answered without credentials")
	}
	expires := aws.ToTime(got.Expiration)
	if server, ok := middleware.GetServerTime(out.ResultMetadata); ok && got.Expiration != nil {
		// How long they last is exact; when they end, in the time of STS, is
		// not when our clock says so.
		expires = time.Now().Add(expires.Sub(server))
	}
	return aws.Credentials{
		AccessKeyID: *got.AccessKeyId, SecretAccessKey: *got.SecretAccessKey, SessionToken: aws.ToString(got.SessionToken),
		Source: "AssumeRole", CanExpire: got.Expiration != nil, Expires: expires,
	}, nil
}

func (h *hop) input() *sts.AssumeRoleInput {
	in := &sts.AssumeRoleInput{RoleArn: aws.String(h.RoleARN), RoleSessionName: aws.String(h.SessionName)}
	if h.ExternalID != "" {
		in.ExternalId = aws.String(h.ExternalID)
	}
	if h.SessionDuration > 0 {
		in.DurationSeconds = aws.Int32(int32(h.SessionDuration / time.Second))
	}
	for k, v := range h.Tags {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	slices.SortFunc(in.Tags, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return in
}
