// Package store puts whole objects into one S3 bucket: conditionally,
// checksummed, encrypted, in one request or in parts, and retried until the
// outcome is known or the budget is spent. Every error that leaves it carries
// one [Class] and a sentence about what to do.
//
// It needs nothing but s3:PutObject. It never calls HeadBucket, and a store
// that refuses list, get, delete or abort only loses the convenience that
// those give.
package store
