package bucket

import (
	"net/url"
	"slices"
	"strings"
)

// partition is one of the partitions of AWS.
type partition struct {
	// regions begins the names of its regions; empty for the first, which all
	// others are.
	regions string
	// domains end the host names of its endpoints, VPC endpoints included, over
	// IPv4 and dual stack.
	domains []string
}

// partitions are those that the SDK knows:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
var partitions = map[string]partition{
	"aws":        {"", []string{".amazonaws.com", ".api.aws"}},
	"aws-cn":     {"cn-", []string{".amazonaws.com.cn", ".api.amazonwebservices.com.cn"}},
	"aws-us-gov": {"us-gov-", nil}, // those of aws
	"aws-eusc":   {"eusc-", []string{".amazonaws.eu", ".api.amazonwebservices.eu"}},
	"aws-iso":    {"us-iso-", []string{".c2s.ic.gov", ".api.aws.ic.gov"}},
	"aws-iso-b":  {"us-isob-", []string{".sc2s.sgov.gov", ".api.aws.scloud"}},
	"aws-iso-e":  {"eu-isoe-", []string{".cloud.adc-e.uk", ".api.cloud-aws.adc-e.uk"}},
	"aws-iso-f":  {"us-isof-", []string{".csp.hci.ic.gov", ".api.aws.hci.ic.gov"}},
}

// Partition is the partition of a region; "aws" for an unknown or an empty one.
func Partition(region string) string {
	for name, p := range partitions {
		if p.regions != "" && strings.HasPrefix(region, p.regions) {
			return name
		}
	}
	return "aws"
}

// IsPartition reports whether AWS has a partition of that name.
func IsPartition(name string) bool {
	_, known := partitions[name]
	return known
}

// Foreign reports whether an endpoint, given as a URL, is that of another store
// than AWS. An empty one is AWS.
func Foreign(endpoint string) bool {
	if endpoint == "" {
		return false
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return true
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	for _, p := range partitions {
		if slices.ContainsFunc(p.domains, func(d string) bool { return strings.HasSuffix(host, d) }) {
			return false
		}
	}
	return true
}

// In fills in what the name does not tell itself: where the bucket is, and whose
// it is. Empty values stay unknown.
func (n Name) In(partition, region, account string) Name {
	if n.Partition == "" {
		n.Partition = partition
	}
	if n.Region == "" && n.Kind != AccessPoint { // that spans regions
		n.Region = region
	}
	if n.Account == "" {
		n.Account = account
	}
	return n
}

// ARN names the bucket or access point in a policy. What is unknown of a
// directory bucket is left open with *; of an alias nothing is known but that an
// access point is behind it, so that there is a gap to fill in.
func (n Name) ARN() string {
	partition := or(n.Partition, "aws")
	switch n.Kind {
	case Directory:
		kind := "bucket/"
		if strings.HasSuffix(n.text, suffixDirectoryAccessPoint) {
			kind = "accesspoint/"
		}
		return "arn:" + partition + ":s3express:" + or(n.Region, "*") + ":" + or(n.Account, "*") + ":" + kind + n.text
	case AccessPoint:
		return "arn:" + partition + ":s3:" + n.Region + ":" + n.Account + ":" + n.resource
	case Outpost:
		return "arn:" + partition + ":s3-outposts:" + n.Region + ":" + n.Account + ":" + n.resource
	case Alias:
		return "arn:" + partition + ":" + n.service() + ":" + or(n.Region, "<REGION>") + ":" + or(n.Account, "<ACCOUNT ID>") + ":accesspoint/<NAME OF THE ACCESS POINT>"
	case Plain:
	}
	return "arn:" + partition + ":s3:::" + n.text
}

// Objects names objects in a policy by what their keys look like, such as
// "events/*". Of a directory bucket it is the bucket, which is all that a policy
// can name.
func (n Name) Objects(pattern string) string {
	switch n.Kind {
	case Directory:
		return n.ARN()
	case AccessPoint, Outpost, Alias:
		return n.ARN() + "/object/" + pattern
	case Plain:
	}
	return n.ARN() + "/" + pattern
}

// CreateSession is the one action that a policy grants on a directory bucket.
const CreateSession = "s3express:CreateSession"

// Action is the name in a policy of an action of S3, such as PutObject.
func (n Name) Action(name string) string {
	if n.Kind == Directory {
		return CreateSession
	}
	return n.service() + ":" + name
}

func (n Name) service() string {
	if n.Kind == Outpost || strings.HasSuffix(n.text, suffixOutpostAlias) {
		return "s3-outposts"
	}
	return "s3"
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
