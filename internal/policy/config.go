package policy

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/bucket"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// Config is what policies are written for.
type Config struct {
	// Bucket is the name of the bucket, or the ARN of an access point.
	Bucket string
	// Prefix is what all keys begin with; empty means the whole bucket. A
	// final slash is implied.
	Prefix string
	// MorePrefixes are others that objects are written under, such as that of
	// dead letters. Those below Prefix change nothing.
	MorePrefixes []string
	// Region of the bucket; it decides the partition, such as aws-cn.
	Region string
	// Foreign: the bucket is in another store than AWS, whose ARNs are all in
	// partition aws.
	Foreign bool
	// Owner is the account that owns the bucket; empty when unknown.
	Owner string
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
	// ACL and Tagging: objects are written with a canned ACL, with tags.
	ACL, Tagging bool
	// ReadBack: objects that may be there from before a crash are recognised by
	// their metadata.
	ReadBack bool
	// Columns: what is known of the columns of datasets is kept in the bucket, and
	// read.
	Columns bool
	// SessionTags: the role is assumed with session tags.
	SessionTags bool
}

// WithStore returns c with what the configuration of a store says: the bucket,
// what writing to it needs, the encryption, and the roles as [Config.WithAuth].
func (c Config) WithStore(s store.Config) Config {
	c.Bucket, c.Region, c.Owner = s.Bucket, s.Region, s.ExpectedBucketOwner
	c.Foreign = bucket.Foreign(s.Endpoint)
	c.Encryption, c.KMSKey = s.Encryption.Mode, s.Encryption.KMSKey
	c.ACL, c.Tagging = s.ACL != "", len(s.Tags) > 0
	return c.WithAuth(s.Auth)
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

// Partition is the partition of the bucket: that of its ARN or its region, or
// else of the first ARN among role, key and principals.
func (c Config) Partition() string {
	if c.Foreign {
		return "aws"
	}
	if name, err := bucket.Parse(c.Bucket); err == nil && name.Partition != "" {
		return name.Partition
	}
	if c.Region != "" {
		return bucket.Partition(c.Region)
	}
	for _, text := range append([]string{c.RoleARN, c.KMSKey}, c.Principals...) {
		if a, err := arn.Parse(text); err == nil {
			return a.Partition
		}
	}
	return "aws"
}

// where is the bucket, with all that is known of its place.
func (c Config) where() bucket.Name {
	name, err := bucket.Parse(c.Bucket)
	if err != nil {
		name = bucket.Literal(c.Bucket) // a gap in a template
	}
	return name.In(c.Partition(), c.Region, c.Owner)
}

// sortedCopy makes lists independent of the order in which they were given.
func sortedCopy(list []string) Values {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
