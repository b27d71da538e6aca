package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3-destination/s3-destination/internal/store/bucket"
)

// Listed is an object as a listing tells it.
type Listed struct {
	Key      string    `json:"key"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

// About is what a store tells of an object.
type About struct {
	Listed

	ETag            string `json:"etag,omitempty"`
	ContentType     string `json:"content_type,omitempty"`
	ContentEncoding string `json:"content_encoding,omitempty"`
	// Encryption and StorageClass are empty where the store does not tell.
	Encryption   string `json:"encryption,omitempty"`
	StorageClass string `json:"storage_class,omitempty"`
	// Metadata is the user metadata, with lower-case keys.
	Metadata map[string]string `json:"metadata"`
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
	listed, err := s.Listing(ctx, prefix, after, limit)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(listed))
	for i := range listed {
		keys[i] = listed[i].Key
	}
	return keys, nil
}

// Listing is [Store.List] with what a listing tells beside the keys.
func (s *Store) Listing(ctx context.Context, prefix, after string, limit int) ([]Listed, error) {
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
	return listedOf(page), nil
}

// listedOf returns the objects of a page. A key that cannot be decoded is left out:
// it is none of ours.
func listedOf(page *s3.ListObjectsV2Output) []Listed {
	listed := make([]Listed, 0, len(page.Contents))
	for _, object := range page.Contents {
		key := aws.ToString(object.Key)
		if page.EncodingType == types.EncodingTypeUrl { // not every store does as it is asked
			var err error
			if key, err = url.QueryUnescape(key); err != nil {
				continue
			}
		}
		listed = append(listed, Listed{Key: key, Size: aws.ToInt64(object.Size), Modified: aws.ToTime(object.LastModified)})
	}
	return listed
}

// Stat returns what the store tells of an object. It needs what [Store.Head] needs.
func (s *Store) Stat(ctx context.Context, key string) (About, error) {
	output, err := s.head(ctx, key)
	if err != nil {
		return About{}, err
	}
	return About{
		Listed: Listed{Key: key, Size: aws.ToInt64(output.ContentLength), Modified: aws.ToTime(output.LastModified)},
		ETag:   aws.ToString(output.ETag), ContentType: aws.ToString(output.ContentType), ContentEncoding: aws.ToString(output.ContentEncoding),
		Encryption: string(output.ServerSideEncryption), StorageClass: string(output.StorageClass), Metadata: userMetadata(output.Metadata),
	}, nil
}

// Range returns n bytes of an object, or those that there are, from off on. It needs
// s3:GetObject.
func (s *Store) Range(ctx context.Context, key string, off, n int64) (content []byte, err error) {
	if n <= 0 {
		return nil, nil
	}
	_, err = s.do(ctx, request{
		op: OpGetObject, key: key,
		send: func(ctx context.Context, _ func(io.ReadSeeker) io.ReadSeeker) error {
			output, err := s.client.GetObject(ctx, &s3.GetObjectInput{
				Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key), Range: aws.String(fmt.Sprintf("bytes=%d-%d", off, off+n-1)),
				ExpectedBucketOwner: optional(s.cfg.ExpectedBucketOwner),
			})
			if err != nil {
				return err
			}
			defer func() { _ = output.Body.Close() }()
			if aws.ToString(output.ContentRange) == "" { // all of it: not every store knows ranges
				if _, err := io.CopyN(io.Discard, output.Body, off); err != nil && !errors.Is(err, io.EOF) {
					return err
				}
			}
			content, err = io.ReadAll(io.LimitReader(output.Body, n))
			return err
		},
	})
	return content, err
}
