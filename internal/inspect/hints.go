package inspect

import "github.com/s3-destination/s3-destination/internal/config"

// elsewhere says where a setting has gone that others know: people bring the
// names of aws_s3, of Kafka Connect and of the AWS command line along.
func elsewhere(of, name string) string {
	if of != config.Name {
		return ""
	}
	return hints[name]
}

// hints say what to write. A hint that is "write" and one name tells lint --fix to put that
// name in the place of the other: so it is for names whose values mean the same, in the
// same unit.
var hints = map[string]string{ //nolint:gosec // names of settings, and no credentials
	"path":                      "write folder for the part up to the last slash, and file_name for the rest, with {{placeholders}} instead of ${! expressions }; values go into variables",
	"prefix":                    "write folder",
	"key":                       "write folder and file_name; for encryption write encryption.kms_key",
	"object_key":                "write folder and file_name",
	"archive":                   "remove it: records are put together by file_format (json for lines, parquet, avro, csv)",
	"compress":                  "remove it, and write file_format: json+gzip or csv+gzip",
	"compression":               "write file_format: json+gzip or csv+gzip, parquet.compression or avro.codec",
	"processors":                "move them to pipeline.processors, or beside s3_destination as output.processors; archive and compress are for file_format to do",
	"kms_key_id":                "write encryption: {mode: sse-kms-cmk, kms_key: ...}",
	"server_side_encryption":    "write encryption.mode: sse-s3, sse-kms or sse-kms-cmk",
	"sse":                       "write encryption.mode: sse-s3, sse-kms or sse-kms-cmk",
	"credentials":               "write auth: {mode: access_key, access_key_id: ..., secret_access_key: ...}, or auth: {mode: assume_role, role_arn: ..., external_id: ...}",
	"access_key_id":             "write it below auth, as auth: {mode: access_key, access_key_id: ..., secret_access_key: ...}",
	"access_key":                "write auth: {mode: access_key, access_key_id: ..., secret_access_key: ...}",
	"secret_access_key":         "write it below auth, as auth: {mode: access_key, access_key_id: ..., secret_access_key: ...}",
	"session_token":             "write it below auth, as auth.session_token",
	"role_arn":                  "write it below auth, as auth: {mode: assume_role, role_arn: ...}",
	"role":                      "write auth: {mode: assume_role, role_arn: ...}",
	"external_id":               "write it below auth, as auth.external_id",
	"timeout":                   "write upload.request_timeout, or retry.max_elapsed_time for how long to keep trying",
	"object_canned_acl":         "write acl",
	"force_path_style":          "write force_path_style_urls",
	"count":                     "write max_records",
	"max_rows":                  "write max_records",
	"period":                    "write max_age",
	"max_size":                  "write max_file_size, with a unit, such as 128 MB",
	"byte_size":                 "write max_file_size, with a unit, such as 128 MB",
	"flush_size":                "write max_records",
	"flush.size":                "write max_records",
	"rotate.interval.ms":        "write max_age, with a unit, such as 60s",
	"rotate_interval":           "write max_age, with a unit, such as 60s",
	"local_upload_concurrency":  "write upload.concurrency",
	"format":                    "write file_format",
	"delimiter":                 "write separator: comma, semicolon or tab",
	"buffering":                 "write max_file_size, max_age and memory_limit",
	"buffer":                    "write max_file_size, max_age and memory_limit",
	"time_zone":                 "write timezone",
	"tz":                        "write timezone",
	"columns":                   "write schema: {mode: fixed, fields: [...]}",
	"fields":                    "write schema: {mode: fixed, fields: [...]}",
	"s3_bucket":                 "write bucket",
	"s3_region":                 "write region",
	"expected_bucket_owner_id":  "write expected_bucket_owner",
	"checksum_algorithm":        "write checksum",
	"dead_letter":               "write on_bad_record: dead_letter, and dead_letter_folder",
	"dead_letter_queue":         "write on_bad_record: dead_letter, and dead_letter_folder",
	"partition_template":        "write folder",
	"partition_by_field":        "write variables: {name: ...}, and {{name}} in folder",
	"kms_key":                   "write it below encryption, as encryption: {mode: sse-kms-cmk, kms_key: ...}",
	"bucket_key":                "write it below encryption, as encryption.bucket_key",
	"metadata_content_encoding": "write content_encoding",
}
