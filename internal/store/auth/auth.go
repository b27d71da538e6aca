// Package auth finds the credentials for S3 and keeps them fresh. How they are
// found is one choice, [Mode]; everything behind it is a [Provider]: base
// credentials, and any number of roles assumed one from the other.
package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Mode names a way of obtaining credentials.
type Mode string

const (
	// ModeDefault uses the SDK's chain: environment, shared profile, web
	// identity, container and instance role.
	ModeDefault Mode = "default"
	// ModeAccessKey uses a static key of a user made for the writer.
	ModeAccessKey Mode = "access_key"
	// ModeBucketPolicy uses a static key of the writer's own account, which the
	// bucket's policy grants access. On the wire it is like [ModeAccessKey].
	ModeBucketPolicy Mode = "bucket_policy"
	// ModeAssumeRole exchanges the base credentials for those of a role, and
	// those again for each further role of the chain.
	ModeAssumeRole Mode = "assume_role"
)

// Limits of STS:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	// MinSessionDuration is the shortest session that AWS grants.
	MinSessionDuration = 15 * time.Minute
	// MaxSessionDuration is the longest that a role can be set up for.
	MaxSessionDuration = 12 * time.Hour
	// MaxChainedDuration bounds the session of a role that is assumed with the
	// credentials of another role.
	MaxChainedDuration = time.Hour
)

// Config says where credentials come from. The zero value is [ModeDefault].
type Config struct {
	// Mode is the way; empty means [ModeDefault].
	Mode Mode
	// AccessKeyID and SecretAccessKey are a static key: both or none. With
	// [ModeAssumeRole] they are the base credentials.
	AccessKeyID, SecretAccessKey string
	// SessionToken belongs to temporary static keys; usually empty.
	SessionToken string

	// Label names the destination in session names, hence in the CloudTrail of
	// the account that owns the bucket. It may hold any character.
	Label string
	// RoleARN and ExternalID are the only hop of a chain of one. They exclude
	// Chain.
	RoleARN, ExternalID string
	// Chain lists the roles in the order in which they are assumed; the last
	// one writes. Members that a hop leaves empty come from the fields below.
	Chain []Hop
	// SessionName, SessionDuration, STSEndpoint, STSRegion and SessionTags are
	// the defaults of every hop.
	SessionName     string
	SessionDuration time.Duration
	STSEndpoint     string
	STSRegion       string
	SessionTags     map[string]string
}

// Hop is one role to assume.
type Hop struct {
	// RoleARN is the role's own ARN, arn:aws:iam::<account>:role/<name>.
	RoleARN string
	// ExternalID is sent when not empty; the role's trust policy may demand
	// it. It is no secret to AWS, but is kept out of errors all the same.
	ExternalID string
	// SessionName appears in CloudTrail. Empty means s3-destination-<label>.
	SessionName string
	// SessionDuration is how long the credentials last. Zero leaves it to STS:
	// one hour.
	SessionDuration time.Duration
	// STSEndpoint is a URL; empty means the regional endpoint of AWS.
	STSEndpoint string
	// Region is where STS is asked; empty means the region of the bucket.
	Region string
	// Tags are session tags; the role must allow sts:TagSession for them.
	Tags map[string]string
}

// Hops returns the roles to assume in order, with every default filled in;
// none unless the mode is [ModeAssumeRole].
func (c Config) Hops() []Hop {
	if c.Mode != ModeAssumeRole {
		return nil
	}
	hops := c.Chain
	if c.RoleARN != "" {
		hops = append([]Hop{{RoleARN: c.RoleARN, ExternalID: c.ExternalID}}, c.Chain...)
	}
	filled := make([]Hop, len(hops))
	for i, h := range hops {
		h.SessionName = first(h.SessionName, c.SessionName, SessionName(c.Label))
		h.STSEndpoint = first(h.STSEndpoint, c.STSEndpoint)
		h.Region = first(h.Region, c.STSRegion)
		if h.SessionDuration == 0 {
			h.SessionDuration = c.SessionDuration
		}
		if h.Tags == nil {
			h.Tags = c.SessionTags
		}
		filled[i] = h
	}
	return filled
}

// Base returns the configuration of the credentials that the first role is
// assumed with. For the other modes it is the configuration itself.
func (c Config) Base() Config {
	if c.Mode != ModeAssumeRole {
		return c
	}
	base := Config{
		Mode: ModeDefault, Label: c.Label, STSEndpoint: c.STSEndpoint, STSRegion: c.STSRegion,
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
	}
	if c.AccessKeyID != "" {
		base.Mode = ModeAccessKey
	}
	return base
}

// Static returns the provider of the configured static key, or nil when there
// is none. A configuration with roles has no credentials before they have been
// assumed, so its provider fails: pass [Config.Base] for what they start from.
func (c Config) Static() aws.CredentialsProvider {
	switch {
	case c.Mode == ModeAssumeRole:
		return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("the roles of auth have not been assumed")
		})
	case c.AccessKeyID == "":
		return nil
	}
	return credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

// String describes the configuration without its secrets, so that it can be
// printed by mistake.
func (c Config) String() string {
	return fmt.Sprintf("auth mode %q with %d roles", c.Mode, len(c.Hops()))
}

// GoString does the same for %#v.
func (c Config) GoString() string { return c.String() }

// String names the role and leaves the external id out.
func (h Hop) String() string { return "role " + h.RoleARN }

// GoString does the same for %#v.
func (h Hop) GoString() string { return h.String() }

// maxSessionName is the limit of STS, in characters.
const maxSessionName = 64

// SessionName is the name of the sessions of the destination with that label,
// reduced to the characters and the length that STS takes.
func SessionName(label string) string {
	name := "s3-destination"
	if label != "" {
		name += "-" + strings.Map(func(r rune) rune {
			if sessionNameRune(r) {
				return r
			}
			return '_'
		}, label)
	}
	return name[:min(len(name), maxSessionName)] // all single bytes by now
}

func sessionNameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		strings.ContainsRune("_+=,.@-", r)
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
