// Package encryption turns the user's choice of server-side encryption into the
// request parameters of S3. The same parameters go on PutObject and on
// CreateMultipartUpload, so both take them from here.
package encryption

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Mode names a kind of server-side encryption.
type Mode string

const (
	// ModeNone sends no encryption header; the bucket's default applies.
	ModeNone Mode = "none"
	// ModeSSES3 encrypts with keys that S3 manages (AES-256).
	ModeSSES3 Mode = "sse-s3"
	// ModeSSEKMS encrypts with the account's AWS-managed KMS key (aws/s3). Such
	// a key cannot be shared with another account.
	ModeSSEKMS Mode = "sse-kms"
	// ModeSSEKMSCMK encrypts with a customer-managed KMS key, named by KMSKey.
	ModeSSEKMSCMK Mode = "sse-kms-cmk"
	// ModeSSEKMSDSSE encrypts twice, with keys of KMS (DSSE-KMS): with KMSKey, or
	// with the account's AWS-managed key where there is none.
	ModeSSEKMSDSSE Mode = "sse-kms-dsse"
)

// KMS reports whether keys of KMS encrypt the objects.
func (m Mode) KMS() bool { return m == ModeSSEKMS || m == ModeSSEKMSCMK || m == ModeSSEKMSDSSE }

// Config says how S3 encrypts the objects. The zero value is [ModeSSES3].
type Config struct {
	// Mode is the kind of encryption; empty means [ModeSSES3].
	Mode Mode
	// KMSKey is a key id, key ARN or alias ARN. Required by [ModeSSEKMSCMK],
	// optional with the other KMS modes, refused otherwise. A key of another
	// account needs its ARN.
	KMSKey string
	// BucketKey asks for an S3 Bucket Key, which cuts calls to KMS. Nil sends
	// nothing and leaves the choice to the bucket. Only with the KMS modes but
	// [ModeSSEKMSDSSE], which knows none.
	BucketKey *bool
	// Context is the KMS encryption context: not secret, logged by CloudTrail.
	// Only with the KMS modes.
	Context map[string]string
}

// Params are the S3 request parameters that a [Config] stands for. Nil and
// empty members are not sent.
type Params struct {
	Algorithm types.ServerSideEncryption
	KMSKeyID  *string
	Context   *string // base64 of a JSON object
	BucketKey *bool
}

// keyText is what the name of a key consists of: an id, an ARN or an alias of
// AWS, or the name that another store gives a key. A wildcard or a variable of a
// policy is none.
var keyText = regexp.MustCompile(`^[A-Za-z0-9:/_.-]+$`)

// Validate reports a combination that S3 would refuse or that would not do what
// its author meant.
func (c Config) Validate() error {
	if !c.mode().known() {
		return fmt.Errorf("encryption.mode: %q is unknown: write one of %s, %s, %s, %s, %s",
			c.Mode, ModeSSES3, ModeSSEKMS, ModeSSEKMSCMK, ModeSSEKMSDSSE, ModeNone)
	}
	if !c.mode().KMS() {
		return c.validateWithoutKMS()
	}
	switch {
	case c.Mode == ModeSSEKMSCMK && c.KMSKey == "":
		return errors.New("encryption.kms_key: it is missing, and encryption.mode sse-kms-cmk needs it: write a key id, key ARN or alias ARN")
	case c.KMSKey != "" && !keyText.MatchString(c.KMSKey):
		return fmt.Errorf("encryption.kms_key: %q names no key: write one key id, key ARN or alias ARN, without wildcards and blanks", c.KMSKey)
	case c.Mode == ModeSSEKMSDSSE && c.BucketKey != nil:
		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingDSSEncryption.html
		return errors.New("encryption.bucket_key: it has no effect with encryption.mode sse-kms-dsse, which knows no bucket keys: remove it")
	}
	return nil
}

func (c Config) validateWithoutKMS() error {
	if c.KMSKey != "" {
		return fmt.Errorf("encryption.kms_key: it has no effect with encryption.mode %q: write encryption.mode: %s", c.mode(), ModeSSEKMSCMK)
	}
	if aws.ToBool(c.BucketKey) || len(c.Context) > 0 { // without KMS there is none, which false asks for
		return fmt.Errorf("encryption.mode: %q knows neither encryption.bucket_key nor encryption.context: write sse-kms or sse-kms-cmk, or remove these", c.mode())
	}
	return nil
}

func (m Mode) known() bool { return m == ModeNone || m == ModeSSES3 || m.KMS() }

// Params returns the request parameters. The configuration must be valid.
func (c Config) Params() (Params, error) {
	switch c.mode() {
	case ModeNone:
		return Params{}, nil
	case ModeSSES3:
		return Params{Algorithm: types.ServerSideEncryptionAes256}, nil
	case ModeSSEKMS, ModeSSEKMSCMK, ModeSSEKMSDSSE:
	}
	p := Params{Algorithm: types.ServerSideEncryptionAwsKms, BucketKey: c.BucketKey}
	if c.Mode == ModeSSEKMSDSSE {
		p.Algorithm = types.ServerSideEncryptionAwsKmsDsse
	}
	if c.KMSKey != "" {
		p.KMSKeyID = aws.String(c.KMSKey)
	}
	if len(c.Context) > 0 {
		// Marshal sorts the keys, so the header is the same on every request.
		text, err := json.Marshal(c.Context)
		if err != nil {
			return Params{}, fmt.Errorf("encoding the encryption context: %w", err)
		}
		p.Context = aws.String(base64.StdEncoding.EncodeToString(text))
	}
	return p, nil
}

func (c Config) mode() Mode {
	if c.Mode == "" {
		return ModeSSES3
	}
	return c.Mode
}
