package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// Config is what policies are written for.
type Config struct {
	// Bucket is the name of the bucket.
	Bucket string
	// Prefix is what all keys begin with; empty means the whole bucket. A
	// final slash is implied.
	Prefix string
	// MorePrefixes are others that objects are written under, such as that of
	// dead letters. Those below Prefix change nothing.
	MorePrefixes []string
	// Region of the bucket; it decides the partition, such as aws-cn.
	Region string
	// Mode is how the writer gets in. With [auth.ModeBucketPolicy] what the
	// identity may do is granted by the bucket.
	Mode auth.Mode
	// Encryption and KMSKey are as in the configuration of the output.
	Encryption encryption.Mode
	KMSKey     string
	// RoleARN is the role that writes, for [auth.ModeAssumeRole].
	RoleARN string
	// ExternalIDs are what the role demands: one of them. * and ? in them are
	// wildcards.
	ExternalIDs []string
	// Principals are who assumes the role, or whom the bucket and the key
	// grant access: account ids, or ARNs of users and roles.
	Principals []string
	// SourceIPs are the only addresses that may write, as addresses or CIDR
	// blocks; none means all.
	SourceIPs []string
	// Tagging: objects are written with tags.
	Tagging bool
	// SessionTags: the role is assumed with session tags.
	SessionTags bool
}

// WithAuth returns c with what an authentication says about roles: which one
// writes, by whom it is assumed, and with which external id. Principals that
// are set already stay.
func (c Config) WithAuth(a auth.Config) Config {
	c.Mode = a.Mode
	hops := a.Hops()
	if len(hops) == 0 {
		return c
	}
	last := hops[len(hops)-1]
	c.RoleARN, c.SessionTags = last.RoleARN, len(last.Tags) > 0
	if last.ExternalID != "" && len(c.ExternalIDs) == 0 {
		c.ExternalIDs = []string{last.ExternalID}
	}
	if len(hops) > 1 && len(c.Principals) == 0 {
		c.Principals = []string{hops[len(hops)-2].RoleARN}
	}
	return c
}

// validate reports what would end up as nonsense in a policy.
func (c Config) validate() error {
	if c.Bucket == "" {
		return errors.New("a policy needs the name of the bucket")
	}
	if strings.ContainsAny(c.Bucket, "*?/ \"") {
		return fmt.Errorf("%q is not the name of a bucket", c.Bucket)
	}
	for _, p := range c.Principals {
		if _, err := arn.Parse(p); err != nil && !isAccount(p) {
			return fmt.Errorf("principal %q is neither an account id of 12 digits nor an ARN", p)
		}
	}
	for _, ip := range c.SourceIPs {
		_, notAddress := netip.ParseAddr(ip)
		if _, err := netip.ParsePrefix(ip); err != nil && notAddress != nil {
			return fmt.Errorf("%q is neither an IP address nor a CIDR block", ip)
		}
	}
	return nil
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// Partition is the partition of the bucket's region, or else of the role:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
func (c Config) Partition() string {
	for prefix, partition := range map[string]string{
		"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b",
		"eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f", "eusc-": "aws-eusc",
	} {
		if strings.HasPrefix(c.Region, prefix) {
			return partition
		}
	}
	if role, err := arn.Parse(c.RoleARN); err == nil && c.Region == "" {
		return role.Partition
	}
	return "aws"
}

// literal escapes what is special in a policy: wildcards and variables.
var literal = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")

// prefixes are the prefixes as they stand in a policy: empty, or with a final
// slash, and none below another.
func (c Config) prefixes() []string {
	var kept []string
	for _, p := range append([]string{c.Prefix}, c.MorePrefixes...) {
		p = strings.TrimLeft(p, "/")
		if p != "" && !strings.HasSuffix(p, "/") {
			p += "/"
		}
		p = literal.Replace(p)
		if !slices.ContainsFunc(kept, func(k string) bool { return strings.HasPrefix(p, k) }) {
			kept = append(slices.DeleteFunc(kept, func(k string) bool { return strings.HasPrefix(k, p) }), p)
		}
	}
	return kept
}

func (c Config) bucketARN() string { return "arn:" + c.Partition() + ":s3:::" + c.Bucket }

// objectARNs name everything under the prefixes.
func (c Config) objectARNs() Values {
	var all Values
	for _, p := range c.prefixes() {
		all = append(all, c.bucketARN()+"/"+p+"*")
	}
	return all
}

// hasKey reports whether a key of the customer is in use. The AWS-managed key
// needs no grant: its policy lets in everybody whom S3 lets in, within its
// account.
func (c Config) hasKey() bool {
	return c.KMSKey != "" && (c.Encryption == encryption.ModeSSEKMSCMK || c.Encryption == encryption.ModeSSEKMS)
}

// keyResource names the key in a policy of an identity. KMS knows no grants on
// aliases, only conditions on them, and an id alone leaves the account open:
// https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
func (c Config) keyResource() (resource string, condition map[string]Condition) {
	region, account, name := c.Region, "*", c.KMSKey
	if key, err := arn.Parse(c.KMSKey); err == nil {
		region, account, name = key.Region, key.AccountID, key.Resource
	}
	if region == "" {
		region = "*"
	}
	base := "arn:" + c.Partition() + ":kms:" + region + ":" + account + ":"
	if strings.HasPrefix(name, "alias/") {
		return base + "key/*", map[string]Condition{"ForAnyValue:StringEquals": {"kms:ResourceAliases": {name}}}
	}
	return base + "key/" + strings.TrimPrefix(name, "key/"), nil
}

// keyAccount is the account that owns the key, where the configuration says.
func (c Config) keyAccount() (string, bool) {
	key, err := arn.Parse(c.KMSKey)
	return key.AccountID, err == nil && key.AccountID != ""
}

// roots turns account ids into the ARNs that key policies use.
func (c Config) roots() Values {
	all := make(Values, len(c.Principals))
	for i, p := range c.Principals {
		if all[i] = p; isAccount(p) {
			all[i] = "arn:" + c.Partition() + ":iam::" + p + ":root"
		}
	}
	return all
}

// sortedCopy makes lists independent of the order in which they were given.
func sortedCopy(list []string) Values {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
