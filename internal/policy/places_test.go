package policy

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

const writerAccount = "111122223333"

func TestAccessPoints(t *testing.T) {
	for name, c := range map[string]struct{ bucket, service string }{
		"one region":      {"arn:aws:s3:eu-west-1:444455556666:accesspoint/landing", "s3"},
		"China":           {"arn:aws-cn:s3:cn-north-1:444455556666:accesspoint/landing", "s3"},
		"GovCloud":        {"arn:aws-us-gov:s3:us-gov-west-1:444455556666:accesspoint/landing", "s3"},
		"several regions": {"arn:aws:s3::444455556666:accesspoint/mfzwi23gnjvgw.mrap", "s3"},
		"Outposts":        {"arn:aws:s3-outposts:eu-west-1:444455556666:outpost/op-01/accesspoint/landing", "s3-outposts"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Bucket: c.bucket, Prefix: "in/orders", Mode: auth.ModeBucketPolicy, Principals: []string{writerAccount}}
			objects := Values{c.bucket + "/object/in/orders/*"}

			d, err := Render(cfg, KindRole, Full)
			require.NoError(t, err)
			requireValid(t, d.JSON())
			require.Len(t, d.Statement, 2)
			assert.Equal(t, objects, d.Statement[0].Resource)
			assert.Contains(t, d.Statement[0].Action, c.service+":PutObject")
			assert.Equal(t, Values{c.bucket}, d.Statement[1].Resource)
			assert.Equal(t, Values{c.service + ":ListBucket"}, d.Statement[1].Action)
			assert.Equal(t, Values{"in/orders/*"}, d.Statement[1].Condition["StringLike"]["s3:prefix"])

			for _, flavour := range Flavours() {
				d, err = Render(cfg, KindBucket, flavour)
				require.NoError(t, err)
				requireValid(t, d.JSON())
				assert.Equal(t, objects, d.Statement[0].Resource)
				assert.Equal(t, Values{writerAccount}, d.Statement[0].Principal.AWS)
			}
			d, err = RenderTemplate(cfg, "P3")
			require.NoError(t, err)
			assert.Equal(t, Values{c.bucket, c.bucket + "/object/*"}, d.Statement[0].Resource)

			for _, f := range Fixes(cfg, store.OpPutObject, store.ClassDenied) {
				assert.Equal(t, objects, f.Statement.Resource)
				assert.Contains(t, f.Note, "The bucket behind the access point must allow the same")
			}
			assert.Equal(t, "the policy of access point "+c.bucket, Fixes(cfg, store.OpPutObject, store.ClassDenied)[0].Where)
		})
	}
}

// What `check` prints for an alias has a gap to fill in; a whole policy is
// refused.
func TestAliasesOfAccessPoints(t *testing.T) {
	cfg := Config{Bucket: "landing-abc-s3alias", Region: "cn-north-1", Prefix: "in"}
	_, err := Render(cfg, KindRole, Minimum)
	require.ErrorContains(t, err, "no policy can name: set bucket to its ARN, arn:aws-cn:s3:<region>:<account id>:accesspoint/<name>")
	fix := Fixes(cfg, store.OpPutObject, store.ClassDenied)[0]
	assert.Equal(t, Values{"arn:aws-cn:s3:cn-north-1:<ACCOUNT ID>:accesspoint/<NAME OF THE ACCESS POINT>/object/in/*"}, fix.Statement.Resource)
}

