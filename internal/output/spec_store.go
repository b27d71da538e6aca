package output

import "github.com/redpanda-data/benthos/v4/public/service"

func accessFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewObjectField(fieldAuth, authFields()...).Description("How to authenticate."),
		service.NewObjectField(fieldEncryption,
			service.NewStringEnumField(fieldEncryptionMode, "sse-s3", "sse-kms", "sse-kms-cmk", "sse-kms-dsse", "none").
				Description("Server-side encryption: `sse-s3` with keys managed by S3, `sse-kms` with the AWS-managed KMS key, `sse-kms-cmk` with a customer-managed KMS key, `sse-kms-dsse` twice with KMS (DSSE-KMS), with `kms_key` or the AWS-managed key, `none` to leave it to the bucket.").
				Default("sse-s3"),
			service.NewStringField(fieldKMSKey).
				Description("The id, ARN or alias ARN of the KMS key. Required for `sse-kms-cmk`, optional for the other KMS modes; a key of another account needs its ARN.").
				Default(""),
			service.NewBoolField(fieldBucketKey).
				Description("Ask for an S3 Bucket Key, which makes fewer calls to KMS. The bucket decides when not set; `sse-kms-dsse` knows none.").
				Optional().Advanced(),
			service.NewStringMapField(fieldEncryptionContext).
				Description("The KMS encryption context. It is not secret.").
				Default(map[string]any{}).Advanced(),
			service.NewStringEnumField(fieldOnMismatch, "fail", "warn").
				Description("What happens when the server reports another encryption than was asked for, as stores do that ignore it silently: `fail` treats the object as not stored, `warn` only says so.").
				Default("fail").Advanced(),
		).Description("How S3 encrypts the objects."),
	}
}

func objectFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewStringEnumField(fieldConditionalWrites, "auto", "on", "off").
			Description("`auto` writes with `If-None-Match: *`, so that no object is ever replaced, and gives objects unique names until the store has shown that it honours that: the health check finds out. `on` relies on it without a proof: only for stores that are known to honour it, on large objects (`CompleteMultipartUpload`) as well. `off` always relies on unique names.").
			Default("auto").Advanced(),
		service.NewStringField(fieldStorageClass).
			Description("The storage class; empty means the bucket's default.").
			Default("").Advanced().Example("STANDARD_IA"),
		service.NewStringField(fieldContentType).
			Description("The content type; empty means that of the format.").
			Default("").Advanced(),
		service.NewStringField(fieldContentEncoding).
			Description("A content encoding to store with the objects. Empty by default, even for gzip, because clients would silently decompress what the name says is compressed.").
			Default("").Advanced(),
		service.NewStringMapField(fieldMetadata).
			Description("User metadata of every object. `s3d-identity`, `s3d-rows` and `s3d-roll-reason` are added.").
			Default(map[string]any{}).Advanced(),
		service.NewStringMapField(fieldTags).
			Description("Tags of every object; needs the right `s3:PutObjectTagging`.").
			Default(map[string]any{}).Advanced(),
		service.NewStringField(fieldACL).
			Description("The canned ACL of every object: `bucket-owner-full-control`, `bucket-owner-read`, `private`, `authenticated-read`, `aws-exec-read`, `public-read` or `public-read-write`. Only of use where the bucket has ACLs switched on (Object Ownership) or its policy demands the header; needs the right `s3:PutObjectAcl`. Empty sends none.").
			Default("").Advanced().Example("bucket-owner-full-control"),
		service.NewStringField(fieldRequestPayer).
			Description("`requester` agrees to pay for the requests, which a bucket with Requester Pays demands of everybody but its owner. It goes with every request. Empty does not.").
			Default("").Advanced().Example("requester"),
		service.NewStringField(fieldExpectedOwner).
			Description("The account id that must own the bucket; S3 refuses to write otherwise.").
			Default("").Advanced(),
		service.NewStringEnumField(fieldChecksum, "auto", "crc32c", "crc64nvme", "sha256", "md5", "none").
			Description("The checksum that S3 verifies. `auto` is CRC32C on AWS, and none where `endpoint` leads to another store, since some refuse it. `md5` is the header Content-MD5, for stores that know no other and want one, as Backblaze B2 for buckets with Object Lock.").
			Default("auto").Advanced(),
	}
}

func tuningFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewObjectField(fieldUpload,
			service.NewIntField(fieldUploadConcurrency).
				Description("The number of objects uploaded at once.").
				Default(16),
			service.NewStringField(fieldUploadThreshold).
				Description("Objects larger than this are uploaded in parts. The default lies above that of `max_file_size`: one request needs no right to abort, leaves no parts behind and costs a tenth less CPU than parts, which in turn use several connections.").
				Default("128MiB"),
			service.NewStringField(fieldUploadPartSize).
				Description("The size of a part, at least 5MiB.").
				Default("16MiB"),
			service.NewIntField(fieldUploadPartParallel).
				Description("The number of parts of one object uploaded at once.").
				Default(4),
			service.NewDurationField(fieldRequestTimeout).
				Description("How long a request may go without any progress.").
				Default("30s"),
			service.NewStringField(fieldCAFile).
				Description("A file of PEM certificates to trust beside those of the system.").
				Default(""),
		).Description("How objects are uploaded.").Advanced(),
		service.NewIntField(fieldEncoders).
			Description("The number of objects encoded at once, and of processors that encoding one large parquet object may use; `0` means one for each available processor.").
			Default(0).Advanced(),
		service.NewObjectField(fieldRetry,
			service.NewIntField(fieldMaxRetries).
				Description("The number of times a request is repeated; negative means as often as `max_elapsed_time` allows.").
				Default(-1),
			service.NewDurationField(fieldInitialInterval).
				Description("The wait before the first repetition; waits double and are drawn at random up to that.").
				Default("200ms"),
			service.NewDurationField(fieldMaxInterval).
				Description("The longest wait between repetitions.").
				Default("20s"),
			service.NewDurationField(fieldMaxElapsedTime).
				Description("When to give up and report the records of an object as failed; `0s` means never.").
				Default("10m"),
		).Description("How requests that fail with throttling, server or network errors are repeated.").Advanced(),
		service.NewStringField(fieldMaxInFlight).
			Description("The largest number of batches waiting to become durable. When all of them wait, everything is written at once, so a small number means small objects; but Benthos has so many batches in memory as soon as the input is faster than the store. `auto` is the number with which full batches of the input, of records of 1 kB, take about `memory_limit`: 8 at least and 1000 at most, and 1000 where the size of batches is not known.").
			Default(auto).Example("2000"),
		service.NewBatchPolicyField(fieldBatching),
	}
}

func authFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewStringEnumField(fieldAuthMode, "default", "access_key", "bucket_policy", "assume_role").
			Description("Who writes. `default`: whatever the environment gives (variables, profile, web identity, container or instance role). `access_key`: a user made for the writer in the bucket's account. `bucket_policy`: a user of the writer's own account, to which the bucket's policy grants access. `assume_role`: a role of the bucket's account that trusts the writer, assumed from the environment's credentials or from an access key.").
			Default("default"),
		service.NewStringField(fieldAccessKeyID).
			Description("The access key id, for `access_key` and `bucket_policy`, and optionally the base of `assume_role`.").
			Default("").Secret(),
		service.NewStringField(fieldSecretAccessKey).
			Description("The secret access key that belongs to the id.").
			Default("").Secret(),
		service.NewStringField(fieldSessionToken).
			Description("The session token that belongs to temporary keys.").
			Default("").Secret().Advanced(),
		service.NewStringField(fieldRoleARN).
			Description("The role to assume, for `assume_role`.").
			Default("").Example("arn:aws:iam::111122223333:role/landing-writer"),
		service.NewStringField(fieldExternalID).
			Description("The external id that the role's trust policy demands.").
			Default("").Secret(),
		service.NewObjectListField(fieldRoleChain,
			service.NewStringField(fieldRoleARN).
				Description("The role to assume.").
				Example("arn:aws:iam::111122223333:role/hub"),
			service.NewStringField(fieldExternalID).
				Description("The external id that the role's trust policy demands.").
				Default("").Secret(),
			service.NewStringField(fieldSessionName).
				Description("The session's name; empty means `session_name` of `auth`.").
				Default(""),
			service.NewDurationField(fieldSessionDuration).
				Description("How long the session lasts; `0s` means `session_duration` of `auth`.").
				Default("0s"),
			service.NewStringField(fieldSTSEndpoint).
				Description("Where STS is asked; empty means `sts_endpoint` of `auth`.").
				Default(""),
			service.NewStringField(fieldSTSRegion).
				Description("The region in which STS is asked; empty means `sts_region` of `auth`.").
				Default(""),
		).
			Description("Several roles, each assumed with the credentials of the one before; the last one writes. Instead of `role_arn`.").
			Default([]any{}).Advanced(),
		service.NewStringField(fieldSessionName).
			Description("The name of role sessions in CloudTrail; empty means `s3-destination-<label>`.").
			Default("").Advanced(),
		service.NewDurationField(fieldSessionDuration).
			Description("How long role sessions last, from 15m; `0s` leaves it to STS (one hour). A session of a role that is assumed from another role lasts at most 1h.").
			Default("0s").Advanced(),
		service.NewStringMapField(fieldSessionTags).
			Description("Session tags; the roles must allow `sts:TagSession`.").
			Default(map[string]any{}).Advanced(),
		service.NewStringField(fieldSTSEndpoint).
			Description("The URL of STS; empty means the regional endpoint of AWS.").
			Default("").Advanced(),
		service.NewStringField(fieldSTSRegion).
			Description("The region in which STS is asked; empty means `region`.").
			Default("").Advanced(),
	}
}
