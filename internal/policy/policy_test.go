package policy

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/ststest"
)

var update = flag.Bool("update", false, "write the golden files and resources/policies")

// example is the configuration of the golden files.
func example() Config {
	return Config{
		Bucket: "landing-zone", Prefix: "/teams/orders", Region: "eu-west-1",
		Mode: auth.ModeAssumeRole, RoleARN: "arn:aws:iam::444455556666:role/landing",
		Encryption: encryption.ModeSSEKMSCMK, KMSKey: "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		ExternalIDs: []string{"agency_workspace1"}, Principals: []string{"111122223333"},
		SourceIPs: []string{"198.51.100.7", "203.0.113.0/24"},
	}
}

// placeholders is the configuration of resources/policies.
func placeholders() Config {
	c := example()
	c.Bucket, c.Prefix, c.Region = "<BUCKET>", "<PREFIX>", "<REGION>"
	c.RoleARN, c.KMSKey = "<ROLE ARN>", "arn:aws:kms:<REGION>:<KEY ACCOUNT ID>:key/<KEY ID>"
	c.ExternalIDs, c.Principals = []string{"<EXTERNAL ID>"}, []string{"<WRITER ACCOUNT ID>"}
	c.SourceIPs = []string{"<YOUR OWN ADDRESS>", "<ADDRESS OF THE WRITER>"}
	return c
}

// golden compares text with a file, or writes it.
func golden(t *testing.T, path string, text []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, text, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update")
	assert.Equal(t, string(want), string(text), "run the test with -update and look at the difference")
}

var (
	sid      = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	action   = regexp.MustCompile(`^(s3|s3-outposts|s3express|kms|sts):[A-Za-z]*\*?$`)
	resource = regexp.MustCompile(`^(\*|arn:(aws|aws-cn|aws-us-gov):(s3:::|s3:[^:]*:[^:]+:accesspoint/|s3-outposts:[^:]+:[^:]+:outpost/|s3express:[^:]+:[^:]+:(bucket|accesspoint)/|kms:[^:]+:[^:]+:key/).+)$`)
)

// requireValid checks what AWS checks when a policy is saved. A policy of a
// resource names principals, one of an identity must not; a trust policy names
// no resource.
func requireValid(t *testing.T, text []byte) Document {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var doc Document
	require.NoError(t, d.Decode(&doc))
	assert.Equal(t, "2012-10-17", doc.Version)
	require.NotEmpty(t, doc.Statement)
	seen := map[string]bool{}
	for _, s := range doc.Statement {
		assert.Regexp(t, sid, s.Sid)
		assert.False(t, seen[s.Sid], "%s is used twice", s.Sid)
		seen[s.Sid] = true
		assert.Equal(t, "Allow", s.Effect)
		require.NotEmpty(t, s.Action)
		for _, a := range s.Action {
			assert.Regexp(t, action, a)
		}
		for _, r := range s.Resource {
			assert.Regexp(t, resource, r)
		}
		assert.Equal(t, strings.HasPrefix(s.Action[0], "sts:"), len(s.Resource) == 0)
		if s.Principal != nil {
			assert.NotEmpty(t, s.Principal.AWS)
		}
	}
	return doc
}

func TestTemplates(t *testing.T) {
	require.Len(t, Templates(), 10)
	for _, template := range Templates() {
		t.Run(template.ID, func(t *testing.T) {
			d, err := RenderTemplate(example(), strings.ToLower(template.ID))
			require.NoError(t, err)
			requireValid(t, d.JSON())
			golden(t, filepath.Join("testdata", template.Name+".json"), d.JSON())

			c := placeholders()
			if template.ID != "P10" {
				c.SourceIPs = nil
			}
			if template.ID != "P7" && template.ID != "P8" {
				c.Encryption = encryption.ModeSSES3 // the key is theirs to show
			}
			d, err = template.write(c)
			require.NoError(t, err)
			requireValid(t, d.JSON())
			golden(t, filepath.Join("..", "..", "resources", "policies", template.Name+".json"), d.JSON())
		})
	}
}

func TestTemplatesAreListed(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Policies\n\nTemplates, generated from `internal/policy`: replace what is in angle brackets, or have\n" +
		"`s3-destination policy CONFIG` write them for your configuration. The program works with P1\nalone.\n\n| | file | for |\n|---|---|---|\n")
	for _, template := range Templates() {
		fmt.Fprintf(&b, "| %s | [%s.json](%s.json) | %s |\n", template.ID, template.Name, template.Name, template.About)
	}
	golden(t, filepath.Join("..", "..", "resources", "policies", "README.md"), []byte(b.String()))
}

