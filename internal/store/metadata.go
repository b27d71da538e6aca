package store

import (
	"fmt"
	"mime"
)

// MaxMetadata is how many bytes of user metadata S3 stores with an object, names
// and values together:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
const MaxMetadata = 2 << 10

// ownMetadata is what the output adds to each object at most (identity, rows,
// reason), and least is what it must be able to say beside about the records.
const ownMetadata, leastDescription = 128, 128

// MetadataSize is the size of user metadata as it is sent. Some stores count the
// prefix of the header with each name, so that it is counted here.
func MetadataSize(m map[string]string) int {
	n := 0
	for k, v := range m {
		n += len("x-amz-meta-") + len(k) + len(encodedValue(v))
	}
	return n
}

// MetadataRoom is how many bytes of metadata about its records an object may
// carry beside the configured metadata and what is added to every object.
func MetadataRoom(configured map[string]string) int {
	return MaxMetadata - ownMetadata - MetadataSize(configured)
}

// encodedValue is a value as a header can carry it. What is beyond US-ASCII is
// encoded as S3 itself does it (RFC 2047).
func encodedValue(v string) string { return mime.QEncoding.Encode("utf-8", v) }

// validateRoom refuses configured metadata beside which objects could not carry
// their own.
func validateRoom(configured map[string]string) error {
	if MetadataRoom(configured) < leastDescription {
		return fmt.Errorf("metadata: it has %d bytes, names (with x-amz-meta-) and values together: S3 stores %d with an object, and %d are needed for what the output adds: write less",
			MetadataSize(configured), MaxMetadata, ownMetadata+leastDescription)
	}
	return nil
}
