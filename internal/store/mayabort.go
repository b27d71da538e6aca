package store

import (
	"context"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// noUpload is the id of an upload that does not exist.
const noUpload = "s3-destination-asks-whether-it-may-abort"

// MayAbort asks whether the parts of a failed upload of key could be removed,
// by aborting one that was never begun: permissions are looked at first, so
// that "no such upload" means yes, which is nil. It leaves nothing behind.
func (s *Store) MayAbort(ctx context.Context, key string) error {
	_, err := s.do(ctx, request{
		op: OpAbortMultipartUpload, key: key,
		send: func(ctx context.Context, _ func(io.ReadSeeker) io.ReadSeeker) error {
			_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
				Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key), UploadId: aws.String(noUpload),
				ExpectedBucketOwner: optional(s.cfg.ExpectedBucketOwner),
			})
			return err //nolint:wrapcheck // classified by do
		},
	})
	if errors.Is(err, errStaleUpload) || errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
