package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Identity is who the credentials of one step belong to.
type Identity struct {
	// Hop is 0 for the base credentials, then counts the roles from 1.
	Hop int
	// RoleARN is the role that was assumed; empty for the base.
	RoleARN string
	// Source names the SDK's provider, such as EnvConfigCredentials.
	Source string
	// Account and ARN are what STS calls this identity; empty when it could
	// not be asked.
	Account, ARN string
	// Expires is when the credentials end; zero when they do not.
	Expires time.Time
	// Err is why there are no credentials, and ends the chain.
	Err error
	// Unnamed is why STS does not say who this is although there are
	// credentials. S3-compatible stores often have no STS; it prevents nothing.
	Unnamed error
}

// namingTimeout bounds one question that nothing depends on.
const namingTimeout = 5 * time.Second

// errNotAsked: see [Provider.WhoAmI].
var errNotAsked = errors.New("STS was not asked")

// WhoAmI resolves the credentials step by step and, if ask is set, asks STS for
// the identity of each. It stops after the first step without credentials. Do
// not ask about the keys of a store that is not AWS: they are none of its
// business, and a closed network would only cost time.
func (p *Provider) WhoAmI(ctx context.Context, ask bool) []Identity {
	var all []Identity
	for i, s := range p.sessions {
		id := Identity{Hop: i}
		endpoint, region := p.asked.STSEndpoint, p.asked.STSRegion
		if i > 0 {
			id.RoleARN = p.hops[i-1].RoleARN
			endpoint, region = p.hops[i-1].STSEndpoint, p.hops[i-1].Region
		} else if len(p.hops) > 0 {
			endpoint, region = p.hops[0].STSEndpoint, p.hops[0].Region
		}
		creds, err := s.Retrieve(ctx)
		if err != nil {
			id.Err = &RetrieveError{Err: err}
			return append(all, id)
		}
		id.Source = creds.Source
		if creds.CanExpire {
			id.Expires = creds.Expires
		}
		if id.Unnamed = errNotAsked; ask {
			id.Account, id.ARN, id.Unnamed = whois(ctx, newSTS(p.cfg, s, endpoint, region))
		}
		all = append(all, id)
	}
	return all
}

func whois(ctx context.Context, client *sts.Client) (account, arn string, err error) {
	ctx, cancel := context.WithTimeout(ctx, namingTimeout)
	defer cancel()
	out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", "", fmt.Errorf("asking STS for the identity: %w", err)
	}
	return aws.ToString(out.Account), aws.ToString(out.Arn), nil
}