func TestNoTemplateHoldsAnAccountOfAVendor(t *testing.T) {
	for _, dir := range []string{"testdata", filepath.Join("..", "..", "resources", "policies")} {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, f := range files {
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			for _, account := range regexp.MustCompile(`\d{12}`).FindAllString(string(text), -1) {
				if !strings.Contains(string(text), "-"+account) { // the end of a key id
					assert.Contains(t, []string{"111122223333", "444455556666"}, account, f)
				}
			}
		}
	}
}

func actions(d Document) []string {
	var all []string
	for _, s := range d.Statement {
		all = append(all, s.Action...)
	}
	return all
}

func TestFlavours(t *testing.T) {
	plain := Config{Bucket: "b", Prefix: "p/"}
	render := func(c Config, f Flavour) Document {
		d, err := Render(c, KindRole, f)
		require.NoError(t, err)
		requireValid(t, d.JSON())
		return d
	}
	assert.Equal(t, []string{"s3:PutObject"}, actions(render(plain, Minimum)))
	assert.Equal(t, []string{"s3:PutObject", "s3:DeleteObject"}, actions(render(plain, Recommended)))
	assert.Equal(t, render(plain, Recommended), render(plain, ""))
	full := render(plain, Full)
	assert.Contains(t, actions(full), "s3:ListBucket")
	assert.Contains(t, actions(full), "s3:AbortMultipartUpload")
	assert.Equal(t, Values{"p/*"}, full.Statement[1].Condition["StringLike"]["s3:prefix"])

	tagged := plain
	tagged.Tagging = true
	assert.Equal(t, []string{"s3:PutObject", "s3:PutObjectTagging"}, actions(render(tagged, Minimum)))
	tagged.ACL = true
	assert.Equal(t, []string{"s3:PutObject", "s3:DeleteObject", "s3:PutObjectAcl", "s3:PutObjectTagging"}, actions(render(tagged, Recommended)))
	assert.Equal(t, Values{"s3:DeleteObject"}, Fixes(tagged, store.OpDeleteObject, store.ClassDenied)[0].Statement.Action)
	assert.Equal(t, Values{"s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"}, Fixes(tagged, store.OpUploadPart, store.ClassDenied)[0].Statement.Action)
}

func TestScope(t *testing.T) {
	write := func(c Config) Statement {
		d, err := Render(c, KindRole, Minimum)
		require.NoError(t, err)
		return d.Statement[0]
	}
	cases := map[string]struct {
		config Config
		want   string
	}{
		"whole bucket":           {Config{Bucket: "b"}, "arn:aws:s3:::b/*"},
		"prefix":                 {Config{Bucket: "b", Prefix: "/a/b"}, "arn:aws:s3:::b/a/b/*"},
		"final slash":            {Config{Bucket: "b", Prefix: "a/b/"}, "arn:aws:s3:::b/a/b/*"},
		"wildcards are literal":  {Config{Bucket: "b", Prefix: "a*b?c$d"}, "arn:aws:s3:::b/a${*}b${?}c${$}d/*"},
		"China":                  {Config{Bucket: "b", Region: "cn-north-1"}, "arn:aws-cn:s3:::b/*"},
		"GovCloud":               {Config{Bucket: "b", Region: "us-gov-west-1"}, "arn:aws-us-gov:s3:::b/*"},
		"partition of the role":  {Config{Bucket: "b", RoleARN: "arn:aws-cn:iam::111122223333:role/r"}, "arn:aws-cn:s3:::b/*"},
		"an ordinary US region":  {Config{Bucket: "b", Region: "us-west-2"}, "arn:aws:s3:::b/*"},
		"the region beats roles": {Config{Bucket: "b", Region: "us-west-2", RoleARN: "arn:aws-cn:iam::1:role/r"}, "arn:aws:s3:::b/*"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, Values{c.want}, write(c.config).Resource) })
	}
	more := Config{Bucket: "b", Prefix: "data", MorePrefixes: []string{"data/_dead_letters/", "/dead", "data2"}}
	assert.Equal(t, Values{"arn:aws:s3:::b/data/*", "arn:aws:s3:::b/dead/*", "arn:aws:s3:::b/data2/*"}, write(more).Resource)
	assert.Equal(t, Values{"data/*", "dead/*", "data2/*"}, more.list("x", "ListBucket").Condition["StringLike"]["s3:prefix"])
	more.MorePrefixes = []string{""}
	assert.Equal(t, Values{"arn:aws:s3:::b/*"}, write(more).Resource)
	assert.Empty(t, more.list("x", "ListBucket").Condition)
}

