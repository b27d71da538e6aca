package store

import (
	"context"
	"errors"
	"io"
	"mime"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Delete removes one object (on a versioned bucket: hides it). Deleting what is
// not there succeeds. It needs s3:DeleteObject, which the store otherwise never
// needs.
func (s *Store) Delete(ctx context.Context, key string) error {
	_, err := s.do(ctx, request{
		op: OpDeleteObject, key: key,
		send: func(ctx context.Context, _ func(io.ReadSeeker) io.ReadSeeker) error {
			_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{
				Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key),
				ExpectedBucketOwner: optional(s.cfg.ExpectedBucketOwner),
			})
			return err
		},
	})
	if errors.Is(err, ErrNotFound) {
		return nil // S3 says 204, some other stores 404
	}
	return err
}

// Head returns the user metadata of an object, with lower-case keys. It needs
// s3:GetObject. A missing object is [ErrNotFound]; without s3:ListBucket S3
// says [ClassDenied] instead.
func (s *Store) Head(ctx context.Context, key string) (map[string]string, error) {
	output, err := s.head(ctx, key)
	if err != nil {
		return nil, err
	}
	return userMetadata(output.Metadata), nil
}

func (s *Store) head(ctx context.Context, key string) (*s3.HeadObjectOutput, error) {
	var output *s3.HeadObjectOutput
	_, err := s.do(ctx, request{
		op: OpHeadObject, key: key,
		send: func(ctx context.Context, _ func(io.ReadSeeker) io.ReadSeeker) (err error) {
			output, err = s.client.HeadObject(ctx, &s3.HeadObjectInput{
				Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key),
				ExpectedBucketOwner: optional(s.cfg.ExpectedBucketOwner),
			})
			return err
		},
	})
	return output, err
}

// userMetadata has lower-case keys, and values as they were given to Put.
func userMetadata(headers map[string]string) map[string]string {
	decoder := &mime.WordDecoder{}
	metadata := make(map[string]string, len(headers))
	for k, v := range headers {
		if plain, err := decoder.DecodeHeader(v); err == nil {
			v = plain
		}
		metadata[strings.ToLower(k)] = v
	}
	return metadata
}
