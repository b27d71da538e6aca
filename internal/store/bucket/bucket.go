package bucket

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Kind is what a name stands for.
type Kind uint8

const (
	// Plain is a general purpose bucket of S3, or a bucket of another store.
	Plain Kind = iota
	// Directory is a bucket of S3 Express One Zone, or an access point to one.
	// Requests are signed with the keys of a session, and all that a policy can
	// grant is to begin one:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-security-iam.html
	Directory
	// AccessPoint is an access point by its ARN, in one region or in several.
	AccessPoint
	// Outpost is an access point of S3 on Outposts by its ARN.
	Outpost
	// Alias is an access point by its alias, which is used like the name of a
	// bucket and does not tell whose access point it is.
	Alias
)

// Name is the parsed value of the setting bucket. The zero value is no name.
type Name struct {
	// Kind is what the name stands for.
	Kind Kind
	// Partition, Region and Account are empty where the name does not tell.
	Partition, Region, Account string

	text     string
	resource string // the last part of an access point's ARN, with slashes
}

// Literal takes a text for the name of a plain bucket without looking at it,
// such as a gap in a template.
func Literal(text string) Name { return Name{text: text} }

// The suffixes that AWS reserves for names which are not those of plain buckets:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
const (
	suffixDirectory            = "--x-s3"
	suffixDirectoryAccessPoint = "--xa-s3"
	suffixAlias                = "-s3alias"
	suffixOutpostAlias         = "--op-s3"
)

// plain are the characters of names: those of AWS, and those that stores such
// as Ceph add (tenant:bucket).
var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]*$`)

// Parse reads the setting bucket. The error says what to write instead.
func Parse(text string) (Name, error) {
	switch {
	case text == "":
		return Name{}, errors.New("bucket: it is missing: write the name of a bucket")
	case strings.HasPrefix(text, "arn:"):
		return parseARN(text)
	case !plain.MatchString(text):
		return Name{}, notAName(text)
	}
	n := Name{text: text}
	switch {
	case strings.HasSuffix(text, suffixDirectory), strings.HasSuffix(text, suffixDirectoryAccessPoint):
		n.Kind = Directory
	case strings.HasSuffix(text, suffixAlias), strings.HasSuffix(text, suffixOutpostAlias):
		n.Kind = Alias
	}
	return n, nil
}

// notAName says what is wrong with text, and what was probably meant.
func notAName(text string) error {
	meant := strings.TrimSpace(text)
	if scheme, rest, ok := strings.Cut(meant, "://"); ok {
		meant = rest
		if scheme != "s3" && scheme != "s3a" && scheme != "s3n" {
			meant = virtualHost.ReplaceAllString(rest, "$1/$2")
		}
	}
	name, folder, _ := strings.Cut(strings.TrimLeft(meant, "/"), "/")
	switch {
	case !plain.MatchString(name):
		return fmt.Errorf("bucket: %q is not the name of a bucket: write small letters, digits, dots and hyphens", text)
	case strings.Trim(folder, "/") == "":
		return fmt.Errorf("bucket: %q is not the name of a bucket: write %s", text, name)
	}
	return fmt.Errorf("bucket: %q is not the name of a bucket: write %s, and put %s into folder", text, name, strings.Trim(folder, "/"))
}

// virtualHost are URLs of objects: the bucket in the host name, or behind it.
var virtualHost = regexp.MustCompile(`^(?:([^/]+)\.)?s3[.-][^/]*\.amazonaws\.com(?:\.cn)?/?(.*)$`)

var (
	region  = regexp.MustCompile(`^[a-z0-9-]+$`)
	account = regexp.MustCompile(`^[0-9]{12}$`)
	// The separators in the last part of an ARN are slashes or colons.
	accessPoint = regexp.MustCompile(`^accesspoint[:/]([A-Za-z0-9.-]+)$`)
	outpost     = regexp.MustCompile(`^outpost[:/]([A-Za-z0-9-]+)[:/]accesspoint[:/]([A-Za-z0-9-]+)$`)
)

// suffixMultiRegion ends the alias of an access point that spans regions, whose
// ARN names none.
const suffixMultiRegion = ".mrap"

// parseARN reads the ARN of an access point:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html
func parseARN(text string) (Name, error) {
	a, err := arn.Parse(text)
	if err != nil {
		return Name{}, fmt.Errorf("bucket: %q is not an ARN (%w): write the name of the bucket", text, err)
	}
	n := Name{Partition: a.Partition, Region: a.Region, Account: a.AccountID, text: text}
	switch {
	case a.Service == "s3" && a.Region == "" && a.AccountID == "":
		name, _, _ := strings.Cut(a.Resource, "/")
		return Name{}, fmt.Errorf("bucket: %q is an ARN, and only access points are named by one: write %s", text, name)
	case a.Service == "s3" && accessPoint.MatchString(a.Resource):
		n.Kind, n.resource = AccessPoint, "accesspoint/"+accessPoint.FindStringSubmatch(a.Resource)[1]
	case a.Service == "s3-outposts" && outpost.MatchString(a.Resource):
		part := outpost.FindStringSubmatch(a.Resource)
		n.Kind, n.resource = Outpost, "outpost/"+part[1]+"/accesspoint/"+part[2]
	case a.Service == "s3express":
		return Name{}, fmt.Errorf("bucket: %q is an ARN: write the name alone, which ends in %s or %s", text, suffixDirectory, suffixDirectoryAccessPoint)
	default:
		return Name{}, fmt.Errorf("bucket: %q is not the ARN of an access point: write one such as arn:aws:s3:eu-west-1:111122223333:accesspoint/landing", text)
	}
	if Partition(n.Region) != n.Partition && n.Region != "" && IsPartition(n.Partition) {
		return Name{}, fmt.Errorf("bucket: %q is of region %s, which is in partition %s, not %s: write the ARN as AWS shows it", text, n.Region, Partition(n.Region), n.Partition)
	}
	several := n.Kind == AccessPoint && n.Region == "" && strings.HasSuffix(n.resource, suffixMultiRegion)
	if !account.MatchString(n.Account) || (!region.MatchString(n.Region) && !several) || !IsPartition(n.Partition) {
		return Name{}, fmt.Errorf("bucket: %q is no whole ARN of an access point: write partition, region and account, such as arn:aws:s3:eu-west-1:111122223333:accesspoint/landing", text)
	}
	return n, nil
}

// String is the name as it was written.
func (n Name) String() string { return n.text }

// IsARN reports whether the name is that of an access point by its ARN.
func (n Name) IsARN() bool { return n.Kind == AccessPoint || n.Kind == Outpost }
