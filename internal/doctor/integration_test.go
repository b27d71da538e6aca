//go:build integration

package doctor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// gateway is a server that enforces policies.
type gateway struct{ *versitygw.Enforcing }

func startGateway(t *testing.T) *gateway {
	t.Helper()
	return &gateway{versitygw.StartEnforcing(t)}
}

// grant replaces the policy of the user.
func (g *gateway) grant(t *testing.T, d policy.Document) {
	t.Helper()
	g.Grant(t, d.JSON())
}

func (g *gateway) config() Config {
	return Config{
		Probe: probe,
		Store: store.Config{
			Bucket: "landing", Endpoint: g.URL, ForcePathStyle: true, Region: "us-east-1",
			Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: g.UserKey, SecretAccessKey: g.UserSecret},
			Encryption: encryption.Config{Mode: encryption.ModeNone},
		},
	}
}

func (g *gateway) examine(t *testing.T) (*Report, map[string]Row) {
	t.Helper()
	r := Run(t.Context(), g.config())
	rows := map[string]Row{}
	for _, row := range r.Rows {
		rows[row.Check] = row
		assert.NotContains(t, row.Detail, g.UserSecret)
	}
	return r, rows
}

func TestIntegrationFlavours(t *testing.T) {
	g := startGateway(t)
	scope := policy.Config{Bucket: "landing", Prefix: "teams/orders", Region: "us-east-1"}
	works := map[policy.Flavour][]string{
		policy.Minimum:     {"write"},
		policy.Recommended: {"write", "delete"},
		policy.Full:        {"write", "delete", "list", "read", "abort"},
	}
	for _, f := range policy.Flavours() {
		t.Run(string(f), func(t *testing.T) {
			d, err := policy.Render(scope, policy.KindRole, f)
			require.NoError(t, err)
			g.grant(t, d)
			r, rows := g.examine(t)
			assert.Equal(t, ExitHealthy, r.ExitCode())
			for _, check := range works[policy.Full] {
				want := Fails
				for _, w := range works[f] {
					if w == check {
						want = Works
					}
				}
				assert.Equal(t, want, rows[check].Result, "%s: %s", check, rows[check].Detail)
				if want == Fails {
					assert.Equal(t, store.ClassDenied, rows[check].Class)
				}
			}
		})
	}
}

// Whatever the doctor advises is enough: the statements of its report, added
// one after the other, make everything work.
func TestIntegrationAdvice(t *testing.T) {
	g := startGateway(t)
	granted := policy.Document{Version: "2012-10-17", Statement: []policy.Statement{
		{Sid: "Nothing", Effect: "Allow", Action: policy.Values{"s3:GetBucketAcl"}, Resource: policy.Values{"arn:aws:s3:::landing"}},
	}}
	g.grant(t, granted)
	r, rows := g.examine(t)
	assert.Equal(t, ExitFailed, r.ExitCode())
	assert.Equal(t, store.ClassDenied, rows["write"].Class)
	for round := range 4 {
		for _, row := range r.Rows {
			for i, f := range row.Fixes {
				f.Statement.Sid = fmt.Sprintf("Fix%d%s%d", round, row.Check, i)
				granted.Statement = append(granted.Statement, f.Statement)
			}
		}
		g.grant(t, granted)
		r, _ = g.examine(t)
	}
	for _, row := range r.Rows {
		assert.NotEqual(t, Fails, row.Result, "%s: %s", row.Check, row.Detail)
	}
	assert.True(t, r.OK())
}

func TestIntegrationDocumentedPolicies(t *testing.T) {
	g := startGateway(t)
	scope := policy.Config{Bucket: "landing", Prefix: "teams/orders", Region: "us-east-1"}
	for _, id := range []string{"P1", "P2", "P3", "P4", "P5", "P8"} {
		t.Run(id, func(t *testing.T) {
			d, err := policy.RenderTemplate(scope, id)
			require.NoError(t, err)
			g.grant(t, d)
			r, _ := g.examine(t)
			assert.True(t, r.OK())
		})
	}
}

func TestIntegrationAnotherPrefixIsDenied(t *testing.T) {
	g := startGateway(t)
	d, err := policy.Render(policy.Config{Bucket: "landing", Prefix: "teams/other"}, policy.KindRole, policy.Full)
	require.NoError(t, err)
	g.grant(t, d)
	r, rows := g.examine(t)
	assert.Equal(t, ExitFailed, r.ExitCode())
	assert.Equal(t, store.ClassDenied, rows["write"].Class)
	assert.Contains(t, rows["write"].Detail, "allow s3:PutObject")
}

func TestIntegrationEncryptionIgnoredInSilence(t *testing.T) {
	g := startGateway(t)
	d, err := policy.Render(policy.Config{Bucket: "landing"}, policy.KindRole, policy.Full)
	require.NoError(t, err)
	g.grant(t, d)
	cfg := g.config()
	cfg.Store.Encryption.Mode = encryption.ModeSSES3
	r := Run(t.Context(), cfg)
	assert.Equal(t, ExitFailed, r.ExitCode())
}
