package config

import (
	"fmt"

	"github.com/s3-destination/s3-destination/internal/store"
)

// writes are how objects are put into the bucket.
func writes(s *store.Config) settings {
	return settings{
		choice("conditional_writes", &s.Conditions, is("auto", store.ProveConditions), is("on", store.AssumeConditions), is("off", store.NeverConditions)).
			doc("`auto` writes with `If-None-Match: *`, so that no object is ever replaced, and gives objects unique names until the store has shown that it honours that: the health check finds out. `on` relies on it without a proof: only for stores that are known to honour it, on large objects (`CompleteMultipartUpload`) as well. `off` always relies on unique names.").
			or("auto").advanced(),
		text("storage_class", &s.StorageClass).
			doc("The storage class; empty means the bucket's default.").
			or("").advanced().
			example("STANDARD_IA"),
	}
}

// properties are what every object gets beside its content.
func properties(s *store.Config) settings {
	return settings{
		texts("metadata", &s.Metadata).
			doc("User metadata of every object. `s3d-identity`, `s3d-rows` and `s3d-roll-reason` are added.").
			or(map[string]any{}).advanced(),
		texts("tags", &s.Tags).
			doc("Tags of every object; needs the right `s3:PutObjectTagging`.").
			or(map[string]any{}).advanced(),
		text("acl", &s.ACL).
			doc("The canned ACL of every object: `bucket-owner-full-control`, `bucket-owner-read`, `private`, `authenticated-read`, `aws-exec-read`, `public-read` or `public-read-write`. Only of use where the bucket has ACLs switched on (Object Ownership) or its policy demands the header; needs the right `s3:PutObjectAcl`. Empty sends none.").
			or("").advanced().
			example("bucket-owner-full-control"),
		text("request_payer", &s.RequestPayer).
			doc("`requester` agrees to pay for the requests, which a bucket with Requester Pays demands of everybody but its owner. It goes with every request. Empty does not.").
			or("").advanced().
			example("requester"),
		text("expected_bucket_owner", &s.ExpectedBucketOwner).
			doc("The account id that must own the bucket; S3 refuses to write otherwise.").
			or("").advanced(),
		word("checksum", &s.Checksum, "auto", "crc32c", "crc64nvme", "sha256", "md5", "none").
			doc("The checksum that S3 verifies. `auto` is CRC32C on AWS, and none where `endpoint` leads to another store, since some refuse it. `md5` is the header Content-MD5, for stores that know no other and want one, as Backblaze B2 for buckets with Object Lock.").
			or("auto").advanced(),
	}
}

func checkProperties(s *store.Config, r *reader) {
	if store.Public(s.ACL) {
		r.warn(fmt.Sprintf("acl: %q lets people read the objects who have no part in the bucket: write bucket-owner-full-control, which is what the owner of a bucket of another account needs", s.ACL))
	}
}