func TestDirectoryBuckets(t *testing.T) {
	cfg := Config{
		Bucket: "landing--euw1-az1--x-s3", Region: "eu-west-1", Prefix: "in", MorePrefixes: []string{"dead"}, Owner: "444455556666",
		Mode: auth.ModeBucketPolicy, Principals: []string{writerAccount}, SourceIPs: []string{"192.0.2.1"},
		Encryption: encryption.ModeSSEKMSCMK, KMSKey: "arn:aws:kms:eu-west-1:444455556666:key/k1",
	}
	session := Statement{
		Sid: "Session", Effect: "Allow", Action: Values{"s3express:CreateSession"},
		Resource:  Values{"arn:aws:s3express:eu-west-1:444455556666:bucket/landing--euw1-az1--x-s3"},
		Condition: map[string]Condition{"ForAnyValue:IpAddress": {"aws:SourceIp": {"192.0.2.1"}}},
	}
	for _, f := range Flavours() {
		d, err := Render(cfg, KindRole, f)
		require.NoError(t, err)
		requireValid(t, d.JSON())
		require.Len(t, d.Statement, 2)
		assert.Equal(t, session, d.Statement[0])
		assert.Equal(t, "kms:GenerateDataKey", d.Statement[1].Action[0])

		granted := session
		granted.Principal = &Principal{AWS: Values{writerAccount}}
		d, err = Render(cfg, KindBucket, f)
		require.NoError(t, err)
		assert.Equal(t, []Statement{granted}, d.Statement)
	}
	for _, op := range []store.Op{store.OpPutObject, store.OpDeleteObject, store.OpListObjects, store.OpHeadObject, store.OpAbortMultipartUpload} {
		fixes := Fixes(cfg, op, store.ClassDenied)
		assert.Equal(t, session, fixes[len(fixes)-1].Statement, op)
	}
	for _, id := range []string{"P3", "P4", "P5", "P6", "P8"} {
		_, err := RenderTemplate(cfg, id)
		require.ErrorContains(t, err, "a directory bucket knows sessions only", id)
	}
	for _, id := range []string{"P1", "P2", "P10"} {
		_, err := RenderTemplate(cfg, id)
		require.NoError(t, err, id)
	}

	cfg.Owner = ""
	d, err := Render(cfg, KindRole, Minimum)
	require.NoError(t, err)
	assert.Equal(t, Values{"arn:aws:s3express:eu-west-1:*:bucket/landing--euw1-az1--x-s3"}, d.Statement[0].Resource)
}

func TestThePartitionComesFromWhatIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"nothing":       {Config{Bucket: "b"}, "aws"},
		"region":        {Config{Bucket: "b", Region: "cn-north-1"}, "aws-cn"},
		"access point":  {Config{Bucket: "arn:aws-us-gov:s3:us-gov-west-1:444455556666:accesspoint/l", Region: "eu-west-1"}, "aws-us-gov"},
		"role":          {Config{Bucket: "b", RoleARN: "arn:aws-cn:iam::111122223333:role/r"}, "aws-cn"},
		"key":           {Config{Bucket: "b", KMSKey: "arn:aws-us-gov:kms:us-gov-west-1:444455556666:key/k"}, "aws-us-gov"},
		"principal":     {Config{Bucket: "b", Principals: []string{writerAccount, "arn:aws-eusc:iam::111122223333:user/u"}}, "aws-eusc"},
		"another store": {Config{Bucket: "b", Region: "cn-north-1", Foreign: true}, "aws"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, c.config.Partition())
			d, err := Render(c.config, KindRole, Minimum)
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(d.Statement[0].Resource[0], "arn:"+c.want+":s3:"), d.Statement[0].Resource)
		})
	}
}

func TestWithStore(t *testing.T) {
	c := Config{Prefix: "p", MorePrefixes: []string{"d"}, SourceIPs: []string{"192.0.2.1"}}.WithStore(store.Config{
		Bucket: "b", Region: "cn-north-1", Endpoint: "https://minio.example", ExpectedBucketOwner: "444455556666", ACL: "private", Tags: map[string]string{"a": "b"},
		Encryption: encryption.Config{Mode: encryption.ModeSSEKMSDSSE, KMSKey: "k"},
		Auth:       auth.Config{Mode: auth.ModeAssumeRole, RoleARN: "arn:aws:iam::444455556666:role/r", ExternalID: "id"},
	})
	assert.Equal(t, Config{
		Bucket: "b", Region: "cn-north-1", Foreign: true, Owner: "444455556666", ACL: true, Tagging: true,
		Prefix: "p", MorePrefixes: []string{"d"}, SourceIPs: []string{"192.0.2.1"},
		Encryption: encryption.ModeSSEKMSDSSE, KMSKey: "k",
		Mode: auth.ModeAssumeRole, RoleARN: "arn:aws:iam::444455556666:role/r", ExternalIDs: []string{"id"},
	}, c)
}

