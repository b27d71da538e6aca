package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSettingsOfTheTableExist(t *testing.T) {
	defaults := new(draft).settings().defaults("", map[string]any{})
	for _, a := range acts {
		for _, setting := range a.settings {
			found := false
			for path := range defaults {
				found = found || path == setting || strings.HasSuffix(setting, ".") && strings.HasPrefix(path, setting)
			}
			assert.True(t, found, setting)
		}
	}
}

// TestNothingIsIgnoredSilently gives a setting that does not act, and then what
// it acts with.
func TestNothingIsIgnoredSilently(t *testing.T) {
	for setting, c := range map[string]struct {
		conf, with string
		wrong      bool
	}{
		"schema.fields":           {"schema: {fields: [{name: a, type: int64}]}\nfile_format: parquet\n", "schema: {mode: fixed, fields: [{name: a, type: int64}]}\nfile_format: parquet\n", true},
		"schema.file":             {"schema: {file: x.avsc}\nfile_format: avro\n", "", true},
		"schema.metadata_key":     {"schema: {metadata_key: k}\nfile_format: avro\n", "schema: {mode: metadata, metadata_key: k}\nfile_format: avro\n", false},
		"schema.infer_timestamps": {"schema: {infer_timestamps: true}\n", "schema: {infer_timestamps: true}\nfile_format: parquet\n", false},
		"csv.header":              {"csv: {header: false}\nfile_format: json\n", "csv: {header: false}\nschema: {mode: fixed, fields: [{name: a, type: int64}]}\n", false},
		"csv.null":                {"csv: {null: x}\nfile_format: json\n", "csv: {null: x}\n", false},
		"parquet.compatibility":   {"parquet: {compatibility: modern}\n", "parquet: {compatibility: modern}\nfile_format: parquet\n", false},
		"json.invalid_unicode":    {"json: {invalid_unicode: reject}\n", "json: {invalid_unicode: reject}\nfile_format: json\n", false},
		"json.duplicate_keys":     {"json: {strict: false, duplicate_keys: reject}\nfile_format: json\n", "json: {duplicate_keys: reject}\nfile_format: json\n", false},
		"schema.timezone":         {"schema: {timezone: UTC}\nfile_format: json\n", "schema: {timezone: UTC}\nfile_format: avro\n", false},
		"schema.state":            {"schema: {state: x}\nfile_format: json\n", "schema: {state: x}\n", false},
		"schema.dataset":          {"schema: {dataset: x}\nfile_format: json\n", "schema: {dataset: x}\n", false},
		"schema.numbers":          {"schema: {numbers: double}\n", "schema: {numbers: double}\nfile_format: parquet\n", false},
		"schema.max_columns":      {"schema: {mode: fixed, fields: [{name: a, type: int64}], max_columns: 7}\n", "schema: {mode: fixed, fields: [{name: a, type: int64}], max_columns: 7, on_unknown_field: add}\n", false},
		"json.layout":             {"json: {layout: array}\n", "json: {layout: array}\nfile_format: json\n", false},
		"compression_level":       {"compression_level: 9\n", "compression_level: 9\nfile_format: csv+gzip\n", false},
		"parquet.level":           {"parquet: {level: 3}\n", "parquet: {level: 3}\nfile_format: parquet\n", false},
		"avro.codec":              {"avro: {codec: deflate}\n", "avro: {codec: deflate}\nfile_format: avro\n", false},
		"date_field":              {"date_field: at\n", "date_field: at\nfolder: '{{YYYY}}'\n", false},
		"date_format":             {"date_format: unix\n", "date_format: unix\ndate_field: at\nfolder: '{{YYYY}}'\n", false},
		"on_missing_date":         {"on_missing_date: today\n", "on_missing_date: today\ndate_field: at\nfolder: '{{YYYY}}'\n", false},
		"timezone":                {"timezone: Europe/Berlin\n", "timezone: Europe/Berlin\nfolder: '{{YYYY_today}}'\n", false},
		"variables.v":             {"variables: {v: x}\n", "variables: {v: x}\nfolder: '{{v}}'\n", false},
		"auth.sts_region":         {"auth: {sts_region: eu-west-1}\n", "auth: {mode: assume_role, role_arn: 'arn:aws:iam::111122223333:role/a', sts_region: eu-west-1}\n", false},
		"health_check.interval":   {"health_check: {enabled: false, interval: 1m}\n", "health_check: {interval: 1m}\n", false},
		"upload.part_size":        {"upload: {part_size: 32MiB}\n", "upload: {part_size: 32MiB, multipart_threshold: 64MiB}\n", false},
		"encryption.on_mismatch":  {"encryption: {mode: none, on_mismatch: warn}\n", "encryption: {on_mismatch: warn}\n", false},
		"batching.period":         {"batching: {count: 10}\n", "batching: {count: 10, period: 1s}\n", false},
	} {
		errs, warnings := problems(t, c.conf)
		said := warnings
		if c.wrong {
			said = errs
		} else {
			assert.Empty(t, errs, setting)
		}
		require.Len(t, said, 1, "%s: %v", setting, said)
		assert.True(t, strings.HasPrefix(said[0], setting+": "), "%s: %s", setting, said[0])
		if c.with != "" {
			errs, warnings = problems(t, c.with)
			assert.Empty(t, append(errs, warnings...), setting)
		}
	}
}

