package config

import (
	"errors"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// access is who writes, and how the store encrypts.
func access(s *store.Config) settings {
	a, e := &s.Auth, &s.Encryption
	return settings{
		object("auth", "How to authenticate.",
			word("mode", &a.Mode, "default", "access_key", "bucket_policy", "assume_role").
				doc("Who writes. `default`: whatever the environment gives (variables, profile, web identity, container or instance role). `access_key`: a user made for the writer in the bucket's account. `bucket_policy`: a user of the writer's own account, to which the bucket's policy grants access. `assume_role`: a role of the bucket's account that trusts the writer, assumed from the environment's credentials or from an access key.").
				or("default"),
			text("access_key_id", &a.AccessKeyID).
				doc("The access key id, for `access_key` and `bucket_policy`, and optionally the base of `assume_role`.").
				or("").secret(),
			text("secret_access_key", &a.SecretAccessKey).
				doc("The secret access key that belongs to the id.").
				or("").secret(),
			text("session_token", &a.SessionToken).
				doc("The session token that belongs to temporary keys.").
				or("").secret().advanced(),
			text("role_arn", &a.RoleARN).
				doc("The role to assume, for `assume_role`.").
				or("").
				example("arn:aws:iam::111122223333:role/landing-writer"),
			text("external_id", &a.ExternalID).
				doc("The external id that the role's trust policy demands.").
				or("").secret(),
			hops("role_chain", &a.Chain).
				doc("Several roles, each assumed with the credentials of the one before; the last one writes. Instead of `role_arn`.").
				or([]any{}).advanced(),
			text("session_name", &a.SessionName).
				doc("The name of role sessions in CloudTrail; empty means `s3-destination-<label>`.").
				or("").advanced(),
			duration("session_duration", &a.SessionDuration).
				doc("How long role sessions last, from 15m; `0s` leaves it to STS (one hour). A session of a role that is assumed from another role lasts at most 1h.").
				or("0s").advanced(),
			texts("session_tags", &a.SessionTags).
				doc("Session tags; the roles must allow `sts:TagSession`.").
				or(map[string]any{}).advanced(),
			text("sts_endpoint", &a.STSEndpoint).
				doc("The URL of STS; empty means the regional endpoint of AWS.").
				or("").advanced(),
			text("sts_region", &a.STSRegion).
				doc("The region in which STS is asked; empty means `region`.").
				or("").advanced(),
		),
		object("encryption", "How S3 encrypts the objects.",
			word("mode", &e.Mode, "sse-s3", "sse-kms", "sse-kms-cmk", "sse-kms-dsse", "none").
				doc("Server-side encryption: `sse-s3` with keys managed by S3, `sse-kms` with the AWS-managed KMS key, `sse-kms-cmk` with a customer-managed KMS key, `sse-kms-dsse` twice with KMS (DSSE-KMS), with `kms_key` or the AWS-managed key, `none` to leave it to the bucket.").
				or("sse-s3"),
			text("kms_key", &e.KMSKey).
				doc("The id, ARN or alias ARN of the KMS key. Required for `sse-kms-cmk`, optional for the other KMS modes; a key of another account needs its ARN.").
				or(""),
			flagOrUnset("bucket_key", &e.BucketKey).
				doc("Ask for an S3 Bucket Key, which makes fewer calls to KMS. The bucket decides when not set; `sse-kms-dsse` knows none.").advanced(),
			texts("context", &e.Context).
				doc("The KMS encryption context. It is not secret.").
				or(map[string]any{}).advanced(),
			choice("on_mismatch", &s.TolerateEncryption, is("fail", false), is("warn", true)).
				doc("What happens when the server reports another encryption than was asked for, as stores do that ignore it silently: `fail` treats the object as not stored, `warn` only says so.").
				or("fail").advanced(),
		),
	}
}

// hops are roles that are assumed one after the other.
func hops(name string, into *[]auth.Hop) setting {
	field := service.NewObjectListField(name, hop(&auth.Hop{}).fields()...)
	return newSetting(name, field, func(r *reader, path []string) {
		for _, conf := range get(r, r.conf.FieldObjectList, path) {
			h, one := auth.Hop{}, &reader{conf: conf}
			hop(&h).read(one, nil)
			r.fail(one.err())
			*into = append(*into, h)
		}
	})
}

func hop(h *auth.Hop) settings {
	return settings{
		text("role_arn", &h.RoleARN).
			doc("The role to assume.").
			example("arn:aws:iam::111122223333:role/hub"),
		text("external_id", &h.ExternalID).
			doc("The external id that the role's trust policy demands.").
			or("").secret(),
		text("session_name", &h.SessionName).
			doc("The session's name; empty means `session_name` of `auth`.").
			or(""),
		duration("session_duration", &h.SessionDuration).
			doc("How long the session lasts; `0s` means `session_duration` of `auth`.").
			or("0s"),
		text("sts_endpoint", &h.STSEndpoint).
			doc("Where STS is asked; empty means `sts_endpoint` of `auth`.").
			or(""),
		text("sts_region", &h.Region).
			doc("The region in which STS is asked; empty means `sts_region` of `auth`.").
			or(""),
	}
}

// checkAccess looks at the rules between the way of access and the encryption.
func checkAccess(s *store.Config, r *reader) {
	mode, kind := s.Auth.Mode, s.Encryption.Mode
	if mode == auth.ModeBucketPolicy && kind == encryption.ModeSSEKMS {
		r.fail(errors.New("encryption.mode: \"sse-kms\" is encryption with an AWS-managed key, which cannot be shared with another account, as auth.mode bucket_policy means: write sse-kms-cmk with a customer-managed key, or sse-s3"))
	}
	if mode == auth.ModeBucketPolicy && kind == encryption.ModeSSEKMSDSSE && s.Encryption.KMSKey == "" {
		r.fail(errors.New("encryption.kms_key: it is missing, and an AWS-managed key cannot be shared with another account, as auth.mode bucket_policy means: write the ARN of a customer-managed key"))
	}
	if (mode == auth.ModeBucketPolicy || mode == auth.ModeAccessKey) && kind == encryption.ModeNone {
		r.warn("encryption.mode: \"none\" with auth.mode " + string(mode) + " is not recommended unless the bucket encrypts by default: write sse-s3")
	}
}