// Two layers of encryption take the same rights as one.
func TestKeysOfTwoLayers(t *testing.T) {
	use := func(mode encryption.Mode) []Statement {
		c := example()
		c.Encryption = mode
		d, err := Render(c, KindRole, Recommended)
		require.NoError(t, err)
		return d.Statement
	}
	assert.Equal(t, use(encryption.ModeSSEKMSCMK), use(encryption.ModeSSEKMSDSSE))
	c := example()
	c.Encryption, c.KMSKey = encryption.ModeSSEKMSDSSE, ""
	d, err := Render(c, KindRole, Recommended)
	require.NoError(t, err)
	assert.Len(t, d.Statement, 1, "the AWS-managed key needs no grant")
	c.KMSKey = example().KMSKey
	_, err = Render(c, KindKMS, "")
	require.NoError(t, err)
}

// allowed evaluates a policy as IAM does, as far as these tests go.
func allowed(d Document, action, resource string, context map[string]string) bool {
	for _, s := range d.Statement {
		if matches(s.Action, action) && matches(s.Resource, resource) && holds(s.Condition, context) {
			return true
		}
	}
	return false
}

// matches compares with wildcards, of which * crosses slashes.
func matches(patterns Values, text string) bool {
	plain := strings.NewReplacer("/", "\x00", "[", `\[`)
	for _, p := range patterns {
		if ok, err := path.Match(plain.Replace(p), plain.Replace(text)); ok && err == nil {
			return true
		}
	}
	return false
}

func holds(conditions map[string]Condition, context map[string]string) bool {
	for _, condition := range conditions {
		for key, values := range condition {
			if value, given := context[key]; !given || !matches(values, value) {
				return false
			}
		}
	}
	return true
}

func TestTheFullBucketPolicyListsNoFurtherThanThePrefix(t *testing.T) {
	const here = "arn:aws:s3:::landing-zone"
	prefix := func(p string) map[string]string { return map[string]string{"s3:prefix": p} }
	c := example()
	c.SourceIPs, c.MorePrefixes = nil, []string{"/dead letters"}
	for _, render := range []func() (Document, error){
		func() (Document, error) { return Render(c, KindBucket, Full) },
		func() (Document, error) { return RenderTemplate(c, "P6") },
	} {
		d, err := render()
		require.NoError(t, err)
		requireValid(t, d.JSON())
		for _, action := range []string{"s3:ListBucket", "s3:ListBucketVersions"} {
			assert.True(t, allowed(d, action, here, prefix("teams/orders/")))
			assert.True(t, allowed(d, action, here, prefix("teams/orders/2025/07/")))
			assert.True(t, allowed(d, action, here, prefix("dead letters/")))
			assert.False(t, allowed(d, action, here, prefix("teams/orders-of-others/")))
			assert.False(t, allowed(d, action, here, prefix("teams/orders")), "would list teams/orders-of-others too")
			assert.False(t, allowed(d, action, here, prefix("teams/")))
			assert.False(t, allowed(d, action, here, prefix("")))
			assert.False(t, allowed(d, action, here, nil), "no prefix at all")
		}
		assert.True(t, allowed(d, "s3:ListBucketMultipartUploads", here, nil), "which knows no prefix")
		for _, action := range []string{"s3:PutObject", "s3:PutObjectAcl", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"} {
			assert.True(t, allowed(d, action, here+"/teams/orders/x", nil), action)
			assert.False(t, allowed(d, action, here+"/teams/other/x", nil), action)
		}
	}

	c.Prefix, c.MorePrefixes = "", nil
	d, err := Render(c, KindBucket, Full)
	require.NoError(t, err)
	assert.True(t, allowed(d, "s3:ListBucket", here, nil), "the whole bucket is the writer's")
}
