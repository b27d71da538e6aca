package policy

import (
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/remember"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/bucket"
)

const allow = "Allow"

// objects grants actions on everything under the prefix.
func (c Config) objects(sid string, actions ...string) Statement {
	return Statement{
		Sid: sid, Effect: allow, Action: c.actions(actions...), Resource: c.objectARNs(), Condition: c.addresses(),
	}
}

// readColumns grants reading what schema.remember keeps beside the data.
func (c Config) readColumns() Statement {
	return Statement{
		Sid: "ReadColumns", Effect: allow, Action: c.actions("GetObject"),
		Resource: Values{c.where().Objects(folder(c.Prefix) + remember.Folder + "*")}, Condition: c.addresses(),
	}
}

// write grants what writing an object needs, and more.
func (c Config) write(more ...string) Statement {
	needed := store.WriteActions(c.ACL, c.Tagging)
	// Rights that a setting needs come last.
	return c.objects("Write", slices.Concat(needed[:1], more, needed[1:])...)
}

// session grants all that can be granted on a directory bucket: to begin a
// session, in which everything is allowed.
func (c Config) session() Statement {
	return Statement{
		Sid: "Session", Effect: allow, Action: Values{bucket.CreateSession}, Resource: c.objectARNs(), Condition: c.addresses(),
	}
}

// sessionsOnly reports whether the bucket is one that knows no other grant.
func (c Config) sessionsOnly() bool { return c.where().Kind == bucket.Directory }

// addresses is the condition of P10: the source documents call it by the
// set operator, which matches a single address just as well.
func (c Config) addresses() map[string]Condition {
	if len(c.SourceIPs) == 0 {
		return nil
	}
	return map[string]Condition{"ForAnyValue:IpAddress": {"aws:SourceIp": sortedCopy(c.SourceIPs)}}
}

// list grants listing, no further than the prefix. What begins with the name of
// the prefix but lies beside it (events, events-secret) is not listed either.
func (c Config) list(sid string, actions ...string) Statement {
	s := Statement{Sid: sid, Effect: allow, Action: c.actions(actions...), Resource: Values{c.where().ARN()}, Condition: c.addresses()}
	var patterns Values
	for _, p := range c.prefixes() {
		if p == "" {
			return s
		}
		patterns = append(patterns, p+"*")
	}
	if s.Condition == nil {
		s.Condition = map[string]Condition{}
	}
	s.Condition["StringLike"] = Condition{"s3:prefix": patterns}
	return s
}

// keyUse grants the use of the key to an identity. GenerateDataKey encrypts;
// the parts of a multipart upload are read back to be joined, which takes
// Decrypt: https://repost.aws/knowledge-center/s3-large-file-encryption-kms-key
func (c Config) keyUse(sid string, actions ...string) []Statement {
	if !c.hasKey() {
		return nil
	}
	resource, condition := c.keyResource()
	return []Statement{{Sid: sid, Effect: allow, Action: actions, Resource: Values{resource}, Condition: condition}}
}

// documentedKeyActions are those that the source documents grant.
func documentedKeyActions() Values {
	return Values{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"}
}

// trust lets the principals assume the role.
func (c Config) trust() Statement {
	actions := Values{"sts:AssumeRole"}
	if c.SessionTags {
		actions = append(actions, "sts:TagSession")
	}
	s := Statement{Sid: "AssumeRole", Effect: allow, Principal: &Principal{AWS: c.roots()}, Action: actions}
	if len(c.ExternalIDs) > 0 {
		operator := "StringEquals"
		for _, id := range c.ExternalIDs {
			if strings.ContainsAny(id, "*?") {
				operator = "StringLike"
			}
		}
		s.Condition = map[string]Condition{operator: {"sts:ExternalId": sortedCopy(c.ExternalIDs)}}
	}
	return s
}

// grants are the statements of a flavour for an identity.
func (c Config) grants(f Flavour) []Statement {
	encrypt := c.keyUse("Encrypt", "kms:GenerateDataKey", "kms:Decrypt")
	if f == Full {
		encrypt = c.keyUse("Encrypt", "kms:GenerateDataKey", "kms:Decrypt", "kms:DescribeKey")
	}
	if c.sessionsOnly() {
		return append([]Statement{c.session()}, encrypt...)
	}
	if c.Columns && f != Full {
		encrypt = append([]Statement{c.readColumns()}, encrypt...)
	}
	switch f {
	case Minimum:
		return append([]Statement{c.write()}, encrypt...)
	case Full:
		return append([]Statement{
			c.write("DeleteObject", "GetObject", "AbortMultipartUpload", "ListMultipartUploadParts"),
			c.list("ListPrefix", "ListBucket"),
		}, encrypt...)
	default:
		more := []string{"DeleteObject"}
		if c.ReadBack {
			more = append(more, "GetObject")
		}
		return append([]Statement{c.write(more...)}, encrypt...)
	}
}
