package store

import (
	"maps"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// objectParams are the parameters that shape an object, however it is uploaded.
// A bucket policy that demands a header meets it on PutObject and on
// CreateMultipartUpload alike only because both are built from this; a test
// compares the two field by field.
type objectParams struct {
	bucket, key                  *string
	contentType, contentEncoding *string
	metadata                     map[string]string
	tagging                      *string
	storageClass                 types.StorageClass
	acl                          types.ObjectCannedACL
	owner                        *string
	algorithm                    types.ServerSideEncryption
	kmsKeyID, kmsContext         *string
	bucketKey                    *bool
}

func (s *Store) objectParams(o Object) objectParams {
	return objectParams{
		bucket:          aws.String(s.cfg.Bucket),
		key:             aws.String(o.Key),
		contentType:     optional(first(o.ContentType, s.cfg.ContentType)),
		contentEncoding: optional(first(o.ContentEncoding, s.cfg.ContentEncoding)),
		metadata:        s.metadata(o),
		tagging:         tagging(s.cfg.Tags),
		storageClass:    types.StorageClass(s.cfg.StorageClass),
		acl:             types.ObjectCannedACL(s.cfg.ACL),
		owner:           optional(s.cfg.ExpectedBucketOwner),
		algorithm:       s.params.Algorithm,
		kmsKeyID:        s.params.KMSKeyID,
		kmsContext:      s.params.Context,
		bucketKey:       s.params.BucketKey,
	}
}

func (p objectParams) put() *s3.PutObjectInput {
	return &s3.PutObjectInput{
		Bucket: p.bucket, Key: p.key,
		ContentType: p.contentType, ContentEncoding: p.contentEncoding,
		Metadata: p.metadata, Tagging: p.tagging, StorageClass: p.storageClass, ACL: p.acl,
		ExpectedBucketOwner:     p.owner,
		ServerSideEncryption:    p.algorithm,
		SSEKMSKeyId:             p.kmsKeyID,
		SSEKMSEncryptionContext: p.kmsContext,
		BucketKeyEnabled:        p.bucketKey,
	}
}

func (p objectParams) create() *s3.CreateMultipartUploadInput {
	return &s3.CreateMultipartUploadInput{
		Bucket: p.bucket, Key: p.key,
		ContentType: p.contentType, ContentEncoding: p.contentEncoding,
		Metadata: p.metadata, Tagging: p.tagging, StorageClass: p.storageClass, ACL: p.acl,
		ExpectedBucketOwner:     p.owner,
		ServerSideEncryption:    p.algorithm,
		SSEKMSKeyId:             p.kmsKeyID,
		SSEKMSEncryptionContext: p.kmsContext,
		BucketKeyEnabled:        p.bucketKey,
	}
}

// metadata merges the store's and the object's, the object's winning, encoded
// for the wire.
func (s *Store) metadata(o Object) map[string]string {
	m := make(map[string]string, len(s.cfg.Metadata)+len(o.Metadata)+1)
	maps.Copy(m, s.cfg.Metadata)
	maps.Copy(m, o.Metadata)
	if o.Identity != "" {
		m[IdentityKey] = o.Identity
	}
	for k, v := range m {
		m[k] = encodedValue(v)
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

// tagging encodes tags as URL query parameters, with %20 for a blank because
// not every store reads "+" as one.
func tagging(tags map[string]string) *string {
	if len(tags) == 0 {
		return nil
	}
	values := url.Values{}
	for k, v := range tags {
		values.Set(k, v)
	}
	return aws.String(strings.ReplaceAll(values.Encode(), "+", "%20"))
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// optional leaves an empty header out.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
