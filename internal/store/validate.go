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
		all = append(all, fmt.Errorf("upload.part_size: %[3]d bytes are no size of a part: write %[1]d to %[2]d bytes, such as 16MiB", minPartSize, int64(maxPartSize), c.PartSize))
	}
	if c.MultipartThreshold < 0 || c.MultipartThreshold > maxSinglePut {
		all = append(all, fmt.Errorf("upload.multipart_threshold: it is above the limit of one PutObject: write at most %d bytes, 5GiB", int64(maxSinglePut)))
	}
	if c.PartConcurrency < 0 {
		all = append(all, errors.New("upload.part_concurrency: it is negative: write 1 or more"))
	}
	if c.RequestTimeout < 0 {
		all = append(all, errors.New("upload.request_timeout: it is negative: write a duration such as 30s"))
	}
	return all
}

func (c Config) validateChecksum() error {
	if !c.Checksum.valid() {
		return fmt.Errorf("checksum: %q is unknown: write one of %s", c.Checksum, strings.Join(checksumNames(), ", "))
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
	return fmt.Errorf("acl: %q is not a canned ACL: write one of %s, or leave it out", c.ACL, strings.Join(names, ", "))
}

func (c Config) validatePayer() error {
	if c.RequestPayer == "" || c.RequestPayer == Requester {
		return nil
	}
	return fmt.Errorf("request_payer: %q is unknown: write %s, or leave it out", c.RequestPayer, Requester)
}

// validateBucket checks the name, and what the kind of bucket rules out.
func (c Config) validateBucket() []error {
	name, err := bucket.Parse(c.Bucket)
	if err != nil {
		return []error{err}
	}
	var all []error
	if c.ForcePathStyle && (name.IsARN() || name.Kind == bucket.Directory) {
		all = append(all, fmt.Errorf("force_path_style_urls: it does not work with bucket %s, which belongs into the host name: write false", name))
	}
	if c.Region != "" && name.IsARN() && name.Region != "" && name.Region != c.Region {
		all = append(all, fmt.Errorf("region: %q is not that of bucket %s: write %s, or leave it out", c.Region, name, name.Region))
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
		{"checksum", c.Checksum == ChecksumMD5},
		{"encryption.mode", c.Encryption.Mode == encryption.ModeSSEKMSDSSE},
		{"storage_class", c.StorageClass != "" && types.StorageClass(c.StorageClass) != types.StorageClassExpressOnezone},
	} {
		if setting.refused {
			all = append(all, fmt.Errorf("%s: it does not work with directory bucket %s: remove it", setting.name, name))
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
		bare := c.Endpoint
		if _, rest, ok := strings.Cut(bare, "://"); ok {
			bare = rest
		}
		if bare = strings.TrimSpace(bare); strings.ContainsAny(bare, " @") || bare == "" {
			bare = "s3.example.com"
		}
		return fmt.Errorf("endpoint: %q is no URL of a store: write https://%s, or http://%s without TLS", withoutUser(c.Endpoint), bare, bare)
	}
	if u.User != nil {
		// It would end up in logs and errors.
		return errors.New("endpoint: it contains a user name or password: write auth.access_key_id and auth.secret_access_key")
	}
	return nil
}

// withoutUser leaves out what may be a password.
func withoutUser(endpoint string) string {
	if i := strings.LastIndexByte(endpoint, '@'); i >= 0 {
		return endpoint[i+1:]
	}
	return endpoint
}

func validateMetadata(m map[string]string) error {
	for k := range m {
		if strings.EqualFold(k, IdentityKey) {
			return fmt.Errorf("metadata: the key %q is reserved: write another one", IdentityKey)
		}
		if k == "" || strings.ContainsFunc(k, notHeaderChar) {
			return fmt.Errorf("metadata: the key %q is not valid in the name of an HTTP header: write letters, digits and hyphens", k)
		}
	}
	return nil
}

func notHeaderChar(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
}

func validateTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return fmt.Errorf("tags: an object can have at most %d, not %d: remove some", maxTags, len(tags))
	}
	for k, v := range tags {
		if k == "" || len([]rune(k)) > maxTagKey {
			return fmt.Errorf("tags: %q is no key: write 1 to %d characters", k, maxTagKey)
		}
		if len([]rune(v)) > maxTagValue {
			return fmt.Errorf("tags.%s: the value is too long: write at most %d characters", k, maxTagValue)
		}
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return fmt.Errorf("tags: %q begins with aws:, which only AWS may write: write another key", k)
		}
		if strings.ContainsFunc(k+v, notTagChar) {
			return fmt.Errorf("tags.%s: it holds a character that tags have not: write letters, digits, blanks and + - = . _ : / @", k)
		}
	}
	return nil
}

// notTagChar follows
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
func notTagChar(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsSpace(r) && !strings.ContainsRune("+-=._:/@", r)
}
