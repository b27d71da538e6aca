package policy

import (
	"fmt"
	"strings"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/bucket"
)

// Fix is a statement to add, and where.
type Fix struct {
	// Where says which policy it belongs into, in words.
	Where string
	// Statement is what to add.
	Statement Statement
	// Note is what else may be the cause, or when the statement is not needed;
	// it may be empty.
	Note string
}

// Fixes returns the statements that give what an operation lacked, going by
// the class of its error; none when no policy is to blame.
func Fixes(c Config, op store.Op, class store.Class) []Fix {
	switch class {
	case store.ClassKMS:
		return c.keyFixes()
	case store.ClassDenied:
	default:
		return nil
	}
	s, where := c.right(op), c.identity()
	fixes := []Fix{{Where: where, Statement: s, Note: c.delegation()}}
	if c.Mode == auth.ModeBucketPolicy {
		// Access from another account takes both sides.
		granted := s
		granted.Principal = &Principal{AWS: Values(c.Principals)}
		if len(c.Principals) == 0 {
			granted.Principal.AWS = Values{"<ACCOUNT ID OF THE WRITER>"}
		}
		fixes = append([]Fix{{Where: "the policy of " + c.place(), Statement: granted, Note: c.delegation()}}, fixes...)
	}
	return fixes
}

// TrustFix returns the statement by which a role trusts whoever assumes it. STS
// does not say whether the trust policy or the external id is at fault, so that
// the note tells when it is the latter.
func TrustFix(c Config) Fix {
	if len(c.Principals) == 0 {
		c.Principals = []string{"<ACCOUNT ID OR ARN OF THE WRITER>"}
	}
	f := Fix{Where: "the trust policy of role " + c.RoleARN, Statement: c.trust()}
	if len(c.ExternalIDs) > 0 {
		f.Note = fmt.Sprintf("The statement holds the external id of the configuration, %s. If that is not the one agreed on with the owner of the role, "+
			"leave the policy as it is and correct external_id.", strings.Join(c.ExternalIDs, ", "))
	} else {
		f.Note = "If the trust policy demands an external id (sts:ExternalId), leave it as it is and set external_id to that."
	}
	return f
}

// identity says whose policy grants rights.
func (c Config) identity() string {
	if c.Mode == auth.ModeAssumeRole && c.RoleARN != "" {
		return "a policy of role " + c.RoleARN
	}
	return "a policy of the user or role that writes"
}

// right is the statement that allows an operation of the store.
func (c Config) right(op store.Op) Statement {
	if c.sessionsOnly() {
		return c.session()
	}
	switch op {
	case store.OpListObjects:
		return c.list("ListPrefix", "ListBucket")
	case store.OpDeleteObject:
		return c.objects("DeleteProbe", "DeleteObject")
	case store.OpHeadObject:
		return c.objects("ReadBack", "GetObject")
	case store.OpGetObject:
		return c.readColumns()
	case store.OpAbortMultipartUpload:
		return c.objects("AbortUploads", "AbortMultipartUpload")
	case store.OpPutObject, store.OpCreateMultipartUpload, store.OpUploadPart, store.OpCompleteMultipartUpload:
	}
	return c.write()
}

// place names what a policy of the owner's side is attached to.
func (c Config) place() string {
	switch where := c.where(); where.Kind {
	case bucket.AccessPoint, bucket.Outpost, bucket.Alias:
		return "access point " + where.String()
	case bucket.Plain, bucket.Directory:
	}
	return "bucket " + c.Bucket
}

// delegation is what an access point needs beside its own policy; empty for a
// bucket.
func (c Config) delegation() string {
	switch c.where().Kind {
	case bucket.AccessPoint, bucket.Outpost, bucket.Alias:
		return "The bucket behind the access point must allow the same: by a policy that leaves the decision to its access points, or by the same statement with the ARN of the bucket."
	case bucket.Plain, bucket.Directory:
	}
	return ""
}

// keyFixes let the writer use the key: by its own policy, and by that of the
// key, without which nothing counts in another account.
func (c Config) keyFixes() []Fix {
	var fixes []Fix
	for _, s := range c.keyUse("Encrypt", "kms:GenerateDataKey", "kms:Decrypt") {
		fixes = append(fixes, Fix{Where: c.identity(), Statement: s})
	}
	if len(fixes) == 0 {
		return nil
	}
	if len(c.Principals) == 0 {
		c.Principals = []string{"<ARN OF THE WRITER>"}
		if c.RoleARN != "" {
			c.Principals = []string{c.RoleARN}
		}
	}
	return append(fixes, Fix{
		Where: "the policy of key " + c.KMSKey,
		Statement: Statement{
			Sid: "AllowUseOfTheKey", Effect: allow, Principal: &Principal{AWS: c.roots()},
			Action: Values{"kms:GenerateDataKey", "kms:Decrypt"}, Resource: Values{"*"},
		},
		Note: "The policy of the key needs no change when the writer belongs to the key's account and that policy grants the root of the account kms:*, as it does unless somebody removed it.",
	})
}
