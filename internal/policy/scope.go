package policy

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// literal escapes what is special in a policy: wildcards and variables.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
var literal = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")

// prefixes are the prefixes as they stand in a policy: empty, or with a final
// slash, and none below another.
func (c Config) prefixes() []string {
	var kept []string
	for _, p := range append([]string{c.Prefix}, c.MorePrefixes...) {
		p = folder(p)
		if !slices.ContainsFunc(kept, func(k string) bool { return strings.HasPrefix(p, k) }) {
			kept = append(slices.DeleteFunc(kept, func(k string) bool { return strings.HasPrefix(k, p) }), p)
		}
	}
	return kept
}

// folder is a prefix as it stands in a policy.
func folder(prefix string) string {
	p := strings.TrimLeft(prefix, "/")
	if p != "" && !strings.HasSuffix(p, "/") {
		p += "/"
	}
	return literal.Replace(p)
}

// objectARNs name everything under the prefixes. Of a directory bucket a policy
// can name no less than all.
func (c Config) objectARNs() Values {
	var all Values
	for _, p := range c.prefixes() {
		if a := c.where().Objects(p + "*"); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// actions are the names in a policy of actions of S3, such as PutObject.
func (c Config) actions(names ...string) Values {
	var all Values
	for _, name := range names {
		if a := c.where().Action(name); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// hasKey reports whether a key of the customer is in use. The AWS-managed key
// needs no grant: its policy lets in everybody whom S3 lets in, within its
// account.
func (c Config) hasKey() bool { return c.KMSKey != "" && c.Encryption.KMS() }

// keyResource names the key in a policy of an identity. KMS knows no grants on
// aliases, only conditions on them, and an id alone leaves the account open:
// https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
func (c Config) keyResource() (resource string, condition map[string]Condition) {
	partition, region, account, name := c.Partition(), c.Region, "*", c.KMSKey
	if key, err := arn.Parse(c.KMSKey); err == nil {
		partition, region, account, name = key.Partition, key.Region, key.AccountID, key.Resource
	}
	if region == "" {
		region = "*"
	}
	base := "arn:" + partition + ":kms:" + region + ":" + account + ":"
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
