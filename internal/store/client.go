package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3-destination/s3-destination/internal/store/bucket"
)

// newClient makes the client of the SDK that sends everything.
func (c Config) newClient(awsCfg aws.Config, kind bucket.Kind) *s3.Client {
	client := s3.NewFromConfig(awsCfg, func(o *s3.Options) {
		o.UsePathStyle = c.ForcePathStyle
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
		// Our own loop retries; a second one inside it would multiply the tries
		// and hide the ambiguous ones.
		o.Retryer = aws.NopRetryer{}
		// Checksums are computed once, by us, and sent as plain headers.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.APIOptions = append(o.APIOptions, signNoAcceptEncoding)
		if c.RequestPayer != "" {
			// On every operation, so that none can be forgotten: a bucket whose
			// requesters pay refuses each one without it.
			o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amz-Request-Payer", c.RequestPayer))
		}
	})
	if kind == bucket.Directory {
		return withSessions(client)
	}
	return client
}

// signNoAcceptEncoding sends Accept-Encoding outside the signature. Proxies may
// rewrite it, as the front end of Google Cloud Storage does before the signature
// is looked at, and S3 does not ask for it to be signed
// (https://github.com/aws/aws-sdk-go-v2/issues/1816). It is sent at all so that
// net/http does not ask for gzip, which would hide the length of an answer.
func signNoAcceptEncoding(stack *middleware.Stack) error {
	if _, err := stack.Finalize.Remove("DisableAcceptEncodingGzip"); err != nil {
		return fmt.Errorf("leaving Accept-Encoding out of the signature: %w", err)
	}
	identity := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
		middleware.FinalizeOutput, middleware.Metadata, error,
	) {
		if r, ok := in.Request.(*smithyhttp.Request); ok {
			r.Header.Set("Accept-Encoding", "identity")
		}
		return next.HandleFinalize(ctx, in)
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("UnsignedAcceptEncoding", identity), "Signing", middleware.After)
}

// addressable finds out whether the SDK can make a URL of the bucket. It makes
// no request: what cannot be combined, such as FIPS with an endpoint, is said at
// the start and not of every object.
func addressable(ctx context.Context, name string, o s3.Options) error {
	_, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, s3.EndpointParameters{
		Bucket: aws.String(name), Region: aws.String(o.Region), Endpoint: o.BaseEndpoint,
		ForcePathStyle: aws.Bool(o.UsePathStyle), UseArnRegion: aws.Bool(o.UseARNRegion),
		UseFIPS:                        aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack:                   aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		DisableMultiRegionAccessPoints: aws.Bool(o.DisableMultiRegionAccessPoints),
		DisableS3ExpressSessionAuth:    o.DisableS3ExpressSessionAuth,
	})
	if err == nil {
		return nil
	}
	_, reason, found := strings.Cut(err.Error(), "endpoint rule error, ")
	if !found {
		reason = err.Error()
	}
	return fmt.Errorf("bucket %s cannot be reached this way: %s; see endpoint, region, force_path_style_urls, and AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT of the environment", name, reason)
}

// located fills in where the bucket is, as far as that is known.
func (s *Store) located() bucket.Name {
	partition := bucket.Partition(s.region())
	if s.Foreign() {
		partition = "aws" // other stores write ARNs so, whatever their region
	}
	return s.bucket.In(partition, s.region(), s.cfg.ExpectedBucketOwner)
}
