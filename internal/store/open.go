package store

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3-destination/s3-destination/internal/store/auth"
)

// Tap is shown every answer of S3 before the SDK reads it, for facts that no
// method of [Store] returns: the clock of the server, the encryption that it
// reports. It must not touch the body, and is called from the goroutine of the
// request.
type Tap func(*http.Response)

// Open is [New] for every way of authentication: it assumes the roles of
// cfg.Auth, and it reads credential files again when they change. tap may be
// nil.
func Open(ctx context.Context, cfg Config, tap Tap) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	based := cfg
	based.Auth = cfg.Auth.Base()
	s, err := New(ctx, based)
	if err != nil {
		return nil, err
	}
	load := func(ctx context.Context) (aws.Config, error) { return loadAWS(ctx, based) }
	awsCfg, err := load(ctx)
	if err != nil {
		return nil, err
	}
	// Frozen like that of S3, so that STS is asked over the same connections.
	options := s.client.Options()
	awsCfg.HTTPClient, awsCfg.Region = options.HTTPClient, options.Region
	s.creds = auth.New(cfg.Auth, awsCfg, func(ctx context.Context) (aws.CredentialsProvider, error) {
		again, err := load(ctx)
		return again.Credentials, err
	})
	s.client = s3.New(options, func(o *s3.Options) {
		o.Credentials = s.creds
		o.ExpressCredentials = nil // made anew, for these credentials
		if tap != nil {
			o.HTTPClient = tapped{options.HTTPClient, tap}
		}
	})
	return s, nil
}

// Credentials is the source of the store's credentials, for telling who it is.
func (s *Store) Credentials() *auth.Provider { return s.creds }

// Region is the region that requests are signed for.
func (s *Store) Region() string { return s.region() }

type tapped struct {
	next s3.HTTPClient
	tap  Tap
}

// Do implements [s3.HTTPClient].
func (t tapped) Do(r *http.Request) (*http.Response, error) {
	resp, err := t.next.Do(r)
	if err == nil {
		t.tap(resp)
	}
	return resp, err //nolint:wrapcheck // a transparent client
}
