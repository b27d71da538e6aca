package store

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3-destination/s3-destination/internal/store/bucket"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// Validate reports the settings that cannot work, without any request; see
// [Config.Problems].
func (c Config) Validate() error { return errors.Join(c.Problems()...) }

// Problems are the settings that cannot work, each an error that names the
// setting and what to write, and never a secret.
func (c Config) Problems() []error {
	all := []error{
		c.validateEndpoint(), c.Auth.Validate(), c.Encryption.Validate(),
		c.validateChecksum(), c.validateACL(), c.validatePayer(),
		validateMetadata(c.Metadata), validateRoom(c.Metadata), validateTags(c.Tags), c.Retry.validate(),
	}
	all = append(all, c.validateUpload()...)
	all = append(all, c.validateBucket()...)
	return slices.DeleteFunc(all, func(err error) bool { return err == nil })
}

func (c Config) validateUpload() (all []error) {
	if c.PartSize != 0 && (c.PartSize < minPartSize || c.PartSize > maxPartSize) {
		all = append(all, fmt.Errorf("part_size must lie between %d and %d bytes, not %d", minPartSize, int64(maxPartSize), c.PartSize))
	}
	if c.MultipartThreshold < 0 || c.MultipartThreshold > maxSinglePut {
		all = append(all, fmt.Errorf("multipart_threshold must not exceed %d bytes, the limit of one PutObject", int64(maxSinglePut)))
	}
	if c.PartConcurrency < 0 {
		all = append(all, errors.New("part_concurrency must not be negative"))
	}
	if c.RequestTimeout < 0 {
		all = append(all, errors.New("request_timeout must not be negative"))
	}
	return all
}

func (c Config) validateChecksum() error {
	if !c.Checksum.valid() {
		return fmt.Errorf("unknown checksum %q: use one of %s", c.Checksum, strings.Join(checksumNames(), ", "))
	}
	return nil
}

func (c Config) validateACL() error {
	if c.ACL == "" || slices.Contains(cannedACLs, types.ObjectCannedACL(c.ACL)) {
		return nil
	}
	names := make([]string, len(cannedACLs))
	for i, acl := range cannedACLs {
		names[i] = string(acl)
	}
	return fmt.Errorf("acl %q is not a canned ACL: write one of %s, or leave it out", c.ACL, strings.Join(names, ", "))
}

func (c Config) validatePayer() error {
	if c.RequestPayer == "" || c.RequestPayer == Requester {
		return nil
	}
	return fmt.Errorf("request_payer %q is unknown: write %s, or leave it out", c.RequestPayer, Requester)
}

// validateBucket checks the name, and what the kind of bucket rules out.
func (c Config) validateBucket() []error {
	name, err := bucket.Parse(c.Bucket)
	if err != nil {
		return []error{err}
	}
	var all []error
	if c.ForcePathStyle && (name.IsARN() || name.Kind == bucket.Directory) {
		all = append(all, fmt.Errorf("force_path_style_urls does not work with bucket %s, which belongs into the host name: set it to false", name))
	}
	if c.Region != "" && name.IsARN() && name.Region != "" && name.Region != c.Region {
		all = append(all, fmt.Errorf("region %s is not that of bucket %s: write %s, or leave it out", c.Region, name, name.Region))
	}
	if name.Kind == bucket.Directory {
		all = append(all, c.validateDirectory(name)...)
	}
	return all
}

// validateDirectory names what S3 Express One Zone does not know:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-differences.html
func (c Config) validateDirectory(name bucket.Name) (all []error) {
	for _, setting := range []struct {
		name    string
		refused bool
	}{
		{"acl", c.ACL != ""},
		{"request_payer", c.RequestPayer != ""},
		{"tags", len(c.Tags) > 0},
		{"checksum md5", c.Checksum == ChecksumMD5},
		{"encryption.mode sse-kms-dsse", c.Encryption.Mode == encryption.ModeSSEKMSDSSE},
		{"storage_class " + c.StorageClass, c.StorageClass != "" && types.StorageClass(c.StorageClass) != types.StorageClassExpressOnezone},
	} {
		if setting.refused {
			all = append(all, fmt.Errorf("%s does not work with directory bucket %s: remove it", setting.name, name))
		}
	}
	return all
}

func (c Config) validateEndpoint() error {
	if c.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("endpoint must be a URL that starts with http:// or https://")
	}
	if u.User != nil {
		// It would end up in logs and errors.
		return errors.New("endpoint must not contain a user name or password: use auth")
	}
	return nil
}

func validateMetadata(m map[string]string) error {
	for k := range m {
		if strings.EqualFold(k, IdentityKey) {
			return fmt.Errorf("metadata key %q is reserved", IdentityKey)
		}
		if k == "" || strings.ContainsFunc(k, notHeaderChar) {
			return fmt.Errorf("metadata key %q is not valid in an HTTP header name", k)
		}
	}
	return nil
}

func notHeaderChar(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
}

func validateTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return fmt.Errorf("an object can have at most %d tags, not %d", maxTags, len(tags))
	}
	for k, v := range tags {
		if k == "" || len([]rune(k)) > maxTagKey {
			return fmt.Errorf("tag key %q must have 1 to %d characters", k, maxTagKey)
		}
		if len([]rune(v)) > maxTagValue {
			return fmt.Errorf("the value of tag %q must have at most %d characters", k, maxTagValue)
		}
		if strings.ContainsFunc(k+v, notTagChar) {
			return fmt.Errorf("tag %q: keys and values may hold letters, digits, blanks and + - = . _ : / @", k)
		}
	}
	return nil
}

// notTagChar follows
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
func notTagChar(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsSpace(r) && !strings.ContainsRune("+-=._:/@", r)
}
