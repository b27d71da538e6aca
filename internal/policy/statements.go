package policy

import "strings"

const allow = "Allow"

// objects grants actions on everything under the prefix.
func (c Config) objects(sid string, actions ...string) Statement {
	if c.Tagging {
		actions = append(actions, "s3:PutObjectTagging")
	}
	return Statement{
		Sid: sid, Effect: allow, Action: actions, Resource: c.objectARNs(), Condition: c.addresses(),
	}
}

// addresses is the condition of P10: the source documents call it by the
// set operator, which matches a single address just as well.
func (c Config) addresses() map[string]Condition {
	if len(c.SourceIPs) == 0 {
		return nil
	}
	return map[string]Condition{"ForAnyValue:IpAddress": {"aws:SourceIp": sortedCopy(c.SourceIPs)}}
}

// list grants listing, no further than the prefix.
func (c Config) list(sid string) Statement {
	s := Statement{Sid: sid, Effect: allow, Action: Values{"s3:ListBucket"}, Resource: Values{c.bucketARN()}, Condition: c.addresses()}
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
	switch f {
	case Minimum:
		return append([]Statement{c.objects("Write", "s3:PutObject")},
			c.keyUse("Encrypt", "kms:GenerateDataKey", "kms:Decrypt")...)
	case Full:
		statements := []Statement{
			c.objects("Write", "s3:PutObject", "s3:DeleteObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
			c.list("ListPrefix"),
		}
		return append(statements, c.keyUse("Encrypt", "kms:GenerateDataKey", "kms:Decrypt", "kms:DescribeKey")...)
	default:
		return append([]Statement{c.objects("Write", "s3:PutObject", "s3:DeleteObject")},
			c.keyUse("Encrypt", "kms:GenerateDataKey", "kms:Decrypt")...)
	}
}
