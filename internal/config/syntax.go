package config

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/bucket"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// checkSyntax looks at what the store would refuse, or not find, when it is too
// late for whoever wrote the configuration.
func checkSyntax(c *Config, r *reader) {
	s := &c.Store
	foreign := bucket.Foreign(s.Endpoint)
	r.fail(checkBucket(s.Bucket, foreign))
	checkRegion(s.Region, foreign, r)
	r.fail(checkEndpoint(s))
	for setting, value := range map[string]string{
		"auth.access_key_id": s.Auth.AccessKeyID, "auth.secret_access_key": s.Auth.SecretAccessKey, "auth.session_token": s.Auth.SessionToken,
	} {
		r.fail(checkKey(setting, value))
	}
	r.fail(checkKMSKey(s, foreign))
	if s.ExpectedBucketOwner != "" && !account.MatchString(s.ExpectedBucketOwner) {
		r.fail(fmt.Errorf("expected_bucket_owner: %q is no account: write the 12 digits of its id, in quotes", s.ExpectedBucketOwner))
	}
	if known := store.StorageClasses(); s.StorageClass != "" && !foreign && !slices.Contains(known, s.StorageClass) {
		r.fail(fmt.Errorf("storage_class: %q is no storage class of S3: write one of %s", s.StorageClass, strings.Join(known, ", ")))
	}
	checkContentEncoding(c, r)
}

var account = regexp.MustCompile(`^\d{12}$`)

func checkBucket(name string, foreign bool) error {
	lower := strings.ToLower(name)
	switch {
	case strings.HasPrefix(name, "arn:") || name == lower || foreign:
		return nil
	case bucketName.MatchString(lower):
		return fmt.Errorf("bucket: %q has capitals, which no bucket of S3 has: write %s", name, lower)
	}
	return nil
}

var bucketName = regexp.MustCompile(`^[a-z0-9.-]+$`)

// places are what people call regions.
var places = map[string]string{
	"ireland": "eu-west-1", "eu": "eu-west-1", "europe": "eu-west-1", "frankfurt": "eu-central-1", "germany": "eu-central-1", "london": "eu-west-2", "uk": "eu-west-2",
	"paris": "eu-west-3", "stockholm": "eu-north-1", "milan": "eu-south-1", "spain": "eu-south-2", "zurich": "eu-central-2",
	"virginia": "us-east-1", "n. virginia": "us-east-1", "us": "us-east-1", "ohio": "us-east-2", "oregon": "us-west-2", "california": "us-west-1", "n. california": "us-west-1",
	"mumbai": "ap-south-1", "singapore": "ap-southeast-1", "sydney": "ap-southeast-2", "tokyo": "ap-northeast-1", "seoul": "ap-northeast-2", "osaka": "ap-northeast-3",
	"hong kong": "ap-east-1", "sao paulo": "sa-east-1", "canada": "ca-central-1", "bahrain": "me-south-1", "cape town": "af-south-1", "jakarta": "ap-southeast-3",
}