func TestKeys(t *testing.T) {
	use := func(mode encryption.Mode, key string) []Statement {
		d, err := Render(Config{Bucket: "b", Region: "cn-north-1", Encryption: mode, KMSKey: key}, KindRole, Minimum)
		require.NoError(t, err)
		return d.Statement[1:]
	}
	assert.Empty(t, use(encryption.ModeSSES3, ""))
	assert.Empty(t, use(encryption.ModeSSEKMS, ""), "the AWS-managed key needs no grant")
	const arn = "arn:aws-cn:kms:cn-north-1:111122223333:"
	assert.Equal(t, Values{arn + "key/k"}, use(encryption.ModeSSEKMSCMK, arn+"key/k")[0].Resource)
	assert.Equal(t, Values{"arn:aws-cn:kms:cn-north-1:*:key/k"}, use(encryption.ModeSSEKMSCMK, "k")[0].Resource)
	alias := use(encryption.ModeSSEKMSCMK, arn+"alias/a")[0]
	assert.Equal(t, Values{arn + "key/*"}, alias.Resource)
	assert.Equal(t, Values{"alias/a"}, alias.Condition["ForAnyValue:StringEquals"]["kms:ResourceAliases"])
}

// The trust policies are evaluated by the test STS, which refuses what it does
// not understand.
func TestTrustPoliciesAreAccepted(t *testing.T) {
	cases := map[string]struct {
		ids      []string
		operator string
	}{
		"none":     {nil, ""},
		"one":      {[]string{"a_1"}, "StringEquals"},
		"list":     {[]string{"a_2", "a_1", "a_2"}, "StringEquals"},
		"wildcard": {[]string{"a_*"}, "StringLike"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := example()
			cfg.ExternalIDs, cfg.SessionTags = c.ids, true
			d, err := Render(cfg, KindTrust, "")
			require.NoError(t, err)
			requireValid(t, d.JSON())
			require.NoError(t, ststest.New(ststest.Config{}).AddRole(cfg.RoleARN, string(d.JSON()), 0))
			s := d.Statement[0]
			assert.Equal(t, Values{"arn:aws:iam::111122223333:root"}, s.Principal.AWS)
			assert.Equal(t, Values{"sts:AssumeRole", "sts:TagSession"}, s.Action)
			if c.operator == "" {
				assert.Empty(t, s.Condition)
			} else {
				assert.Equal(t, sortedCopy(c.ids), s.Condition[c.operator]["sts:ExternalId"])
			}
		})
	}
}

func TestBucketAndKeyPolicies(t *testing.T) {
	c := example()
	c.Mode = auth.ModeBucketPolicy
	for _, f := range Flavours() {
		d, err := Render(c, KindBucket, f)
		require.NoError(t, err)
		for _, s := range requireValid(t, d.JSON()).Statement {
			assert.Equal(t, Values{"111122223333"}, s.Principal.AWS)
			assert.True(t, strings.HasPrefix(s.Action[0], "s3:"))
		}
	}
	d, err := Render(c, KindKMS, "")
	require.NoError(t, err)
	assert.Equal(t, Values{"arn:aws:iam::444455556666:root"}, requireValid(t, d.JSON()).Statement[0].Principal.AWS)
}

