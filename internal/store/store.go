package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/bucket"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// Store writes objects into one bucket. It is safe for concurrent use and holds
// nothing that needs closing but idle connections; see [Store.Close].
type Store struct {
	cfg       Config
	bucket    bucket.Name
	client    *s3.Client
	creds     *auth.Provider
	params    encryption.Params
	checksum  Checksum
	closeIdle func()
	learned   learned
	proof     proof
	limit     limit
	late      patience
	progress  progress

	// jitter draws from [0, ceiling]; tests replace it.
	jitter func(ceiling time.Duration) time.Duration
}

// New prepares a store. It reads the environment and the shared AWS files, but
// makes no request, neither to S3 nor to STS: whether the bucket answers is for
// a probe to find out.
func New(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	name, err := bucket.Parse(cfg.Bucket)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the setting
	}
	cfg.Region = first(cfg.Region, name.Region)
	params, err := cfg.Encryption.Params()
	if err != nil {
		return nil, err
	}
	awsCfg, err := loadAWS(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if awsCfg.Region == "" {
		return nil, fmt.Errorf("region is required: neither the setting nor the environment names the region of bucket %s", cfg.Bucket)
	}
	// Frozen before the roles are set up, so that STS is asked over the same
	// connections as S3.
	httpClient, closeIdle := freeze(awsCfg.HTTPClient)
	awsCfg.HTTPClient = waiting{httpClient}
	creds := auth.New(cfg.Auth, awsCfg, func(ctx context.Context) (aws.CredentialsProvider, error) {
		again, err := loadAWS(ctx, cfg)
		return again.Credentials, err
	})
	awsCfg.Credentials = creds
	s := &Store{cfg: cfg, bucket: name, creds: creds, params: params, closeIdle: closeIdle, jitter: fullJitter}
	s.proof = proof{next: waiting{httpClient}, tap: cfg.HTTP.Tap, learned: &s.learned}
	awsCfg.HTTPClient = &s.proof
	s.client = cfg.newClient(awsCfg, name.Kind)
	s.believe(cfg.Conditions)
	s.checksum = cfg.Checksum.resolve(s.Foreign())
	if s.bucket.Kind == bucket.Directory {
		s.learned.learn(List, Refuted) // in no order; see List
	}
	if err := addressable(ctx, cfg.Bucket, s.client.Options()); err != nil {
		return nil, err
	}
	return s, nil
}

// Close drops idle connections. Calls in flight are not affected.
func (s *Store) Close() {
	s.closeIdle()
}

// Bucket is the name of the bucket.
func (s *Store) Bucket() string { return s.cfg.Bucket }

// Region is the region that requests are signed for.
func (s *Store) Region() string { return s.region() }

// Foreign reports whether the store is another one than AWS.
func (s *Store) Foreign() bool {
	// The endpoint may also come from AWS_ENDPOINT_URL.
	return bucket.Foreign(aws.ToString(s.client.Options().BaseEndpoint))
}

// RegionOf is the region that a store of this configuration signs requests for:
// of the setting, of the ARN of an access point, or of the environment. It is
// empty when none of them names one. It makes no request.
func RegionOf(ctx context.Context, cfg Config) string {
	if name, err := bucket.Parse(cfg.Bucket); err == nil {
		cfg.Region = first(cfg.Region, name.Region)
	}
	awsCfg, err := loadAWS(ctx, cfg)
	if err != nil {
		return cfg.Region
	}
	return awsCfg.Region
}

// Credentials is the source of the store's credentials, for telling who it is.
func (s *Store) Credentials() *auth.Provider { return s.creds }

func (s *Store) region() string { return s.client.Options().Region }

func loadAWS(ctx context.Context, cfg Config) (aws.Config, error) {
	client, err := cfg.HTTP.client()
	if err != nil {
		return aws.Config{}, err
	}
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithLogger(logging.Nop{}), // errors are returned, never logged
	}
	switch {
	case cfg.Region != "":
		options = append(options, config.WithRegion(cfg.Region))
	case cfg.Endpoint != "":
		// Compatible stores mostly ignore the region, but a signature needs one.
		options = append(options, config.WithDefaultRegion("us-east-1"))
	}
	if static := cfg.Auth.Base().Static(); static != nil {
		options = append(options, config.WithCredentialsProvider(static))
	}
	awsCfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	return awsCfg, nil
}
