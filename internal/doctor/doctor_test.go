package doctor

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/awsenv"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/ststest"
)

func TestMain(m *testing.M) {
	awsenv.Clear()
	goleak.VerifyTestMain(m)
}

const (
	writerRole   = "arn:aws:iam::111122223333:role/writer"
	customerRole = "arn:aws:iam::444455556666:role/landing"
	externalID   = "agency_workspace1"
)

// probe is the health check of an output whose objects are put in one request.
var probe = health.ProbeConfig{Prefix: "teams/orders/", Label: "orders", Prove: true, Largest: 128_000_000}

// world is an S3, an STS, and a configuration that works with both.
type world struct {
	s3   *s3test.Server
	sts  *ststest.Server
	user ststest.User
	cfg  Config
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{s3: s3test.StartT(t, s3test.Config{})}
	w.sts = ststest.StartT(t, ststest.Config{Keys: w.s3})
	w.user = w.sts.AddUser("111122223333", "writer")
	w.cfg = Config{
		Probe: probe,
		Store: store.Config{
			Bucket: w.s3.Bucket, Endpoint: w.s3.URL, ForcePathStyle: true, Region: "eu-west-1",
			Auth: auth.Config{
				Mode: auth.ModeAccessKey, STSEndpoint: w.sts.URL,
				AccessKeyID: w.user.AccessKeyID, SecretAccessKey: w.user.SecretAccessKey,
			},
		},
	}
	return w
}

func (w *world) roles(t *testing.T, id string) {
	t.Helper()
	trust := func(who, condition string) string {
		return `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + who + `"},"Action":"sts:AssumeRole"` + condition + `}]}`
	}
	require.NoError(t, w.sts.AddRole(writerRole, trust("111122223333", ""), 0))
	require.NoError(t, w.sts.AddRole(customerRole, trust(writerRole, `,"Condition":{"StringEquals":{"sts:ExternalId":"`+externalID+`"}}`), 0))
	w.cfg.Store.Auth.Mode = auth.ModeAssumeRole
	w.cfg.Store.Auth.Chain = []auth.Hop{{RoleARN: writerRole}, {RoleARN: customerRole, ExternalID: id}}
}

// examine runs the checks and requires that no secret is told.
func (w *world) examine(t *testing.T) (*Report, map[string]Row) {
	t.Helper()
	r := Run(t.Context(), w.cfg)
	text, err := r.JSON()
	require.NoError(t, err)
	var table strings.Builder
	require.NoError(t, r.Write(&table))
	for _, secret := range []string{w.user.SecretAccessKey, w.s3.SecretKey} {
		assert.NotContains(t, string(text), secret)
		assert.NotContains(t, table.String(), secret)
	}
	rows := map[string]Row{}
	for _, row := range r.Rows {
		rows[row.Check] = row
	}
	return r, rows
}

func TestEverythingWorks(t *testing.T) {
	w := newWorld(t)
	r, rows := w.examine(t)
	assert.Equal(t, ExitHealthy, r.ExitCode())
	for _, row := range r.Rows {
		assert.Equal(t, Works, row.Result, row.Check)
		assert.Empty(t, row.Fixes)
	}
	assert.Len(t, r.Rows, 13)
	assert.Contains(t, rows["credentials"].Detail, w.user.ARN)
	assert.Equal(t, "the server reports AES256", rows["encryption"].Detail)
	assert.Empty(t, w.s3.Keys(""), "nothing is left behind")
	assert.Equal(t, 1, w.s3.Count("CreateMultipartUpload"))
	assert.Equal(t, Recommended, rows["write in parts"].Matters)
	assert.NotContains(t, rows, "conditional writes, in parts", "where no object of data is uploaded so")
}

func TestThePutObjectRightAloneIsEnough(t *testing.T) {
	w := newWorld(t)
	w.s3.Faults.Deny("DeleteObject", "HeadObject", "ListObjectsV2", "AbortMultipartUpload")
	r, rows := w.examine(t)
	assert.Equal(t, ExitHealthy, r.ExitCode())
	for check, want := range map[string]string{
		"delete": "s3:DeleteObject", "read": "s3:GetObject", "list": "s3:ListBucket", "abort": "s3:AbortMultipartUpload",
	} {
		row := rows[check]
		assert.Equal(t, Fails, row.Result, check)
		assert.Equal(t, store.ClassDenied, row.Class)
		require.Len(t, row.Fixes, 1)
		assert.Contains(t, string(row.Fixes[0].Statement.JSON()), want)
	}
	var table strings.Builder
	require.NoError(t, r.Write(&table))
	assert.Contains(t, table.String(), "The destination accepts data; 4 things would make it better.")
	assert.Contains(t, table.String(), `"Resource": "arn:aws:s3:::landing/teams/orders/*"`)
	require.Len(t, w.s3.Objects(""), 1, "the leftover of the health check")
	assert.Empty(t, w.s3.Objects("")[0].Body, "which costs nothing")
}

