package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// refused renders every kind of policy, and returns the one refusal.
func refused(t *testing.T, c Config) string {
	t.Helper()
	text := ""
	for _, kind := range Kinds() {
		_, err := Render(c, kind, Full)
		require.Error(t, err, kind)
		text = err.Error()
	}
	for _, template := range Templates() {
		_, err := RenderTemplate(c, template.ID)
		require.EqualError(t, err, text, template.ID)
	}
	return text
}

func hostile(edit func(*Config)) Config {
	c := example()
	edit(&c)
	return c
}

func TestKeysThatNameMoreThanOneAreRefused(t *testing.T) {
	for _, key := range []string{
		"*", "?", "key/*", "alias/*", "alias/landing?", "${aws:username}", "alias/${aws:username}", "k k", "k\n", "1234abcd-*",
		"arn:aws:kms:eu-west-1:444455556666:key/*", "arn:aws:kms:eu-west-1:444455556666:alias/*", "arn:aws:kms:eu-west-1:*:key/k",
		"arn:aws:kms:*:444455556666:key/k", "arn:aws:kms:*:*:*", "arn:aws:kms:eu-west-1:444455556666:*", "arn:aws:kms:eu-west-1:444455556666:k",
		"arn:aws:s3:::b", "arn:aws:kms:eu-west-1:4444:key/k", "arn:*:kms:eu-west-1:444455556666:key/k", "arn:aws:kms",
		"arn:aws:kms:eu-west-1:444455556666:key/${kms:x}", "arn:aws-cn:kms:cn-north-1:444455556666:key/k", `k","Resource":"*`,
	} {
		for _, mode := range []encryption.Mode{encryption.ModeSSEKMS, encryption.ModeSSEKMSCMK, encryption.ModeSSEKMSDSSE} {
			text := refused(t, hostile(func(c *Config) { c.KMSKey, c.Encryption = key, mode }))
			assert.Contains(t, text, "encryption.kms_key ", key)
		}
	}
	_, err := Render(hostile(func(c *Config) { c.KMSKey, c.Encryption = "alias/*", encryption.ModeSSES3 }), KindRole, Minimum)
	require.NoError(t, err, "a key that is not used goes nowhere")
}