func TestRefusals(t *testing.T) {
	edit := func(fn func(*Config)) Config { c := example(); fn(&c); return c }
	cases := map[string]struct {
		config  Config
		kind    Kind
		flavour Flavour
		want    string
	}{
		"no bucket":            {edit(func(c *Config) { c.Bucket = "" }), KindRole, "", "needs the name of the bucket"},
		"wildcard bucket":      {edit(func(c *Config) { c.Bucket = "*" }), KindRole, "", "is not the name of a bucket"},
		"principal":            {edit(func(c *Config) { c.Principals = []string{"me"} }), KindRole, "", "neither an account id"},
		"address":              {edit(func(c *Config) { c.SourceIPs = []string{"300.1.1.1"} }), KindRole, "", "neither an IP address"},
		"flavour":              {example(), KindRole, "huge", "unknown flavour"},
		"kind":                 {example(), "group", "", "unknown kind"},
		"trust without role":   {edit(func(c *Config) { c.Mode = auth.ModeDefault }), KindTrust, "", "belongs to a role"},
		"trust in nobody":      {edit(func(c *Config) { c.Principals = nil }), KindTrust, "", "who assumes the role"},
		"bucket for nobody":    {edit(func(c *Config) { c.Principals = nil }), KindBucket, "", "whom it lets in"},
		"key for nobody":       {edit(func(c *Config) { c.Principals = nil }), KindKMS, "", "who uses the key"},
		"key by id":            {edit(func(c *Config) { c.KMSKey = "k" }), KindKMS, "", "give encryption.kms_key as an ARN"},
		"no key":               {edit(func(c *Config) { c.Encryption = encryption.ModeSSES3 }), KindKMS, "", "no key of yours"},
		"template of nothing":  {example(), "P11", "", ""},
		"P10 without adresses": {edit(func(c *Config) { c.SourceIPs = nil }), "P10", "", "at least one source address"},
		"P9 without principal": {edit(func(c *Config) { c.Principals = nil }), "P9", "", "who the writer is"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			render := func() (Document, error) { return Render(c.config, c.kind, c.flavour) }
			if strings.HasPrefix(string(c.kind), "P") {
				render = func() (Document, error) { return RenderTemplate(c.config, string(c.kind)) }
			}
			_, err := render()
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestWithAuth(t *testing.T) {
	a := auth.Config{Mode: auth.ModeAssumeRole, SessionTags: map[string]string{"a": "b"}, Chain: []auth.Hop{
		{RoleARN: "arn:aws:iam::111122223333:role/writer"}, {RoleARN: "arn:aws:iam::444455556666:role/landing", ExternalID: "id-1"},
	}}
	c := Config{Bucket: "b"}.WithAuth(a)
	assert.Equal(t, Config{
		Bucket: "b", Mode: auth.ModeAssumeRole, RoleARN: "arn:aws:iam::444455556666:role/landing",
		ExternalIDs: []string{"id-1"}, Principals: []string{"arn:aws:iam::111122223333:role/writer"}, SessionTags: true,
	}, c)
	assert.Empty(t, Config{}.WithAuth(auth.Config{Mode: auth.ModeAccessKey}).RoleARN)
}

func TestFixes(t *testing.T) {
	c := example()
	c.SourceIPs = nil
	first := func(op store.Op, class store.Class) Fix {
		fixes := Fixes(c, op, class)
		require.NotEmpty(t, fixes)
		for _, f := range fixes {
			requireValid(t, document(f.Statement).JSON())
		}
		return fixes[0]
	}
	assert.Equal(t, Values{"s3:PutObject"}, first(store.OpUploadPart, store.ClassDenied).Statement.Action)
	assert.Equal(t, Values{"s3:DeleteObject"}, first(store.OpDeleteObject, store.ClassDenied).Statement.Action)
	assert.Equal(t, Values{"s3:GetObject"}, first(store.OpHeadObject, store.ClassDenied).Statement.Action)
	assert.Equal(t, Values{"s3:ListBucket"}, first(store.OpListObjects, store.ClassDenied).Statement.Action)
	assert.Equal(t, Values{"s3:AbortMultipartUpload"}, first(store.OpAbortMultipartUpload, store.ClassDenied).Statement.Action)
	assert.Contains(t, first(store.OpPutObject, store.ClassDenied).Where, c.RoleARN)
	key := first(store.OpPutObject, store.ClassKMS)
	assert.Equal(t, Values{"kms:GenerateDataKey", "kms:Decrypt"}, key.Statement.Action)
	assert.Len(t, Fixes(c, store.OpPutObject, store.ClassKMS), 2, "the key's own policy too")
	assert.Empty(t, Fixes(c, store.OpPutObject, store.ClassNetwork))
	trust := TrustFix(c)
	assert.Equal(t, "agency_workspace1", trust.Statement.Condition["StringEquals"]["sts:ExternalId"][0])
	assert.Contains(t, trust.Note, "agency_workspace1. If that is not the one agreed on")
	without := c
	without.ExternalIDs = nil
	assert.Contains(t, TrustFix(without).Note, "set external_id to that")

	c.Mode, c.Principals = auth.ModeBucketPolicy, nil
	both := Fixes(c, store.OpPutObject, store.ClassDenied)
	require.Len(t, both, 2)
	assert.Contains(t, both[0].Where, "bucket landing-zone")
	assert.NotNil(t, both[0].Statement.Principal)
}