func TestADeniedWrite(t *testing.T) {
	w := newWorld(t)
	w.s3.Faults.Deny("PutObject")
	w.cfg.Store.Auth.Mode = auth.ModeBucketPolicy
	r, rows := w.examine(t)
	assert.Equal(t, ExitFailed, r.ExitCode())
	require.Len(t, rows["write"].Fixes, 2, "another account takes both sides")
	assert.Contains(t, rows["write"].Fixes[0].Where, "the policy of bucket landing")
	assert.Equal(t, "111122223333", rows["write"].Fixes[0].Statement.Principal.AWS[0])
	assert.Equal(t, Works, rows["list"].Result)
	assert.Equal(t, Skipped, rows["read"].Result)
	assert.NotContains(t, rows, "encryption")
}

func TestBrokenDestinations(t *testing.T) {
	cases := map[string]struct {
		edit   func(w *world)
		check  string
		class  store.Class
		detail string
	}{
		"wrong secret": {func(w *world) { w.cfg.Store.Auth.SecretAccessKey = "wrong" }, "write", store.ClassCredentials, "SignatureDoesNotMatch"},
		"no bucket":    {func(w *world) { w.cfg.Store.Bucket = "nowhere" }, "write", store.ClassNoBucket, "create the bucket nowhere"},
		"wrong region": {func(w *world) { w.s3.Faults.Add(s3test.Rule{Do: s3test.Redirect("us-west-2")}) }, "region", store.ClassWrongRegion, "the bucket is in us-west-2"},
		"no answer":    {func(w *world) { w.cfg.Store.Endpoint = "http://127.0.0.1:1" }, "write", store.ClassNetwork, "nothing answers there"},
		"KMS": {func(w *world) {
			w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Do: s3test.Fail(403, "AccessDenied", "not authorized to perform: kms:GenerateDataKey")})
			w.cfg.Store.Encryption = encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: "arn:aws:kms:eu-west-1:111122223333:key/k"}
		}, "write", store.ClassKMS, "check encryption.kms_key"},
		"a disabled key": {func(w *world) {
			w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Do: s3test.FailAfterBody(400, "KMS.DisabledException", "the key is disabled")})
			w.cfg.Store.Encryption = encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: "arn:aws:kms:eu-west-1:111122223333:key/k"}
		}, "write", store.ClassKMS, "enable the key again"},
		"encryption is ignored": {func(w *world) {
			w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Do: func(x *s3test.Exchange) { x.W.Header().Set("ETag", `"stored"`) }})
		}, "encryption", "", "may have ignored the request"},
		"another key": {func(w *world) {
			w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Do: func(x *s3test.Exchange) {
				x.W.Header().Set("ETag", `"stored"`)
				x.W.Header().Set("X-Amz-Server-Side-Encryption", "aws:kms")
				x.W.Header().Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "arn:aws:kms:eu-west-1:111122223333:key/other")
			}})
			w.cfg.Store.Encryption = encryption.Config{Mode: encryption.ModeSSEKMSCMK, KMSKey: "k"}
		}, "encryption", store.ClassKMS, "asked for the KMS key k"},
		"clock": {func(w *world) {
			w.s3.Faults.Add(s3test.Rule{Do: func(x *s3test.Exchange) {
				x.W.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
				s3test.Fail(403, "RequestTimeTooSkewed", "The difference is too large.")(x)
			}})
		}, "clock", store.ClassClockSkew, "synchronise this machine's clock"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.edit(w)
			r, rows := w.examine(t)
			assert.Equal(t, ExitFailed, r.ExitCode())
			row := rows[c.check]
			assert.Equal(t, Fails, row.Result)
			assert.Equal(t, Required, row.Matters)
			assert.Equal(t, c.class, row.Class)
			assert.Contains(t, row.Detail, c.detail)
			assert.Equal(t, name == "KMS", len(row.Fixes) > 0, "a statement where a right is missing, and nowhere else")
		})
	}
}

func TestHopByHop(t *testing.T) {
	w := newWorld(t)
	w.roles(t, externalID)
	r, rows := w.examine(t)
	assert.Equal(t, ExitHealthy, r.ExitCode())
	assert.Contains(t, rows["credentials, base"].Detail, w.user.ARN)
	assert.Contains(t, rows["credentials, hop 1 of 2"].Detail, "assumed-role/writer/s3-destination-orders")
	assert.Contains(t, rows["credentials, hop 2 of 2"].Detail, "assumed-role/landing/s3-destination-orders, from AssumeRole, for another 1h0m0s")
}

func TestAWrongExternalIDNamesTheTrustPolicy(t *testing.T) {
	w := newWorld(t)
	w.roles(t, "another_workspace")
	r, rows := w.examine(t)
	assert.Equal(t, ExitFailed, r.ExitCode())
	row := rows["credentials, hop 2 of 2"]
	assert.Equal(t, Fails, row.Result)
	require.Len(t, row.Fixes, 1)
	assert.Equal(t, "the trust policy of role "+customerRole, row.Fixes[0].Where)
	statement := string(row.Fixes[0].Statement.JSON())
	assert.Contains(t, statement, writerRole)
	assert.Contains(t, statement, "another_workspace", "with this statement it would work")
	assert.Contains(t, row.Fixes[0].Note, "another_workspace. If that is not the one agreed on with the owner of the role, leave the policy as it is and correct external_id",
		"or with the right id")
	assert.Equal(t, Works, rows["credentials, hop 1 of 2"].Result)
	assert.NotContains(t, rows, "write")
	assert.Equal(t, Skipped, rows["list"].Result)
	require.NoError(t, w.sts.AddRole(customerRole, `{"Statement":[`+statement+`]}`, 0))
	r, _ = w.examine(t)
	assert.True(t, r.OK(), "the advice is right")
}

