package policy

import (
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
)

// Fix is a statement to add, and where.
type Fix struct {
	// Where says which policy it belongs into, in words.
	Where string
	// Statement is what to add.
	Statement Statement
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
	fixes := []Fix{{where, s}}
	if c.Mode == auth.ModeBucketPolicy {
		// Access from another account takes both sides.
		granted := s
		granted.Principal = &Principal{AWS: Values(c.Principals)}
		if len(c.Principals) == 0 {
			granted.Principal.AWS = Values{"<ACCOUNT ID OF THE WRITER>"}
		}
		fixes = append([]Fix{{"the policy of bucket " + c.Bucket, granted}}, fixes...)
	}
	return fixes
}

// TrustFix returns the statement by which a role trusts whoever assumes it.
func TrustFix(c Config) Fix {
	if len(c.Principals) == 0 {
		c.Principals = []string{"<ACCOUNT ID OR ARN OF THE WRITER>"}
	}
	return Fix{"the trust policy of role " + c.RoleARN, c.trust()}
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
	switch op {
	case store.OpListObjects:
		return c.list("ListPrefix")
	case store.OpDeleteObject:
		return c.single("DeleteProbe", "s3:DeleteObject")
	case store.OpHeadObject:
		return c.single("ReadBack", "s3:GetObject")
	case store.OpAbortMultipartUpload:
		return c.single("AbortUploads", "s3:AbortMultipartUpload")
	case store.OpPutObject, store.OpCreateMultipartUpload, store.OpUploadPart, store.OpCompleteMultipartUpload:
	}
	return c.objects("Write", "s3:PutObject")
}

// single is objects without what every write needs.
func (c Config) single(sid, action string) Statement {
	c.Tagging = false
	return c.objects(sid, action)
}

// keyFixes let the writer use the key: by its own policy, and by that of the
// key, without which nothing counts in another account.
func (c Config) keyFixes() []Fix {
	var fixes []Fix
	for _, s := range c.keyUse("Encrypt", "kms:GenerateDataKey", "kms:Decrypt") {
		fixes = append(fixes, Fix{c.identity(), s})
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
	return append(fixes, Fix{"the policy of key " + c.KMSKey, Statement{
		Sid: "AllowUseOfTheKey", Effect: allow, Principal: &Principal{AWS: c.roots()},
		Action: Values{"kms:GenerateDataKey", "kms:Decrypt"}, Resource: Values{"*"},
	}})
}