func TestWhatTheStoreWouldNotTakeIsRefused(t *testing.T) {
	for conf, want := range map[string]string{
		"bucket: My-Bucket\n":                                                      "bucket: \"My-Bucket\" has capitals",
		"bucket: My-Bucket\nendpoint: http://x:1\n":                                "",
		"region: Ireland\n":                                                        "write eu-west-1",
		"region: eu-west-1b\n":                                                     "write eu-west-1",
		"region: 'eu west 1'\n":                                                    "region: \"eu west 1\" is no region",
		"region: garage\nendpoint: http://x:1\n":                                   "",
		"endpoint: 'http://x/?a'\n":                                                "has a query",
		"endpoint: 'http://b.x'\n":                                                 "write http://x",
		"endpoint: 'http://x/b'\n":                                                 "force_path_style_urls: true",
		"endpoint: 'http://x/storage/v1/s3'\n":                                     "",
		"expected_bucket_owner: '1234'\n":                                          "is no account",
		"expected_bucket_owner: '111122223333'\n":                                  "",
		"storage_class: COLD\n":                                                    "is no storage class",
		"storage_class: COLD\nendpoint: http://x:1\n":                              "",
		"storage_class: GLACIER_IR\n":                                              "",
		"content_encoding: gzip\n":                                                 "write file_format: csv+gzip",
		"content_encoding: gzip\nfile_format: json+gzip\n":                         "",
		"content_encoding: zstd\nfile_format: json+gzip\n":                         "write gzip",
		"content_encoding: gzip\nfile_format: parquet\n":                           "is not true of file_format parquet",
		"tags: {'aws:x': y}\n":                                                     "begins with aws:",
		"auth: {mode: access_key, access_key_id: 'a ', secret_access_key: s}\n":    "auth.access_key_id: its value has white space",
		"auth: {mode: access_key, access_key_id: a, secret_access_key: '\"s\"'}\n": "auth.secret_access_key: its value has quotes",
		"encryption: {mode: sse-kms-cmk, kms_key: 'arn:aws:kms:us-east-1:111122223333:key/k'}\n":                                                           "is of another region",
		"encryption: {mode: sse-kms-cmk, kms_key: 'arn:aws:kms:eu-west-1:111122223333:key/k'}\n":                                                           "",
		"encryption: {mode: sse-kms-cmk, kms_key: alias/k}\n":                                                                                              "",
		"auth: {mode: bucket_policy, access_key_id: a, secret_access_key: s}\nencryption: {mode: sse-kms-cmk, kms_key: alias/k}\n":                         "write the ARN of the key",
		"auth: {mode: bucket_policy, access_key_id: a, secret_access_key: s}\nencryption: {mode: sse-kms-cmk, kms_key: 'arn:aws:kms:eu-west-1:1:key/k'}\n": "names no account",
		"folder: 'a/%Y'\n":                                            "placeholders of strftime",
		"folder: 'a/$YYYY'\n":                                         "placeholders with $",
		"folder: 'a/{YYYY}'\n":                                        "single braces",
		"folder: '100%/a'\n":                                          "",
		"variables: {v: this.a}\nfolder: '{{v}}'\n":                   "write ${! this.a }",
		"variables: {v: this}\nfolder: '{{v}}'\n":                     "",
		"date_field: $.a\nfolder: '{{YYYY}}'\n":                       "write a",
		"max_file_size: '1,5GB'\n":                                    "write 1.5GB",
		"max_file_size: 134217728\n":                                  "looks like bytes",
		"upload: {part_size: 16777216, multipart_threshold: 64MiB}\n": "looks like bytes",
		"max_file_size: 5000\n":                                       "",
	} {
		errs, _ := problems(t, conf)
		if want == "" {
			assert.Empty(t, errs, conf)
			continue
		}
		require.Len(t, errs, 1, "%s: %v", conf, errs)
		assert.Contains(t, errs[0], want, conf)
	}
}

func TestMemoryOfTheMachine(t *testing.T) {
	defer func(before func() int64) { machineMemory = before }(machineMemory)
	assert.GreaterOrEqual(t, machineMemory(), int64(0))
	machineMemory = func() int64 { return 1 << 30 }
	_, warnings := problems(t, "memory_limit: 2GiB\n")
	assert.Len(t, warnings, 1)
	_, warnings = problems(t, "memory_limit: 512MiB\n")
	assert.Empty(t, warnings)
}
