package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Template is one of the ten policies that the documentation speaks about.
type Template struct {
	// ID is P1 to P10.
	ID string
	// Name is the base of its file name.
	Name string
	// About is one sentence on what it is for.
	About string

	write func(c Config) (Document, error)
}

// Templates are P1 to P10. P3 to P8 say what the documentation of other
// delivery services asks for, for those who have such a policy already.
func Templates() []Template {
	fixed := func(fn func(c Config) []Statement) func(Config) (Document, error) {
		return func(c Config) (Document, error) { return document(fn(c)...), nil }
	}
	return []Template{
		{"P1", "p01-minimum", "All that the program needs.", fixed(func(c Config) []Statement { return c.grants(Minimum) })},
		{"P2", "p02-recommended", "The minimum, and removing the object of the health check.", fixed(func(c Config) []Statement { return c.grants(Recommended) })},
		{"P3", "p03-put-location-list", "Write, and find and list the bucket.", fixed(func(c Config) []Statement {
			return []Statement{c.wholeBucket("WriteAndList", "PutObject", "GetBucketLocation", "ListBucket")}
		})},
		{"P4", "p04-put-delete", "Write and delete anywhere in the bucket.", fixed(func(c Config) []Statement {
			s := c.wholeBucket("WriteAndDelete", "PutObject", "DeleteObject")
			s.Resource = s.Resource[1:]
			return []Statement{s}
		})},
		{"P5", "p05-read-write", "Read, write, list and delete.", fixed(func(c Config) []Statement {
			return []Statement{c.wholeBucket("ReadAndWrite", "GetObject", "PutObject", "ListBucket", "DeleteObject")}
		})},
		{"P6", "p06-bucket-policy", "The bucket lets in another account (auth.mode bucket_policy).", fixed(Config.documentedBucket)},
		{"P7", "p07-kms-key-policy", "The encryption key lets in another account.", func(c Config) (Document, error) {
			owner, known := c.keyAccount()
			if !known {
				return Document{}, fmt.Errorf("P7 needs encryption.kms_key as an ARN")
			}
			return document(c.documentedKey(owner)...), nil
		}},
		{"P8", "p08-role-policy", "What a role may do that others assume (auth.mode assume_role).", fixed(Config.documentedRole)},
		{"P9", "p09-trust-policy", "Who may assume the role, and with which external id.", fixed(func(c Config) []Statement { return []Statement{c.trust()} })},
		{"P10", "p10-source-ip", "The recommended policy, from some addresses only. A request from any other one gets 403 AccessDenied, like a missing right.", fixed(func(c Config) []Statement { return c.grants(Recommended) })},
	}
}

// listActions are the templates that grant actions one by one.
var listActions = []string{"P3", "P4", "P5", "P6", "P8"}

// RenderTemplate writes the policy of an id, P1 to P10 in any case, for a
// configuration.
func RenderTemplate(c Config, id string) (Document, error) {
	if err := c.validate(); err != nil {
		return Document{}, err
	}
	for _, t := range Templates() {
		if strings.EqualFold(t.ID, id) {
			switch {
			case c.sessionsOnly() && slices.Contains(listActions, t.ID):
				return Document{}, fmt.Errorf("%s grants actions one by one, and a directory bucket knows sessions only: use --kind role or bucket", t.ID)
			case (t.ID == "P6" || t.ID == "P7" || t.ID == "P9") && len(c.Principals) == 0:
				return Document{}, fmt.Errorf("%s needs to know who the writer is: name an account or an ARN as principal", t.ID)
			case t.ID == "P10" && len(c.SourceIPs) == 0:
				return Document{}, fmt.Errorf("P10 needs at least one source address")
			case t.ID != "P10":
				c.SourceIPs = nil
			}
			return t.write(c)
		}
	}
	return Document{}, fmt.Errorf("unknown policy %q: use P1 to P10", id)
}

// wholeBucket grants actions on the bucket and on every object of it.
func (c Config) wholeBucket(sid string, actions ...string) Statement {
	where := c.where()
	return Statement{Sid: sid, Effect: allow, Action: c.actions(actions...), Resource: Values{where.ARN(), where.Objects("*")}}
}

// documentedBucket lets the principals read and write under the prefix, and list
// no further. Only the lists of keys know a prefix, so that the list of uploads
// is a grant of its own:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
func (c Config) documentedBucket() []Statement {
	all := []Statement{
		c.objects("ReadAndWrite", "GetObject*", "DeleteObject", "PutObject*", "ListMultipartUploadParts", "AbortMultipartUpload"),
		c.list("ListPrefix", "ListBucket*"),
		{
			Sid: "ListUploads", Effect: allow, Action: c.actions("ListBucketMultipartUploads"),
			Resource: Values{c.where().ARN()}, Condition: c.addresses(),
		},
	}
	for i := range all {
		all[i].Principal = &Principal{AWS: Values(c.Principals)}
	}
	return all
}

func (c Config) documentedKey(owner string) []Statement {
	resource, condition := c.keyResource()
	if condition != nil {
		resource = "*" // in its own policy a key is simply that
	}
	return []Statement{
		{
			Sid: "EnableIAMUserPermissions", Effect: allow,
			Principal: &Principal{AWS: Values{"arn:" + c.Partition() + ":iam::" + owner + ":root"}},
			Action:    Values{"kms:*"}, Resource: Values{"*"},
		},
		{
			Sid: "AllowUseOfTheKey", Effect: allow,
			Principal: &Principal{AWS: c.roots()},
			Action:    documentedKeyActions(), Resource: Values{resource},
		},
	}
}

func (c Config) documentedRole() []Statement {
	statements := []Statement{
		c.objects("ReadAndWrite", "GetObject*", "DeleteObject", "PutObject*"),
		{Sid: "List", Effect: allow, Action: c.actions("ListBucket"), Resource: Values{c.where().ARN()}, Condition: c.addresses()},
	}
	return append(statements, c.keyUse("UseOfTheKey", documentedKeyActions()...)...)
}
