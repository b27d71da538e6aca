package store

import "time"

// Op names what was being done; it appears in errors and metrics.
type Op string

// The operations of S3 that this package uses.
const (
	OpPutObject               Op = "PutObject"
	OpCreateMultipartUpload   Op = "CreateMultipartUpload"
	OpUploadPart              Op = "UploadPart"
	OpCompleteMultipartUpload Op = "CompleteMultipartUpload"
	OpAbortMultipartUpload    Op = "AbortMultipartUpload"
	OpDeleteObject            Op = "DeleteObject"
	OpHeadObject              Op = "HeadObject"
	OpListObjects             Op = "ListObjectsV2"
	OpGetObject               Op = "GetObject"
)

// Attempt describes one finished request.
type Attempt struct {
	// Op is the S3 operation.
	Op Op
	// Class is empty when the request succeeded.
	Class Class
	// Bytes is the length of the request's body; zero for failed requests,
	// since nobody knows how much of it arrived.
	Bytes int64
	// Latency is the time from sending to the end of the answer.
	Latency time.Duration
	// Number counts the tries of one call from 1.
	Number int
	// Retrying: the failure may pass by itself, so that the request is tried
	// again after a wait, as far as the limits of [RetryConfig] allow.
	Retrying bool
	// Err is why the request failed, to be shown to people; nil when it
	// succeeded.
	Err error
}

// Observer learns what happens on the wire, for metrics and for one warning.
// Its methods are called from the uploading goroutines, possibly at the same
// time, and must return quickly.
type Observer interface {
	// Attempt is called after every request, failed ones included.
	Attempt(a Attempt)
	// UploadLeft is called when a multipart upload could neither be completed
	// nor aborted, so its parts stay in the bucket and cost money until a
	// lifecycle rule removes them.
	UploadLeft(key string, err error)
	// EncryptionDiffers is called when the server reports another encryption
	// than was asked for, be that an error or not.
	EncryptionDiffers(key string, err error)
}

type nopObserver struct{}

func (nopObserver) Attempt(Attempt)          {}
func (nopObserver) UploadLeft(string, error) {}

func (nopObserver) EncryptionDiffers(string, error) {}
