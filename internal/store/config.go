package store

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// Sizes and limits of S3:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	minPartSize   = 5 << 20
	maxPartSize   = 5 << 30
	maxParts      = 10_000
	maxSinglePut  = 5 << 30
	maxKeyBytes   = 1024
	maxTags       = 10
	maxTagKey     = 128
	maxTagValue   = 256
	maxObjectSize = maxPartSize * maxParts
)

// Defaults of [Config]. The threshold is near AWS's own advice ("when your object
// size reaches 100 MB"), and above the default max_file_size of 128 MB, so that
// an object is one PutObject unless somebody asks for larger ones: one request
// instead of ten, that needs no right to abort, leaves no parts behind, and is
// refused as a whole when its key is taken. Measured for 128 MB against a server
// in the same process, two cores: 0.18 s of CPU and 0.33 s in one request, 0.21 s
// and 0.26 s in parts, four at a time, and no difference in memory, since the
// parts are windows onto the same bytes. The part size lies in the 8-16 MB range
// of the S3 performance guidelines.
const (
	DefaultMultipartThreshold = 128 << 20
	DefaultPartSize           = 16 << 20
	DefaultPartConcurrency    = 4
	DefaultRequestTimeout     = 30 * time.Second
)

// IdentityKey is the name of the user metadata (x-amz-meta-...) that carries
// [Object.Identity].
const IdentityKey = "s3d-identity"

// Requester as [Config.RequestPayer] agrees to pay for the requests, as buckets
// with the setting "Requester Pays" demand:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html
const Requester = string(types.RequestPayerRequester)

// cannedACLs are the ACLs that S3 gives a name, the one that most want first:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
var cannedACLs = []types.ObjectCannedACL{
	types.ObjectCannedACLBucketOwnerFullControl, types.ObjectCannedACLBucketOwnerRead,
	types.ObjectCannedACLPrivate, types.ObjectCannedACLAuthenticatedRead, types.ObjectCannedACLAwsExecRead,
	types.ObjectCannedACLPublicRead, types.ObjectCannedACLPublicReadWrite,
}

// Public reports whether a canned ACL lets people read the objects who have no
// part in the bucket: everybody, or everybody with an AWS account.
func Public(acl string) bool {
	switch types.ObjectCannedACL(acl) {
	case types.ObjectCannedACLPublicRead, types.ObjectCannedACLPublicReadWrite, types.ObjectCannedACLAuthenticatedRead:
		return true
	default:
		return false
	}
}

// StorageClasses are those that S3 knows.
func StorageClasses() []string {
	var names []string
	for _, class := range types.StorageClass("").Values() {
		names = append(names, string(class))
	}
	return names
}

// Config describes one bucket and how to write to it.
type Config struct {
	// Bucket must exist; it is never created. It is the name of a bucket or a
	// directory bucket, or the ARN or alias of an access point.
	Bucket string
	// Region of the bucket. Empty takes it from the ARN of an access point, the
	// environment or the profile; with an Endpoint it may stay empty.
	Region string
	// Endpoint is the URL of an S3-compatible store; empty means AWS.
	Endpoint string
	// ForcePathStyle puts the bucket into the path instead of the host name.
	ForcePathStyle bool
	// Auth says where credentials come from.
	Auth auth.Config
	// Encryption is sent with every object.
	Encryption encryption.Config
	// TolerateEncryption lets an object stay whose encryption, as reported, is
	// not the one asked for.
	TolerateEncryption bool
	// Checksum is the algorithm that S3 verifies; empty means [ChecksumAuto].
	Checksum Checksum

	// Conditions says what to believe of conditional writes; the zero value is
	// [ProveConditions].
	Conditions Conditions

	// PartSize in bytes, at least 5 MiB; it grows when an object would need
	// more than 10,000 parts. Zero means [DefaultPartSize].
	PartSize int64
	// MultipartThreshold in bytes: larger bodies are uploaded in parts. Zero
	// means [DefaultMultipartThreshold].
	MultipartThreshold int64
	// PartConcurrency is how many parts of one object are sent at a time. Zero
	// means [DefaultPartConcurrency].
	PartConcurrency int

	// StorageClass, ContentType and ContentEncoding are sent when not empty;
	// the latter two are defaults that an Object may replace.
	StorageClass, ContentType, ContentEncoding string
	// Metadata is sent as x-amz-meta-*; an Object's own entries win.
	Metadata map[string]string
	// Tags are object tags; they need s3:PutObjectTagging.
	Tags map[string]string
	// ExpectedBucketOwner is an account id; S3 refuses requests when another
	// account owns the bucket.
	ExpectedBucketOwner string
	// ACL is the canned ACL of the objects; empty leaves it to the bucket. It
	// needs s3:PutObjectAcl.
	ACL string
	// RequestPayer is [Requester], or empty: who pays for the requests.
	RequestPayer string

	// Retry is how long to keep trying; the zero value means [DefaultRetry].
	Retry RetryConfig
	// RequestTimeout bounds the silence of one attempt: no byte accepted and no
	// answer for this long ends it. Zero means [DefaultRequestTimeout].
	RequestTimeout time.Duration
	// HTTP adjusts the connection.
	HTTP HTTPConfig
	// Observer is told about every request; nil means nobody is.
	Observer Observer
}

// HTTPConfig adjusts the HTTP client.
type HTTPConfig struct {
	// CAFile is a PEM bundle that is trusted beside the system's.
	CAFile string
	// SkipVerify accepts any server certificate. For tests only.
	SkipVerify bool
	// Tap sees the answers to S3 requests; it may be nil.
	Tap Tap
	// Client replaces the whole client, in which case the rest is ignored.
	Client aws.HTTPClient
}

// withDefaults fills what the caller left empty.
func (c Config) withDefaults() Config {
	if c.PartSize == 0 {
		c.PartSize = DefaultPartSize
	}
	if c.MultipartThreshold == 0 {
		c.MultipartThreshold = DefaultMultipartThreshold
	}
	if c.PartConcurrency == 0 {
		c.PartConcurrency = DefaultPartConcurrency
	}
	if c.RequestTimeout == 0 {
		c.RequestTimeout = DefaultRequestTimeout
	}
	if c.Retry == (RetryConfig{}) {
		c.Retry = DefaultRetry()
	}
	if c.Observer == nil {
		c.Observer = nopObserver{}
	}
	return c
}