// One statement may help several checks, and be found by several.
func TestStatementsArePrintedOnce(t *testing.T) {
	same := Fix{Where: "a policy", Statement: policy.Statement{Sid: "Encrypt", Effect: "Allow"}, Note: "Only sometimes."}
	r := &Report{Rows: []Row{{Check: "write", Fixes: []Fix{same}}, {Check: "read", Fixes: []Fix{{Where: "another"}, same}}}}
	var table strings.Builder
	require.NoError(t, r.Write(&table))
	assert.Equal(t, 1, strings.Count(table.String(), `"Sid": "Encrypt"`))
	assert.Contains(t, table.String(), "write, read: To make it work, add to a policy:\n")
	assert.Contains(t, table.String(), "}\nOnly sometimes.\n")
	assert.Contains(t, table.String(), "read: To make it work, add to another:\n")
}

func TestAnImpossibleConfiguration(t *testing.T) {
	w := newWorld(t)
	w.cfg.Store.Auth.SecretAccessKey = ""
	r, rows := w.examine(t)
	assert.Equal(t, ExitConfig, r.ExitCode())
	assert.Contains(t, rows["configuration"].Detail, "only valid together")
}

func TestJSON(t *testing.T) {
	w := newWorld(t)
	w.s3.Faults.Deny("ListObjectsV2")
	r, _ := w.examine(t)
	text, err := r.JSON()
	require.NoError(t, err)
	var got struct {
		OK     bool
		Bucket string
		Prefix string
		Checks []struct {
			Check, Result, Matters, Class string
			Fixes                         []struct {
				Where     string
				Statement map[string]any
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &got))
	assert.True(t, got.OK)
	assert.Equal(t, "landing", got.Bucket)
	assert.Equal(t, "teams/orders/", got.Prefix)
	for _, c := range got.Checks {
		if c.Check == "list" {
			assert.Equal(t, "optional", c.Matters)
			assert.Equal(t, "s3:ListBucket", c.Fixes[0].Statement["Action"])
		}
	}
}

// Whether a key works is for the store to say: STS knows none of another vendor,
// and need not answer.
func TestCredentialsWorkWhenTheStoreTakesThem(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(w *world)
		result Result
		detail string
	}{
		"the store takes them":         {func(*world) {}, Works, "STS does not tell whose they are"},
		"they may not write":           {func(w *world) { w.s3.Faults.Deny("PutObject") }, Works, "STS does not tell whose they are"},
		"the store does not know them": {func(w *world) { w.cfg.Store.Auth.AccessKeyID = "AKIANOBODY" }, Fails, "the store does not accept them"},
		"the secret is wrong":          {func(w *world) { w.cfg.Store.Auth.SecretAccessKey = "wrong" }, Fails, "the store does not accept them"},
		"nobody answers":               {func(w *world) { w.cfg.Store.Endpoint = "http://127.0.0.1:1" }, Unknown, "STS does not tell whose they are"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.cfg.Store.Auth.STSEndpoint = ""
			c.edit(w)
			_, rows := w.examine(t)
			assert.Equal(t, c.result, rows["credentials"].Result)
			assert.Contains(t, rows["credentials"].Detail, c.detail)
			if c.result == Fails {
				assert.Equal(t, store.ClassCredentials, rows["credentials"].Class)
			}
		})
	}
	t.Run("STS knows them and the store does not", func(t *testing.T) {
		w := newWorld(t)
		w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Do: s3test.FailAfterBody(403, "InvalidAccessKeyId", "unknown")})
		_, rows := w.examine(t)
		assert.Equal(t, Fails, rows["credentials"].Result)
	})
}

// TestColumnsInTheBucket: what schema.remember needs is required.
func TestColumnsInTheBucket(t *testing.T) {
	w := newWorld(t)
	w.cfg.Columns, w.cfg.Policy.Columns = true, true
	r, rows := w.examine(t)
	assert.Equal(t, ExitHealthy, r.ExitCode())
	assert.Equal(t, Row{Check: "columns", Result: Works, Matters: Required, Detail: "they are kept in teams/orders/_schema/"}, rows["columns"])
	assert.Equal(t, []string{"teams/orders/_schema/_s3_destination"}, w.s3.Keys(""))
	w.s3.Faults.Deny("GetObject")
	r, rows = w.examine(t)
	assert.Equal(t, ExitFailed, r.ExitCode())
	row := rows["columns"]
	assert.Equal(t, Fails, row.Result)
	require.Len(t, row.Fixes, 1)
	assert.JSONEq(t, `{"Sid":"ReadColumns","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::landing/teams/orders/_schema/*"}`,
		string(row.Fixes[0].Statement.JSON()))
}