var (
	regionName = regexp.MustCompile(`^[a-z]{2,4}(?:-[a-z]+)+-\d+$`)
	zoneName   = regexp.MustCompile(`^([a-z]{2,4}(?:-[a-z]+)+-\d+)[a-z]$`)
	anyRegion  = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

func checkRegion(region string, foreign bool, r *reader) {
	lower := strings.ToLower(strings.TrimSpace(region))
	place := places[lower]
	bare := strings.ReplaceAll(lower, "_", "-")
	switch zone := zoneName.FindStringSubmatch(lower); {
	case region == "" || regionName.MatchString(region):
	case foreign && anyRegion.MatchString(region):
	case place != "":
		r.fail(fmt.Errorf("region: %q is the name of a place: write %s", region, place))
	case zone != nil:
		r.fail(fmt.Errorf("region: %q is an availability zone: write %s", region, zone[1]))
	case regionName.MatchString(bare):
		r.fail(fmt.Errorf("region: %q is not written as AWS does: write %s", region, bare))
	case !anyRegion.MatchString(region) || lower != region:
		r.fail(fmt.Errorf("region: %q is no region: write one such as eu-west-1", region))
	default:
		r.warn(fmt.Sprintf("region: %q does not look like a region of AWS: write one such as eu-west-1", region))
	}
}

// checkEndpoint looks for what does not belong into the URL of a store.
func checkEndpoint(s *store.Config) error {
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Host == "" {
		return nil //nolint:nilerr // package store says what is wrong with it
	}
	bare := *u
	bare.RawQuery, bare.Fragment, bare.ForceQuery = "", "", false
	segments := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch {
	case u.User != nil:
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return fmt.Errorf("endpoint: %q has a query, which no store has: write %s", s.Endpoint, bare.String())
	case s.Bucket != "" && strings.HasPrefix(u.Host, s.Bucket+"."):
		bare.Host = strings.TrimPrefix(u.Host, s.Bucket+".")
		return fmt.Errorf("endpoint: %q contains the bucket, which is put there anyway: write %s", s.Endpoint, bare.String())
	case s.Bucket != "" && slices.Contains(segments, s.Bucket):
		bare.Path = ""
		return fmt.Errorf("endpoint: %q contains the bucket: write %s, with force_path_style_urls: true", s.Endpoint, bare.String())
	}
	return nil
}

// checkKey looks for white space and quotes, which people copy along. It never
// shows the key.
func checkKey(setting, value string) error {
	switch {
	case strings.ContainsFunc(value, unicode.IsSpace):
		return fmt.Errorf("%s: its value has white space: write it without, as AWS shows it", setting)
	case strings.ContainsAny(value, `"'`+"`"):
		return fmt.Errorf("%s: its value has quotes of its own: write it without them", setting)
	}
	return nil
}

// checkKMSKey looks at keys of other accounts and other regions.
func checkKMSKey(s *store.Config, foreign bool) error {
	key := s.Encryption.KMSKey
	if key == "" || foreign || !s.Encryption.Mode.KMS() {
		return nil
	}
	if strings.ContainsAny(key, "*?") {
		return nil // package encryption says so
	}
	a, err := arn.Parse(key)
	if err != nil {
		if s.Auth.Mode == auth.ModeBucketPolicy {
			return fmt.Errorf("encryption.kms_key: %q is looked for in the account of the writer, while with auth.mode bucket_policy the bucket is another's: write the ARN of the key, arn:aws:kms:<region>:<account>:key/<id>", key)
		}
		return nil
	}
	kind, _, _ := strings.Cut(a.Resource, "/")
	switch {
	case a.Service != "kms" || kind != "key" && kind != "alias":
		return fmt.Errorf("encryption.kms_key: %q is not the ARN of a key: write arn:aws:kms:<region>:<account>:key/<id>", key)
	case !account.MatchString(a.AccountID):
		return fmt.Errorf("encryption.kms_key: %q names no account: write its 12 digits, arn:aws:kms:<region>:<account>:key/<id>", key)
	case s.Region != "" && a.Region != s.Region:
		return fmt.Errorf("encryption.kms_key: %q is of another region than the bucket (%s), and S3 wants one of the same: write a key of %s", key, s.Region, s.Region)
	case kind == "alias" && s.Auth.Mode == auth.ModeBucketPolicy && s.Encryption.Mode == encryption.ModeSSEKMSCMK:
		return fmt.Errorf("encryption.kms_key: %q is an alias, which a bucket of another account may resolve in its own: write the ARN of the key, arn:aws:kms:<region>:<account>:key/<id>", key)
	}
	return nil
}

// checkContentEncoding refuses a header that is not true: readers that believe
// it fail, or show what is compressed.
func checkContentEncoding(c *Config, r *reader) {
	name, encoding := c.Format.Name, strings.ToLower(c.Format.ContentEncoding)
	switch gzip := strings.HasSuffix(name, "+gzip"); {
	case encoding == "" || encoding == "identity" || encoding == "gzip" && gzip:
	case gzip:
		r.fail(fmt.Errorf("content_encoding: %q is not how objects of file_format %s are compressed: write gzip, or leave it out", c.Format.ContentEncoding, name))
	case encoding == "gzip" && (name == "csv" || name == "json"):
		r.fail(fmt.Errorf("content_encoding: %q is not true of file_format %s, which is not compressed: write file_format: %s+gzip, or leave it out", c.Format.ContentEncoding, name, name))
	default:
		r.fail(fmt.Errorf("content_encoding: %q is not true of file_format %s, whose objects are no stream that is compressed: leave it out, or write file_format: json+gzip or csv+gzip", c.Format.ContentEncoding, name))
	}
}

// machineMemory is the memory that this process may have: that of its container,
// or of the machine. 0 means that it is not known.
var machineMemory = func() int64 {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if text, err := os.ReadFile(path); err == nil { //nolint:gosec // fixed paths
			if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n < 1<<60 {
				return n
			}
		}
	}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 || fields[0] != "MemTotal:" {
		return 0
	}
	kib, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}
