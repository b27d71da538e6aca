package store

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3-destination/s3-destination/internal/store/bucket"
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

// unordered is why a directory bucket is not listed:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
var unordered = verdict{
	class: ClassInvalid, is: ErrNotImplemented,
	reason: "a directory bucket lists its keys in no order",
	advice: "nothing to do: numbers in use are found by trying",
}

// MaxListed is the most keys that one listing returns:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
const MaxListed = 1000

// List returns the first keys that begin with prefix and sort after the key
// after (empty: from the first), at most limit of them and at most [MaxListed],
// in the order of S3. It is one request. It needs s3:ListBucket; [ClassDenied]
// without it is an answer that callers must be able to live with, and so is
// [ErrNotImplemented]: a directory bucket lists in no order, and begins where it
// likes.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	if s.bucket.Kind == bucket.Directory {
		return nil, s.newError(OpListObjects, prefix, unordered, ErrNotImplemented)
	}
	input := &s3.ListObjectsV2Input{
		Bucket: aws.String(s.cfg.Bucket), Prefix: aws.String(prefix), StartAfter: optional(after),
		MaxKeys: aws.Int32(int32(min(max(limit, 1), MaxListed))),
		// XML cannot hold every key that others may have written.
		EncodingType:        types.EncodingTypeUrl,
		ExpectedBucketOwner: optional(s.cfg.ExpectedBucketOwner),
	}
	var page *s3.ListObjectsV2Output
	_, err := s.do(ctx, request{
		op: OpListObjects, key: prefix,
		send: func(ctx context.Context, _ func(io.ReadSeeker) io.ReadSeeker) (err error) {
			page, err = s.client.ListObjectsV2(ctx, input)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return keysOf(page), nil
}

// keysOf returns the keys of a page. A key that cannot be decoded is left out:
// it is none of ours.
func keysOf(page *s3.ListObjectsV2Output) []string {
	keys := make([]string, 0, len(page.Contents))
	for _, object := range page.Contents {
		key := aws.ToString(object.Key)
		if page.EncodingType == types.EncodingTypeUrl { // not every store does as it is asked
			var err error
			if key, err = url.QueryUnescape(key); err != nil {
				continue
			}
		}
		keys = append(keys, key)
	}
	return keys
}
