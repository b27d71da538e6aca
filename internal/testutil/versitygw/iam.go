//go:build integration

package versitygw

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/s3-destination/s3-destination/internal/testutil/child"
	"github.com/s3-destination/s3-destination/internal/testutil/ports"
)

// Account is the one that the IAM service keeps.
const Account = "000000000000"

// Enforcing is a server with an IAM service: it enforces the policies of users
// and roles, and of buckets, in the words of AWS.
type Enforcing struct {
	*Server

	// User and UserARN name a user who may do nothing until it is granted;
	// UserKey and UserSecret are its key pair.
	User, UserARN, UserKey, UserSecret string

	iam, dir string
}

// StartEnforcing runs a server and its IAM service for the length of the test.
func StartEnforcing(tb testing.TB) *Enforcing {
	tb.Helper()
	binary, err := find()
	require(tb, err)
	address, err := ports.Address(tb.Context())
	require(tb, err)
	root := shortDir(tb)
	e := &Enforcing{User: "writer", iam: "http://" + address, dir: filepath.Join(root, "iam")}
	require(tb, os.MkdirAll(e.dir, 0o750))
	socket := filepath.Join(root, "s")
	service, err := child.Start(tb.Context(), child.Command(tb.Context(), binary, rootEnvironment(),
		"--port", address, "--quiet", "iam", "--quiet", "--dir", e.dir, "--private-ports", socket), e.iam, child.Anything)
	require(tb, err)
	tb.Cleanup(service.Stop)
	e.Server = StartWith(tb, Config{iam: socket})

	var user struct {
		ARN string `xml:"CreateUserResult>User>Arn"`
	}
	e.askFor(tb, &user, "CreateUser", "UserName", e.User)
	var key struct {
		ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	e.askFor(tb, &key, "CreateAccessKey", "UserName", e.User)
	e.UserARN, e.UserKey, e.UserSecret = user.ARN, key.ID, key.Secret
	return e
}

// Grant replaces what the user may do.
func (e *Enforcing) Grant(tb testing.TB, policy []byte) {
	tb.Helper()
	e.Ask(tb, "PutUserPolicy", "UserName", e.User, "PolicyName", "granted", "PolicyDocument", string(policy))
}

// Revoke takes everything from the user.
func (e *Enforcing) Revoke(tb testing.TB) {
	tb.Helper()
	e.Ask(tb, "DeleteUserPolicy", "UserName", e.User, "PolicyName", "granted")
}

// Role is a role of the IAM service.
type Role struct {
	Name string `xml:"CreateRoleResult>Role>RoleName"`
	ARN  string `xml:"CreateRoleResult>Role>Arn"`
	ID   string `xml:"CreateRoleResult>Role>RoleId"`
}

// AddRole makes a role with a trust policy and what it may do. The service
// checks both policies as IAM does.
func (e *Enforcing) AddRole(tb testing.TB, name string, trust, policy []byte) Role {
	tb.Helper()
	var role Role
	e.askFor(tb, &role, "CreateRole", "RoleName", name, "AssumeRolePolicyDocument", string(trust))
	e.Ask(tb, "PutRolePolicy", "RoleName", name, "PolicyName", "granted", "PolicyDocument", string(policy))
	return role
}

// Session is a set of temporary credentials of a role.
type Session struct {
	AccessKey, SecretKey, Token string
}

// OpenSession gives the role a session that lasts until ends. The service hands
// out sessions for web identities only, whose issuer must not be on this
// machine, so the session is written into its store.
func (e *Enforcing) OpenSession(tb testing.TB, role Role, id string, ends time.Time) Session {
	tb.Helper()
	s := Session{AccessKey: "ASIA" + id, SecretKey: "secret-of-session-" + id, Token: "token-of-session-" + id}
	e.edit(tb, func(sessions map[string]any) {
		sessions[s.AccessKey] = map[string]any{
			"accessKeyId": s.AccessKey, "secretAccessKey": s.SecretKey, "sessionToken": s.Token,
			"roleArn": role.ARN, "roleName": role.Name, "roleId": role.ID,
			"roleSessionName": "session-" + id, "createDate": time.Now().UTC(), "expiration": ends.UTC(),
		}
	})
	return s
}

// EndSession makes a session end now.
func (e *Enforcing) EndSession(tb testing.TB, s Session) {
	tb.Helper()
	e.edit(tb, func(sessions map[string]any) {
		session, ok := sessions[s.AccessKey].(map[string]any)
		if !ok {
			tb.Fatalf("there is no session %s to end", s.AccessKey)
		}
		session["expiration"] = time.Now().UTC().Add(-time.Second)
	})
}

// edit changes the sessions in the store, which is read for every request.
func (e *Enforcing) edit(tb testing.TB, change func(sessions map[string]any)) {
	tb.Helper()
	path := filepath.Join(e.dir, "iam.json")
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("reading the store of the IAM service: %v", err)
	}
	var store map[string]any
	if err := json.Unmarshal(text, &store); err != nil {
		tb.Fatalf("reading the store of the IAM service: %v", err)
	}
	sessions, _ := store["sessions"].(map[string]any)
	if sessions == nil {
		sessions = map[string]any{}
	}
	change(sessions)
	store["sessions"] = sessions
	if text, err = json.Marshal(store); err != nil {
		tb.Fatalf("encoding the store of the IAM service: %v", err)
	}
	next := path + ".next"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		tb.Fatalf("writing the store of the IAM service: %v", err)
	}
	if err := os.Rename(next, path); err != nil {
		tb.Fatalf("writing the store of the IAM service: %v", err)
	}
}

func (e *Enforcing) askFor(tb testing.TB, answer any, action string, arguments ...string) {
	tb.Helper()
	if err := xml.Unmarshal(e.Ask(tb, action, arguments...), answer); err != nil {
		tb.Fatalf("reading the answer to %s: %v", action, err)
	}
}

// Ask calls the query API of IAM as root, with names and values in turn.
func (e *Enforcing) Ask(tb testing.TB, action string, arguments ...string) []byte {
	tb.Helper()
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for i := 0; i < len(arguments); i += 2 {
		form.Set(arguments[i], arguments[i+1])
	}
	body := form.Encode()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, e.iam+"/", strings.NewReader(body))
	if err != nil {
		tb.Fatalf("asking IAM: %v", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash)
	root := aws.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret}
	if err := v4.NewSigner().SignHTTP(tb.Context(), root, r, hash, "iam", "us-east-1", time.Now()); err != nil {
		tb.Fatalf("signing: %v", err)
	}
	resp, err := child.Client().Do(r)
	if err != nil {
		tb.Fatalf("asking IAM for %s: %v", action, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		tb.Fatalf("asking IAM for %s: HTTP %d: %s (%v)", action, resp.StatusCode, text, err)
	}
	return text
}