func TestKeysThatNameOne(t *testing.T) {
	for key, want := range map[string]string{
		"1234abcd-12ab-34cd-56ef-1234567890ab": "arn:aws:kms:eu-west-1:*:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"mrk-0f":                               "arn:aws:kms:eu-west-1:*:key/mrk-0f",
		"alias/team/landing_1":                 "arn:aws:kms:eu-west-1:*:key/*",
		"arn:aws:kms:eu-central-1:444455556666:key/mrk-0f":       "arn:aws:kms:eu-central-1:444455556666:key/mrk-0f",
		"arn:aws:kms:eu-west-1:444455556666:alias/team/landing":  "arn:aws:kms:eu-west-1:444455556666:key/*",
		"key/1234abcd-12ab-34cd-56ef-1234567890ab":               "arn:aws:kms:eu-west-1:*:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"arn:aws:kms:eu-west-1:444455556666:alias/aws-managed_x": "arn:aws:kms:eu-west-1:444455556666:key/*",
	} {
		d, err := Render(hostile(func(c *Config) { c.KMSKey = key }), KindRole, Minimum)
		require.NoError(t, err, key)
		s := d.Statement[1]
		assert.Equal(t, Values{want}, s.Resource)
		assert.Equal(t, strings.Contains(key, "alias/"), len(s.Condition) == 1, "an alias is a condition, or else %s would be every key", want)
	}
}

func TestPrincipalsThatAreMoreThanOneAreRefused(t *testing.T) {
	for principal, want := range map[string]string{
		"*":                                 "a wildcard or a variable would let others in",
		"arn:aws:iam::*:root":               "a wildcard or a variable would let others in",
		"1111222233?3":                      "a wildcard or a variable would let others in",
		"${aws:PrincipalAccount":            "a wildcard or a variable would let others in",
		"arn:aws:iam::111122223333:role/*":  "a wildcard or a variable would let others in",
		"arn:aws:iam::111122223333:role/a?": "a wildcard or a variable would let others in",
		"arn:aws:iam::111122223333:user/${aws:userid}": "a wildcard or a variable would let others in",
		"arn:aws:s3:::x":                          "is not the ARN of an account, a user or a role",
		"arn:aws:iam::111122223333:policy/p":      "is not the ARN of an account, a user or a role",
		"arn:aws:iam::1111:root":                  "is not the ARN of an account, a user or a role",
		"arn:aws:iam:eu-west-1:111122223333:root": "is not the ARN of an account, a user or a role",
		"arn:aws:iam::111122223333:role/a b":      "is not the ARN of an account, a user or a role",
		"arn:aws:iam::111122223333:role/a\n":      "is not the ARN of an account, a user or a role",
		"arn:aws:iam::111122223333:group/g":       "is not the ARN of an account, a user or a role",
		"arn:aws:iam::111122223333:role/":         "is not the ARN of an account, a user or a role",
		"111122223333 ":                           "neither an account id of 12 digits nor an ARN",
		"me":                                      "neither an account id of 12 digits nor an ARN",
		"arn:aws-cn:iam::111122223333:root":       "is in partition aws-cn, and the bucket is in aws",
	} {
		assert.Contains(t, refused(t, hostile(func(c *Config) { c.Principals = []string{writerAccount, principal} })), want, principal)
	}
	for _, principal := range []string{
		writerAccount, "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/team/a+=,.@-_b", "arn:aws:iam::111122223333:user/u",
		"arn:aws:sts::111122223333:assumed-role/r/session@host", "arn:aws:sts::111122223333:federated-user/u",
	} {
		_, err := Render(hostile(func(c *Config) { c.Principals = []string{principal} }), KindTrust, "")
		require.NoError(t, err, principal)
	}
}

func TestBucketsThatAreMoreThanOneAreRefused(t *testing.T) {
	for _, bucket := range []string{
		"*", "b*", "b?", "${aws:username}", "b${*}", "b\n", "b\t", " b", "a'b", "é", `b","Resource":"*`, "b/c", "b:c", "tenant:b",
		"arn:aws:s3:::b", "arn:aws:s3:eu-west-1:*:accesspoint/landing", "arn:aws:s3:*:444455556666:accesspoint/landing",
		"arn:aws:s3:eu-west-1:444455556666:accesspoint/*", "landing-*-s3alias", "landing-abc-s3alias", "land*--euw1-az1--x-s3",
	} {
		assert.Contains(t, refused(t, hostile(func(c *Config) { c.Bucket, c.Region, c.KMSKey = bucket, "", "" })), "bucket", bucket)
	}
}

func TestRegionsAndOwnersThatAreNoneAreRefused(t *testing.T) {
	for _, region := range []string{"*", "eu-west-?", "Ireland", "eu-west-1 ", "${aws:RequestedRegion}"} {
		assert.Contains(t, refused(t, hostile(func(c *Config) { c.Region = region })), "is not the name of a region")
	}
	for _, owner := range []string{"*", "1111", "11112222333?"} {
		assert.Contains(t, refused(t, hostile(func(c *Config) { c.Owner, c.Bucket = owner, "b--euw1-az1--x-s3" })), "expected_bucket_owner")
	}
	_, err := Render(hostile(func(c *Config) { c.Owner = "ceph-user" }), KindRole, Minimum)
	require.NoError(t, err, "it goes nowhere")
}

// Wildcards and variables of a prefix stand for themselves.
func TestPrefixesAreLiteral(t *testing.T) {
	for prefix, want := range map[string]string{
		"a*b?c$d":               "a${*}b${?}c${$}d/*",
		"${aws:username}":       "${$}{aws:username}/*",
		"${*}":                  "${$}{${*}}/*",
		"team a/büro":           `team a/b\u00fcro/*`,
		"数":                     `\u6570/*`,
		"\U0001F600":            `\ud83d\ude00/*`,
		`a"},{"Effect":"Allow`:  `a\"},{\"Effect\":\"Allow/*`,
		`back\slash`:            `back\\slash/*`,
		"<&>":                   "<&>/*",
		"dead_letters/${$}/$$/": "dead_letters/${$}{${$}}/${$}${$}/*",
	} {
		c := hostile(func(c *Config) { c.Prefix, c.Mode = prefix, auth.ModeBucketPolicy })
		for _, kind := range []Kind{KindRole, KindBucket} {
			d, err := Render(c, kind, Full)
			require.NoError(t, err, prefix)
			text := string(d.JSON())
			requireValid(t, d.JSON())
			assert.Contains(t, text, `"arn:aws:s3:::landing-zone/`+want+`"`)
			assert.Contains(t, text, `"s3:prefix": "`+want+`"`)
			for _, r := range text {
				require.Less(t, r, rune(0x80), "IAM takes few other letters")
			}
		}
	}
	for _, prefix := range []string{"a\nb", "a\tb", "a\u2028b", "a\u00a0b", "a\x00", "\x7f"} {
		assert.Contains(t, refused(t, hostile(func(c *Config) { c.Prefix = prefix })), "which no policy can hold")
		assert.Contains(t, refused(t, hostile(func(c *Config) { c.MorePrefixes = []string{"ok", prefix} })), "which no policy can hold")
	}
}

func TestIdsAndAddressesThatRestrictNothingAreRefused(t *testing.T) {
	for id, want := range map[string]string{
		"*": "lets every id in", "**?": "lets every id in", "${aws:username}": "it may hold letters", "a b": "it may hold letters", "": "it may hold letters",
	} {
		assert.Contains(t, refused(t, hostile(func(c *Config) { c.ExternalIDs = []string{"agency_1", id} })), want)
	}
	for ip, want := range map[string]string{
		"0.0.0.0/0": "holds every address", "::/0": "holds every address", "300.1.1.1": "neither an IP address", "*": "neither an IP address",
	} {
		assert.Contains(t, refused(t, hostile(func(c *Config) { c.SourceIPs = []string{"192.0.2.1", ip} })), want)
	}
}
