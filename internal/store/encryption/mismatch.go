package encryption

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Mismatch compares what a server reports about a write with what was asked,
// and says what differs; empty when nothing does, or when nothing was asked. A
// key asked by alias is not compared, because the server reports the key behind
// it.
func (p Params) Mismatch(reported types.ServerSideEncryption, keyID string) string {
	if p.Algorithm == "" {
		return ""
	}
	if reported != p.Algorithm {
		if reported == "" {
			return fmt.Sprintf("asked for %s, and the server reports no encryption", p.Algorithm)
		}
		return fmt.Sprintf("asked for %s, and the server reports %s", p.Algorithm, reported)
	}
	if p.KMSKeyID == nil || keyID == "" || strings.Contains(*p.KMSKeyID, "alias/") {
		return ""
	}
	if asked := *p.KMSKeyID; keyName(asked) != keyName(keyID) {
		return fmt.Sprintf("asked for the KMS key %s, and the server reports %s", asked, keyID)
	}
	return ""
}

// keyName is the id at the end of a key's ARN, or the id itself. MinIO reports
// arn:aws:kms:<id>.
func keyName(key string) string { return key[strings.LastIndexAny(key, "/:")+1:] }
