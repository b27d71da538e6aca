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
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// Store writes objects into one bucket. It is safe for concurrent use and holds
// nothing that needs closing but idle connections; see [Store.Close].
type Store struct {
	cfg       Config
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
	awsCfg.HTTPClient = httpClient
	creds := auth.New(cfg.Auth, awsCfg, func(ctx context.Context) (aws.CredentialsProvider, error) {
		again, err := loadAWS(ctx, cfg)
		return again.Credentials, err
	})
	awsCfg.Credentials = creds
	s := &Store{cfg: cfg, creds: creds, params: params, closeIdle: closeIdle, jitter: fullJitter}
	s.proof = proof{next: httpClient, tap: cfg.HTTP.Tap, learned: &s.learned}
	awsCfg.HTTPClient = &s.proof
	s.client = s3.NewFromConfig(awsCfg, func(o *s3.Options) {
		o.UsePathStyle = cfg.ForcePathStyle
		if cfg.Endpoint != "" {
			o.BaseEndpoint = aws.String(cfg.Endpoint)
		}
		// Our own loop retries; a second one inside it would multiply the tries
		// and hide the ambiguous ones.
		o.Retryer = aws.NopRetryer{}
		// Checksums are computed once, by us, and sent as plain headers.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
	s.believe(cfg.Conditions)
	options := s.client.Options()
	// The endpoint may also come from AWS_ENDPOINT_URL.
	s.checksum = cfg.Checksum.resolve(options.BaseEndpoint != nil)
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
