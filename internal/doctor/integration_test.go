//go:build integration

package doctor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/store/encryption"
)

// gateway is a versitygw with its IAM service: an S3 that enforces identity
// policies in the words of AWS.
type gateway struct {
	s3, iam  string // URLs
	key, sec string // of the user writer
	data     string
}

const (
	rootKey    = "versitytest"
	rootSecret = "versitytestsecret"
)

func startGateway(t *testing.T) *gateway {
	t.Helper()
	binary := os.Getenv("VERSITYGW")
	if binary == "" {
		var err error
		if binary, err = exec.LookPath("versitygw"); err != nil {
			t.Skip("versitygw is not available: set VERSITYGW to its path or put it on the PATH")
		}
	}
	// Not t.TempDir: the path of a socket must be short.
	root, err := os.MkdirTemp("", "vgw")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	for _, dir := range []string{"iam", "data/landing", "sidecar"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, dir), 0o750))
	}
	g := &gateway{s3: freePort(t), iam: freePort(t), data: filepath.Join(root, "data")}
	socket := filepath.Join(root, "s")
	spawn(t, binary, g.iam, "--port", g.iam, "--quiet", "iam", "--quiet", "--dir", filepath.Join(root, "iam"), "--private-ports", socket)
	spawn(t, binary, g.s3, "--port", g.s3, "--quiet", "--iam-cache-disable", "--iam-standalone-endpoint", socket,
		"posix", "--sidecar", filepath.Join(root, "sidecar"), g.data)
	g.s3, g.iam = "http://"+g.s3, "http://"+g.iam
	g.ask(t, "CreateUser", "UserName", "writer")
	var created struct {
		ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	require.NoError(t, xml.Unmarshal(g.ask(t, "CreateAccessKey", "UserName", "writer"), &created))
	g.key, g.sec = created.ID, created.Secret
	return g
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// spawn runs a process until the end of the test, and waits for its port.
func spawn(t *testing.T, binary, address string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary, args...)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+rootKey, "ROOT_SECRET_KEY="+rootSecret)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		if _ = cmd.Wait(); t.Failed() {
			t.Log(output.String())
		}
	})
	require.Eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond, "%s does not listen", args)
}

// ask calls the query API of IAM as root.
func (g *gateway) ask(t *testing.T, action string, arguments ...string) []byte {
	t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for i := 0; i < len(arguments); i += 2 {
		form.Set(arguments[i], arguments[i+1])
	}
	body := form.Encode()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.iam+"/", strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash)
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret}, r, hash, "iam", "us-east-1", time.Now()))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Less(t, resp.StatusCode, 300, "%s: %s", action, text)
	return text
}

// grant replaces the policy of the user.
func (g *gateway) grant(t *testing.T, d policy.Document) {
	t.Helper()
	g.ask(t, "PutUserPolicy", "UserName", "writer", "PolicyName", "p", "PolicyDocument", string(d.JSON()))
}

func (g *gateway) config() Config {
	return Config{
		Prefix: "teams/orders/", Conditional: true, Label: "orders",
		Store: store.Config{
			Bucket: "landing", Endpoint: g.s3, ForcePathStyle: true, Region: "us-east-1",
			Auth:       auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: g.key, SecretAccessKey: g.sec},
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
		assert.NotContains(t, row.Detail, g.sec)
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
	for round := 0; round < 4; round++ {
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
