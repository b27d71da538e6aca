package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Get returns the content of an object of at most that many bytes, and its ETag. It
// needs s3:GetObject. A missing object is [ErrNotFound]; without s3:ListBucket S3 says
// [ClassDenied] instead.
func (s *Store) Get(ctx context.Context, key string, most int64) (content []byte, etag string, err error) {
	_, err = s.do(ctx, request{
		op: OpGetObject, key: key,
		send: func(ctx context.Context, _ func(io.ReadSeeker) io.ReadSeeker) error {
			output, err := s.client.GetObject(ctx, &s3.GetObjectInput{
				Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key),
				ExpectedBucketOwner: optional(s.cfg.ExpectedBucketOwner),
			})
			if err != nil {
				return err
			}
			defer func() { _ = output.Body.Close() }()
			content, err = io.ReadAll(io.LimitReader(output.Body, most+1))
			etag = aws.ToString(output.ETag)
			return err
		},
	})
	if err == nil && int64(len(content)) > most {
		err = s.newError(OpGetObject, key, verdict{class: ClassInvalid, reason: fmt.Sprintf("the object has more than %d bytes", most)}, errors.New("too large"))
	}
	return content, etag, err
}
