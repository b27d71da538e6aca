package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/s3-destination/s3-destination/internal/store/bucket"
)

// Everything that goes into a policy is a plain value of a known form. A
// wildcard or a variable would grant more than it says, and what AWS does not
// know would not be saved.
var (
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	regionName = regexp.MustCompile(`^[a-z0-9-]+$`)
	account    = regexp.MustCompile(`^[0-9]{12}$`)
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
	iamPrincipal = regexp.MustCompile(`^(root|(user|role)/[A-Za-z0-9+=,.@_/-]+)$`)
	stsPrincipal = regexp.MustCompile(`^(assumed-role|federated-user)/[A-Za-z0-9+=,.@_/-]+$`)
	// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
	keyID    = regexp.MustCompile(`^(key/)?[A-Za-z0-9-]+$`)
	keyAlias = regexp.MustCompile(`^alias/[A-Za-z0-9/_-]+$`)
	// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
	externalID = regexp.MustCompile(`^[A-Za-z0-9_+=,.@:/*?-]+$`)
)

// validate reports what must not go into a policy.
func (c Config) validate() error {
	checks := []error{c.validateBucket(), c.validateRegion(), c.validateKey()}
	for _, p := range append([]string{c.Prefix}, c.MorePrefixes...) {
		checks = append(checks, validatePrefix(p))
	}
	for _, p := range c.Principals {
		checks = append(checks, c.validatePrincipal(p))
	}
	for _, id := range c.ExternalIDs {
		checks = append(checks, validateExternalID(id))
	}
	for _, ip := range c.SourceIPs {
		checks = append(checks, validateAddress(ip))
	}
	i := slices.IndexFunc(checks, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return checks[i]
}

func (c Config) validateBucket() error {
	if c.Bucket == "" {
		return errors.New("a policy needs the name of the bucket")
	}
	name, err := bucket.Parse(c.Bucket)
	switch {
	case err != nil:
		return err //nolint:wrapcheck // names the setting
	case name.Kind == bucket.Alias:
		return fmt.Errorf("bucket %s is the alias of an access point, which no policy can name: set bucket to its ARN, arn:%s:s3:<region>:<account id>:accesspoint/<name>", name, c.Partition())
	case name.Kind == bucket.Plain && !bucketName.MatchString(c.Bucket):
		return fmt.Errorf("bucket %q is not the name of a bucket that a policy can hold: letters, digits, dots and hyphens", c.Bucket)
	}
	return nil
}

func (c Config) validateRegion() error {
	if c.Region != "" && !regionName.MatchString(c.Region) {
		return fmt.Errorf("region %q is not the name of a region, such as eu-west-1", c.Region)
	}
	if c.Owner != "" && c.sessionsOnly() && !isAccount(c.Owner) { // it is part of the ARN
		return fmt.Errorf("expected_bucket_owner %q is not an account id of 12 digits", c.Owner)
	}
	return nil
}

// validatePrefix allows every character that a key and a policy may hold:
// wildcards and variables are escaped, other letters are written in ASCII.
func validatePrefix(p string) error {
	bad := func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) && r != ' ' || r == unicode.ReplacementChar
	}
	if strings.ContainsFunc(p, bad) {
		return fmt.Errorf("prefix %q holds a control character or a line break, which no policy can hold: take it out of folder", p)
	}
	return nil
}

// validateKey lets nothing but one key or one alias through.
func (c Config) validateKey() error {
	if !c.hasKey() {
		return nil
	}
	resource := c.KMSKey
	if strings.HasPrefix(c.KMSKey, "arn:") {
		key, err := arn.Parse(c.KMSKey)
		switch {
		case err != nil || key.Service != "kms" || !regionName.MatchString(key.Region) || !isAccount(key.AccountID):
			return fmt.Errorf("encryption.kms_key %q is not the ARN of a key, arn:aws:kms:<region>:<account id>:key/<key id>", c.KMSKey)
		case key.Partition != c.Partition():
			return c.otherPartition("encryption.kms_key", c.KMSKey)
		}
		resource = key.Resource
		if !strings.Contains(resource, "/") {
			resource = "" // an ARN says key/ or alias/
		}
	}
	if !keyID.MatchString(resource) && !keyAlias.MatchString(resource) {
		return fmt.Errorf("encryption.kms_key %q does not name one key: a wildcard would grant the use of others; write a key id, a key ARN or an alias", c.KMSKey)
	}
	return nil
}

// validatePrincipal lets accounts, users, roles and their sessions through.
func (c Config) validatePrincipal(p string) error {
	if isAccount(p) {
		return nil
	}
	if strings.ContainsAny(p, "*?$") {
		return fmt.Errorf("principal %q is not one account, user or role: a wildcard or a variable would let others in; name the account by its 12 digits, or one ARN", p)
	}
	a, err := arn.Parse(p)
	if err != nil {
		return fmt.Errorf("principal %q is neither an account id of 12 digits nor an ARN", p)
	}
	known := a.Service == "iam" && iamPrincipal.MatchString(a.Resource) || a.Service == "sts" && stsPrincipal.MatchString(a.Resource)
	if !known || a.Region != "" || !isAccount(a.AccountID) {
		return fmt.Errorf("principal %q is not the ARN of an account, a user or a role, such as arn:aws:iam::111122223333:role/writer", p)
	}
	if a.Partition != c.Partition() {
		return c.otherPartition("principal", p)
	}
	return nil
}

// otherPartition: what is in one partition cannot be granted to, or used in,
// another.
func (c Config) otherPartition(what, value string) error {
	a, _ := arn.Parse(value) // the caller has
	return fmt.Errorf("%s %s is in partition %s, and the bucket is in %s: nothing is granted across partitions", what, value, a.Partition, c.Partition())
}

// validateExternalID allows wildcards beside something that is fixed: a trust
// policy that takes any id demands none.
func validateExternalID(id string) error {
	if !externalID.MatchString(id) {
		return fmt.Errorf("external id %q: it may hold letters, digits and the characters _+=,.@:/-, and * and ? as wildcards", id)
	}
	if strings.Trim(id, "*?") == "" {
		return fmt.Errorf("external id %q lets every id in: let it begin with something of your own, such as agency_*", id)
	}
	return nil
}

func validateAddress(ip string) error {
	if _, err := netip.ParseAddr(ip); err == nil {
		return nil
	}
	block, err := netip.ParsePrefix(ip)
	if err != nil {
		return fmt.Errorf("%q is neither an IP address nor a CIDR block", ip)
	}
	if block.Bits() == 0 {
		return fmt.Errorf("%q holds every address, and so restricts nothing: name the addresses that write", ip)
	}
	return nil
}

func isAccount(s string) bool { return account.MatchString(s) }
