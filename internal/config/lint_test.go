package config

import (
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/store"
)

const minimal = `
bucket: b
region: eu-west-1
file_format: csv
`

// problems parses a configuration as the constructor does.
func problems(t *testing.T, extra string) (errs []string, warnings []string) {
	t.Helper()
	parsed, err := spec().ParseYAML(override(minimal, extra), service.GlobalEnvironment())
	require.NoError(t, err)
	c, err := Parse(parsed)
	if err != nil {
		errs = strings.Split(err.Error(), "\n")
	}
	return errs, c.Warnings
}

// override drops the lines of base whose key extra sets too.
func override(base, extra string) string {
	var kept strings.Builder
	for line := range strings.Lines(base) {
		key, _, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == "" || !strings.Contains("\n"+extra, "\n"+key+":") {
			kept.WriteString(line)
		}
	}
	return kept.String() + extra
}

func TestEveryMistakeOfTheStoreIsReportedAtOnce(t *testing.T) {
	errs, _ := problems(t, "bucket: s3://b\nacl: all\nrequest_payer: me\nendpoint: localhost\n")
	assert.Len(t, errs, 4)
}

func TestEveryRuleHasItsOwnMessage(t *testing.T) {
	for name, tc := range map[string]struct {
		conf string
		err  string
		warn string
	}{
		"the minimum is fine": {"", "", ""},

		"a spool":                       {"spool: {path: /s}\non_bad_record: drop\nfile_name: 'f-{{uuid}}'\n", "", ""},
		"a spool with rejected records": {"spool: {path: /s}\nfile_name: 'f-{{uuid}}'\n", "on_bad_record: \"reject\" is impossible with a spool", ""},
		"a spool with refused objects as dead letters": {
			"spool: {path: /s}\non_bad_record: drop\non_refused_object: dead_letter\n", "on_refused_object: \"dead_letter\" is impossible with a spool", "",
		},
		"a spool that is smaller than its cache": {"spool: {path: /s, max_size: 1MB}\non_bad_record: drop\n", "spool.max_size: \"1MB\" is less than memory_limit: write 512 MiB or more", ""},
		"a spool for few objects": {
			"spool: {path: /s, max_size: 600MiB}\nmax_file_size: 256MiB\non_bad_record: drop\nfile_name: 'f-{{uuid}}'\n", "", "holds less than four objects",
		},
		"a spool whose objects cannot be told apart": {"spool: {path: /s}\non_bad_record: drop\nfile_name: 'f-{{chunk_id}}'\n", "", "grant s3:GetObject, or write {{uuid}}"},
		"the size of no spool":                       {"spool: {max_size: 20GiB}\n", "", "spool.path: it is empty"},

		"csv without names":                           {"csv: {header: false}\n", "schema.mode: fixed", ""},
		"csv without names, declared":                 {"csv: {header: false}\nschema: {mode: fixed, fields: [{name: a, type: int64}]}\n", "", ""},
		"columns in a file and in the bucket":         {"schema: {remember: bucket, state: /tmp/x}\n", "schema.state: it and schema.remember: bucket exclude each other", ""},
		"columns in a bucket that ignores conditions": {"schema: {remember: bucket}\nconditional_writes: off\n", "schema.remember: bucket needs conditional writes", ""},
		"columns in the bucket":                       {"schema: {remember: bucket}\n", "", ""},
		"columns in the bucket, with a spool":         {"schema: {remember: bucket}\nspool: {path: /s}\non_bad_record: drop\nfile_name: 'f-{{uuid}}'\n", "schema.remember: bucket is impossible with a spool", ""},
		"columns in the bucket, of json":              {"file_format: json\nschema: {remember: bucket}\n", "", "schema.remember: it has no effect here"},
		"csv that rescues":                            {"schema: {on_type_mismatch: rescue}\n", "", "on_type_mismatch: rescue has no effect"},
		"a column of the name of a source":            {"include_source_columns: [offset]\nschema: {mode: fixed, fields: [{name: kafka_offset, type: int64}]}\n", "kafka_offset", ""},
		"declared names that differ in case":          {"schema: {mode: fixed, fields: [{name: id, type: int64}, {name: ID, type: int64}]}\n", "differ only in case", ""},
		"numbers that do not last":                    {"file_format: parquet\nparquet: {field_ids: true}\n", "", "parquet.field_ids: without schema.state"},
		"numbers that last":                           {"file_format: parquet\nparquet: {field_ids: true}\nschema: {state: x}\n", "", ""},
		"a date that is local":                        {"schema: {mode: fixed, fields: [{name: a, type: date, local: true}]}\n", "schema.fields[0].local", ""},
		"times of an unknown zone":                    {"file_format: avro\nschema: {timezone: Berlin}\n", "schema.timezone: \"Berlin\" is unknown", ""},
		"a dataset that cannot be parsed":             {"schema: {dataset: '${! json( }'}\n", "schema.dataset", ""},

		"rule 1: month with a day": {"partition_by: month\ndate_field: d\nfile_name: 'x{{YYYY}}{{MM}}{{DD}}-{{chunk_id}}'\n", "partition_by: \"month\"", ""},
		"rule 1: month with an hour": {
			"partition_by: month\ndate_field: d\nfolder: '{{YYYY}}/{{MM}}/{{HH}}'\n", "partition_by: \"month\"", "",
		},
		"rule 1: the run date stays allowed": {"partition_by: month\ndate_field: d\nfolder: '{{YYYY}}/{{MM}}/{{DD_today}}'\n", "", ""},
		"rule 2: day without a day":          {"partition_by: day\ndate_field: d\nfolder: '{{YYYY}}/{{MM}}'\nfile_name: 'f-{{chunk_id}}'\n", "", "{{DD}}"},
		"rule 2: a name that cannot be unique": {
			"file_name: f\nfolder: x\n", "", "{{chunk_id}}",
		},
		"rule 3: account needs load_by_account": {"folder: '{{account}}'\nvariables: {account: a}\n", "load_by_account", ""},
		"rule 3: account with load_by_account":  {"folder: '{{account}}'\nvariables: {account: a}\nload_by_account: true\n", "", ""},
		"rule 4: chunk_id without max_file_size": {
			"file_name: 'f-{{chunk_id}}'\nmax_file_size: '0'\n", "max_file_size", "",
		},
		"rule 4: max_file_size without chunk_id": {"file_name: 'f-{{timestamp}}'\nmax_file_size: 64MB\n", "{{chunk_id}}", ""},
		"rule 5: shared bucket with an AWS-managed key": {
			"auth: {mode: bucket_policy, access_key_id: a, secret_access_key: s}\nencryption: {mode: sse-kms}\n", "cannot be shared with another account", "",
		},
		"rule 5: a customer-managed key must be named": {
			"auth: {mode: bucket_policy, access_key_id: a, secret_access_key: s}\nencryption: {mode: sse-kms-cmk}\n", "kms_key", "",
		},
		"rule 5: no encryption with an access key": {
			"auth: {mode: access_key, access_key_id: a, secret_access_key: s}\nencryption: {mode: none}\n", "", "not recommended",
		},
		"rule 5: no encryption with a bucket policy": {
			"auth: {mode: bucket_policy, access_key_id: a, secret_access_key: s}\nencryption: {mode: none}\n", "", "not recommended",
		},
		"rule 5: shared bucket, two layers, AWS-managed key": {
			"auth: {mode: bucket_policy, access_key_id: a, secret_access_key: s}\nencryption: {mode: sse-kms-dsse}\n", "encryption.kms_key: it is missing", "",
		},
		"rule 5: shared bucket, two layers, a key": {
			"auth: {mode: bucket_policy, access_key_id: a, secret_access_key: s}\nencryption: {mode: sse-kms-dsse, kms_key: 'arn:aws:kms:eu-west-1:111122223333:key/k'}\n", "", "",
		},
		"two layers with the AWS-managed key": {"encryption: {mode: sse-kms-dsse}\n", "", ""},
		"two layers with a bucket key":        {"encryption: {mode: sse-kms-dsse, bucket_key: true}\n", "knows no bucket keys: remove it", ""},
		"a key of everybody":                  {"encryption: {mode: sse-kms-cmk, kms_key: 'alias/*'}\n", `encryption.kms_key: "alias/*" names no key`, ""},
		"an ACL":                              {"acl: bucket-owner-full-control\n", "", ""},
		"an ACL that is none":                 {"acl: public\n", `acl: "public" is not a canned ACL: write one of bucket-owner-full-control, bucket-owner-read, private`, ""},
		"an ACL for everybody":                {"acl: public-read\n", "", "acl: \"public-read\" lets people read the objects who have no part in the bucket"},
		"who pays":                            {"request_payer: requester\n", "", ""},
		"nobody pays":                         {"request_payer: true\n", `request_payer: "true" is unknown: write requester, or leave it out`, ""},
		"Content-MD5":                         {"checksum: md5\n", "", ""},
		"a bucket by its URL":                 {"bucket: s3://b/events\n", "write b, and put events into folder", ""},
		"a bucket by its ARN":                 {"bucket: 'arn:aws:s3:::b'\n", "only access points are named by one: write b", ""},
		"an access point":                     {"bucket: 'arn:aws:s3:eu-west-1:111122223333:accesspoint/landing'\n", "", ""},
		"an access point elsewhere": {
			"bucket: 'arn:aws:s3:eu-central-1:111122223333:accesspoint/landing'\n", "write eu-central-1, or leave it out", "",
		},
		"an access point by path":           {"bucket: 'arn:aws:s3:eu-west-1:111122223333:accesspoint/landing'\nforce_path_style_urls: true\n", "write false", ""},
		"tags in a directory bucket":        {"bucket: b--euw1-az1--x-s3\ntags: {a: b}\n", "tags: it does not work with directory bucket b--euw1-az1--x-s3: remove it", ""},
		"an ACL in a directory bucket":      {"bucket: b--euw1-az1--x-s3\nacl: private\n", "acl: it does not work with directory bucket", ""},
		"Content-MD5 in a directory bucket": {"bucket: b--euw1-az1--x-s3\nchecksum: md5\n", "checksum: it does not work with directory bucket", ""},

		"rule 6: a date needs its field": {"folder: '{{YYYY}}'\n", "date_field", ""},
		"rule 8: unknown placeholder":    {"folder: '{{yyyy}}'\n", "YYYY", ""},
		"rule 8: a near miss of today":   {"folder: '{{today_DD}}'\n", "DD_today", ""},
		"rule 8: unknown time zone":      {"timezone: Mars/Olympus\n", `timezone: "Mars/Olympus" is unknown`, ""},
		"rule 8: the local zone":         {"timezone: Local\n", `timezone: "Local" is another one`, ""},
		"a variable that is not defined": {"folder: '{{workspace_id}}'\n", "variables", ""},
		"a key without its secret":       {"auth: {mode: access_key, access_key_id: a}\n", "secret", ""},
		"a mode without its key":         {"auth: {mode: access_key}\n", "access_key", ""},
		"a key for the wrong encryption": {"encryption: {mode: sse-s3, kms_key: k}\n", "kms_key", ""},
		"rule 8: a chained session over an hour": {
			"auth: {mode: assume_role, session_duration: 2h, role_chain: [{role_arn: 'arn:aws:iam::111122223333:role/a'}, {role_arn: 'arn:aws:iam::111122223333:role/b'}]}\n", "1h", "",
		},
		"assume_role without a role":         {"auth: {mode: assume_role}\n", "role_arn", ""},
		"a role for another mode":            {"auth: {mode: access_key, access_key_id: a, secret_access_key: s, role_arn: 'arn:aws:iam::111122223333:role/a'}\n", "role_arn", ""},
		"assume_role with an external id":    {"auth: {mode: assume_role, role_arn: 'arn:aws:iam::111122223333:role/a', external_id: agency_ws1}\n", "", ""},
		"a separator for JSON":               {"file_format: json\nseparator: tab\n", "", "separator: it has no effect"},
		"a size that is none":                {"max_file_size: big\n", `max_file_size: "big" is no size`, ""},
		"a negative size":                    {"max_file_size: '-5'\n", "size", ""},
		"no memory":                          {"memory_limit: '0'\n", "memory_limit", ""},
		"no age":                             {"max_age: 0s\n", "max_age", ""},
		"a negative duration":                {"idle_timeout: -1s\n", "idle_timeout: \"-1s\" is negative", ""},
		"no room for a call":                 {"max_in_flight: 0\n", "max_in_flight: \"0\" is no number of batches", ""},
		"a number of calls that is none":     {"max_in_flight: many\n", `max_in_flight: "many" is no number of batches`, ""},
		"a number of calls":                  {"max_in_flight: 2000\n", "", ""},
		"as many calls as there is room for": {"max_in_flight: auto\n", "", ""},
		"no uploads":                         {"upload: {concurrency: 0}\n", "upload.concurrency: \"0\" is too small", ""},
		"a compression level":                {"compression_level: 12\n", "compression_level: \"12\" is out of range", ""},
		"a health check all the time":        {"health_check: {interval: 0s}\n", "health_check.interval", ""},
		"a health check without patience":    {"health_check: {timeout: 1ms}\n", "health_check.timeout", ""},
		"dead letters by record date":        {"on_bad_record: dead_letter\ndead_letter_folder: '{{YYYY}}'\n", "dead_letter_folder", ""},
		"dead letters without the policy":    {"dead_letter_folder: x\n", "", "dead_letter_folder: it has no effect"},
		"a part that is too small":           {"upload: {part_size: 1MiB}\n", "part_size", ""},
		"an impossible bucket":               {"bucket: ''\n", "bucket", ""},
		"an expression that is none":         {"folder: '{{v}}'\nvariables: {v: '${! json( }'}\n", "v", ""},
		"a path that matches nothing":        {"folder: '{{v}}'\nvariables: {v: '${! json(\"user..city\") }'}\n", `variables.v: "${! json(\"user..city\") }" is no expression (the path "user..city" has an empty segment`, ""},
		"a date at no path":                  {"folder: '{{YYYY}}'\ndate_field: .created\n", `date_field: the path ".created" has an empty segment`, ""},
		"a variable that is demanded":        {"folder: '{{v}}'\nvariables: {v: '${! json(\"v\") }'}\non_missing_variable: reject\n", "", ""},
		"a demand without a variable":        {"on_missing_variable: reject\n", "", "on_missing_variable: it has no effect"},
		"a variable that is never there":     {"folder: '{{v}}'\nvariables: {v: ''}\non_missing_variable: reject\n", "variables.v: it is empty", ""},
		"a list of date formats":             {"folder: '{{YYYY}}'\ndate_field: d\ndate_format: 'unix_ms | 02.01.2006 | auto'\n", "", ""},
		"a list with one that is none":       {"folder: '{{YYYY}}'\ndate_field: d\ndate_format: 'unix | epoch'\n", `date_format: "epoch" is neither`, ""},
		"a date format that is none":         {"folder: '{{YYYY}}'\ndate_field: d\ndate_format: '%Y-%m-%d'\n", "date_format", ""},
	} {
		t.Run(name, func(t *testing.T) {
			errs, warnings := problems(t, tc.conf)
			if tc.err == "" {
				assert.Empty(t, errs)
			} else {
				require.NotEmpty(t, errs)
				assert.Contains(t, strings.Join(errs, "\n"), tc.err)
				assert.Len(t, errs, 1, "one mistake, one message")
			}
			if tc.warn == "" {
				assert.Empty(t, warnings)
			} else {
				assert.Contains(t, strings.Join(warnings, "\n"), tc.warn)
			}
		})
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	errs, _ := problems(t, "folder: '{{nope}}'\nmax_file_size: x\ntimezone: y\nmax_in_flight: -1\n")
	assert.Len(t, errs, 4)
}

func TestASettingThatFailedFailsOnce(t *testing.T) {
	for conf, want := range map[string]string{
		"retry: {initial_interval: -1s}\n":                   "retry.initial_interval: \"-1s\" is negative: write a duration such as 30s",
		"partition_by: weekly\n":                             "partition_by: \"weekly\" is not one of its values: write auto, none, hour, day, month",
		"max_age: 60\n":                                      "max_age: \"60\" is no duration: write 60s (units are ms, s, m and h)",
		"auth: {mode: keys}\n":                               "auth.mode: \"keys\" is not one of its values: write default, access_key, bucket_policy, assume_role",
		"variables: {a: '“x”'}\nfile_name: '{{a}}-{{uuid}}'": "variables.a: \"“x”\" has typographic quotes, which become a part of it: write 'x'",
	} {
		errs, _ := problems(t, conf)
		assert.Equal(t, []string{want}, errs, conf)
	}
	errs, _ := problems(t, "folder: '{{a}}/{{b}}'\n")
	assert.Len(t, errs, 2, "two mistakes of one setting are two")
}

func TestSizesAreInMegabytesUnlessTheySayOtherwise(t *testing.T) {
	for text, want := range map[string]int64{
		"128": 128e6, "128MB": 128e6, "128 MB": 128e6, "128MiB": 128 << 20, "0.5": 5e5, "1GiB": 1 << 30, "0": 0, "64kB": 64e3,
	} {
		got, err := parseSize(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "x", "-1", "1 parsec", "NaN", "1e300", "999999999EB"} {
		_, err := parseSize(text)
		require.Error(t, err, text)
	}
}

func TestNumbersAreAcceptedWhereSizesAre(t *testing.T) {
	errs, _ := problems(t, "max_file_size: 64\nmemory_limit: 100\nfile_name: 'f-{{chunk_id}}'\n")
	assert.Empty(t, errs)
}

func TestSecretsAreNeverPartOfAnError(t *testing.T) {
	errs, warnings := problems(t, "auth: {mode: default, access_key_id: AKIAHUSHHUSH, secret_access_key: hush-hush, session_token: shush}\nfolder: '{{x}}'\n")
	require.NotEmpty(t, errs)
	all := strings.Join(append(errs, warnings...), "\n")
	for _, secret := range []string{"hush-hush", "AKIAHUSHHUSH", "shush"} {
		assert.NotContains(t, all, secret)
	}
}

func TestBenthosLintsWithOurRules(t *testing.T) {
	require.NoError(t, registerOnce())
	env := service.GlobalEnvironment()
	lints, err := env.NewComponentConfigLinter().LintOutputYAML([]byte(
		"s3_destination:\n  bucket: b\n  file_format: csv\n  folder: '{{nope}}'\n  timezone: Mars\n"))
	require.NoError(t, err)
	require.Len(t, lints, 2)
	assert.Contains(t, lints[0].What+lints[1].What, "nope")
	assert.Contains(t, lints[0].What+lints[1].What, "Mars")

	lints, err = env.NewComponentConfigLinter().LintOutputYAML([]byte(
		"s3_destination:\n  bucket: b\n  region: r\n  file_format: parquett\n  unknown: 1\n"))
	require.NoError(t, err)
	assert.Len(t, lints, 2, "Benthos' own lints stay")
}

func TestColumnarSettingsAreValidated(t *testing.T) {
	for name, tc := range map[string]struct{ conf, err string }{
		"a codec level":          {"file_format: parquet\nparquet: {compression: zstd, level: 40}\n", "level"},
		"an unknown column type": {"file_format: parquet\nschema: {mode: fixed, fields: [{name: a, type: number}]}\n", "number"},
		"an unknown column key":  {"file_format: avro\nschema: {mode: fixed, fields: [{name: a, typo: int64}]}\n", "typo"},
		"no columns":             {"file_format: avro\nschema: {mode: fixed}\n", "fields"},
		"a column of the name of a source column": {
			"file_format: avro\ninclude_source_columns: [offset]\nschema: {mode: fixed, fields: [{name: kafka_offset, type: int64}]}\n", "source_column_prefix",
		},
		"a missing schema file":  {"file_format: avro\nschema: {mode: fixed, file: /nonexistent.avsc}\n", "nonexistent.avsc"},
		"a codec without levels": {"file_format: avro\navro: {level: 3}\n", "level"},
	} {
		t.Run(name, func(t *testing.T) {
			errs, _ := problems(t, tc.conf)
			require.NotEmpty(t, errs)
			assert.Contains(t, strings.Join(errs, "\n"), tc.err)
		})
	}
	errs, warnings := problems(t, "file_format: csv\nuse_binary_strings: true\n")
	assert.Empty(t, errs)
	assert.Contains(t, strings.Join(warnings, "\n"), "use_binary_strings: it has no effect")
}

func TestWordsAreReadInAnyCaseAsBenthosAcceptsThem(t *testing.T) {
	conf := override(minimal, "file_format: CSV\nseparator: TAB\non_bad_record: DROP\nconditional_writes: ON\n")
	parsed, err := spec().ParseYAML(conf, service.GlobalEnvironment())
	require.NoError(t, err)
	c, err := Parse(parsed)
	require.NoError(t, err)
	assert.Empty(t, c.Warnings)
	assert.Equal(t, ".csv", c.Format.Extension)
	assert.NotNil(t, c.Format.NewEncoder())
	assert.Equal(t, chunk.Drop, c.Chunks.OnBadRecord)
	assert.Equal(t, store.AssumeConditions, c.Store.Conditions)
}
