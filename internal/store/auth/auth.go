// Package auth finds the credentials for S3 and keeps them fresh. How they are
// found is one choice, [Mode]; everything behind it is a [Provider].
package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	// ModeAssumeRole exchanges the base credentials for those of a role.
	ModeAssumeRole Mode = "assume_role"
)

// Config says where credentials come from. The zero value is [ModeDefault].
type Config struct {
	// Mode is the way; empty means [ModeDefault].
	Mode Mode
	// AccessKeyID and SecretAccessKey are a static key: both or none.
	AccessKeyID, SecretAccessKey string
	// SessionToken belongs to temporary static keys; usually empty.
	SessionToken string
}

// Validate reports a combination that cannot work. It never mentions a value
// of a secret.
func (c Config) Validate() error {
	if (c.AccessKeyID == "") != (c.SecretAccessKey == "") {
		return errors.New("auth.access_key_id and auth.secret_access_key are only valid together")
	}
	if c.SessionToken != "" && c.AccessKeyID == "" {
		return errors.New("auth.session_token needs auth.access_key_id and auth.secret_access_key")
	}
	switch c.Mode {
	case "", ModeDefault:
		if c.AccessKeyID != "" {
			return fmt.Errorf("auth.access_key_id has no effect with auth.mode %q: use %q", ModeDefault, ModeAccessKey)
		}
	case ModeAccessKey, ModeBucketPolicy:
		if c.AccessKeyID == "" {
			return fmt.Errorf("auth.mode %s needs auth.access_key_id and auth.secret_access_key", c.Mode)
		}
	case ModeAssumeRole:
		return fmt.Errorf("auth.mode %s is not supported yet", ModeAssumeRole)
	default:
		return fmt.Errorf("unknown auth.mode %q: use one of %s, %s, %s, %s",
			c.Mode, ModeDefault, ModeAccessKey, ModeBucketPolicy, ModeAssumeRole)
	}
	return nil
}

// Static returns the provider of the configured static key, or nil when the
// mode does not use one.
func (c Config) Static() aws.CredentialsProvider {
	if c.AccessKeyID == "" {
		return nil
	}
	return credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

// RetrieveError says that no credentials could be had, as opposed to S3
// refusing the ones that were used.
type RetrieveError struct{ Err error }

// Error implements error. The text of the SDK's providers holds no secret.
func (e *RetrieveError) Error() string { return "getting credentials: " + e.Err.Error() }

// Unwrap gives the provider's own error.
func (e *RetrieveError) Unwrap() error { return e.Err }

// Provider caches credentials and lets a caller that saw them refused throw
// them away. It is safe for concurrent use.
type Provider struct {
	cache *aws.CredentialsCache

	mu          sync.Mutex
	invalidated time.Time
}

// NewProvider wraps src, the provider that a configuration resolved to. A nil
// src fails every retrieval.
func NewProvider(src aws.CredentialsProvider) *Provider {
	if src == nil {
		src = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("no credentials are configured")
		})
	}
	cache, ok := src.(*aws.CredentialsCache)
	if !ok {
		// Refreshing five minutes early keeps a slow upload from being signed
		// with a token that expires on its way.
		cache = aws.NewCredentialsCache(src, func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = 5 * time.Minute
			o.ExpiryWindowJitterFrac = 0.5
		})
	}
	return &Provider{cache: cache}
}

// Retrieve implements [aws.CredentialsProvider]. Its errors are
// [*RetrieveError], except that a cancelled ctx stays recognisable.
func (p *Provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	creds, err := p.cache.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, &RetrieveError{Err: err}
	}
	return creds, nil
}

// Invalidate drops the cached credentials because a request that began at since
// was told that they are no longer good. It does nothing when they have been
// dropped after that moment: with many requests in flight, one expiry must not
// become as many refreshes.
func (p *Provider) Invalidate(since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.invalidated.After(since) {
		return
	}
	p.invalidated = time.Now()
	p.cache.Invalidate()
}
