package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/ststest"
)

// What no output of the program may hold, whatever happens.
const (
	hiddenID       = "AKIAHIDDENHIDDENHIDD"
	hiddenSecret   = "hidden/secret/of/the/writer/that/opens/it"
	hiddenToken    = "hidden-session-token-of-the-writer"
	hiddenExternal = "hidden-external-id"
)

// keyed is a configuration with a key of three parts.
func keyed(s *s3test.Server) string {
	config := outputConfig(s, "    max_age: 100ms\n    retry: {max_retries: 1, initial_interval: 1ms, max_interval: 1ms}\n")
	return strings.Replace(config, fmt.Sprintf("access_key_id: %s, secret_access_key: %q", s.AccessKey, s.SecretKey),
		fmt.Sprintf("access_key_id: %s, secret_access_key: %s, session_token: %s", hiddenID, hiddenSecret, hiddenToken), 1)
}

// throughRoles is a configuration that assumes two roles, the second with an
// external id that is wrong.
func throughRoles(t *testing.T, s *s3test.Server) string {
	sts := ststest.StartT(t, ststest.Config{Keys: s})
	user := sts.AddUser("111122223333", "writer")
	const hub, landing = "arn:aws:iam::111122223333:role/hub", "arn:aws:iam::444455556666:role/landing"
	require.NoError(t, sts.AddRole(hub, `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}`, 0))
	require.NoError(t, sts.AddRole(landing, `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"`+hub+`"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"another"}}}]}`, 0))
	return strings.Replace(outputConfig(s, ""), fmt.Sprintf("auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}", s.AccessKey, s.SecretKey),
		fmt.Sprintf("auth: {mode: assume_role, access_key_id: %s, secret_access_key: %s, sts_endpoint: %q, role_chain: [{role_arn: %q}, {role_arn: %q, external_id: %s}]}",
			user.AccessKeyID, user.SecretAccessKey, sts.URL, hub, landing, hiddenExternal), 1)
}

// secretsOf are the values in a configuration that must stay in it.
func secretsOf(t *testing.T, config string) []string {
	t.Helper()
	var found []string
	for _, name := range []string{"access_key_id: ", "secret_access_key: ", "session_token: ", "external_id: "} {
		for _, rest := range strings.Split(config, name)[1:] {
			value, _, _ := strings.Cut(rest, ",")
			found = append(found, strings.Trim(strings.SplitN(value, "}", 2)[0], `"' `))
		}
	}
	require.NotEmpty(t, found)
	return found
}

func requireHidden(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("%s holds %q: ...%s", where, secret, text[max(0, at-200):at+len(secret)])
		}
	}
}

// TestSecretsStayOutOfEverythingThatTheProgramSays runs the program against
// destinations that are well and ill, and greps all that it says for what it was
// told in confidence: the log at its most talkative, the metrics, every endpoint
// for debugging, the answers about readiness, and the dump of all goroutines
// with which a crash ends.
func TestSecretsStayOutOfEverythingThatTheProgramSays(t *testing.T) {
	scenarios := map[string]struct {
		fault s3test.Action
		roles bool
		says  string // in the log
	}{
		"well":              {nil, false, "Wrote an object"},
		"denied":            {s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "Access Denied"), false, "denied: AccessDenied"},
		"wrong secret":      {s3test.FailAfterBody(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match"), false, "credentials: SignatureDoesNotMatch"},
		"unknown key":       {s3test.FailAfterBody(http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."), false, "credentials: InvalidAccessKeyId"},
		"expired token":     {s3test.FailAfterBody(http.StatusBadRequest, "ExpiredToken", "The provided token has expired."), false, "credentials: ExpiredToken"},
		"disabled key":      {s3test.FailAfterBody(http.StatusBadRequest, "KMS.DisabledException", "disabled"), false, "kms: KMS.DisabledException"},
		"no bucket":         {s3test.FailAfterBody(http.StatusNotFound, "NoSuchBucket", "no"), false, "no_bucket: NoSuchBucket"},
		"wrong region":      {s3test.Redirect("eu-central-1"), false, "set region to eu-central-1"},
		"skewed clock":      {s3test.FailAfterBody(http.StatusForbidden, "RequestTimeTooSkewed", "too large"), false, "clock_skew"},
		"throttled":         {s3test.SlowDown(0), false, "throttled"},
		"broken answers":    {s3test.Reset(0), false, "network"},
		"answers with HTML": {func(x *s3test.Exchange) { x.W.WriteHeader(502); _, _ = x.W.Write([]byte("<html>bad gateway</html>")) }, false, "network"},
		"wrong external id": {nil, true, "hop 2 of 2"},
	}
	for name, c := range scenarios {
		t.Run(name, func(t *testing.T) {
			if name != "wrong secret" {
				long.Skip(t)
			}
			t.Parallel()
			s := s3test.StartT(t, s3test.Config{})
			s.AddKey(hiddenID, hiddenSecret, hiddenToken)
			if c.fault != nil {
				s.Faults.Add(s3test.Rule{Do: c.fault})
			}
			config := keyed(s)
			if c.roles {
				config = throughRoles(t, s)
			}
			secrets := secretsOf(t, config)
			talk(t, config, c.says, secrets)
			for _, command := range [][]string{{"echo"}, {"lint"}, {"check"}, {"check", "--json"}} {
				said := secrets
				if command[0] == "check" {
					said = allBut(secrets, hiddenExternal) // stands in the statement to add
				}
				out, _ := tell(t, config, command...)
				assert.NotEmpty(t, strings.TrimSpace(out+"x"))
				requireHidden(t, strings.Join(command, " "), out, said)
			}
		})
	}
}

func allBut(list []string, value string) []string {
	var kept []string
	for _, s := range list {
		if s != value {
			kept = append(kept, s)
		}
	}
	return kept
}

// talk runs a configuration until its log holds the words, looks at everything
// that a running process tells, and crashes it.
func talk(t *testing.T, config, words string, secrets []string) {
	t.Helper()
	p := startTalkative(t, "input: {generate: {interval: 5ms, mapping: 'root.id = counter()'}}\n"+config)
	require.Eventually(t, func() bool { return strings.Contains(p.said(t), words) }, patience, 50*time.Millisecond, "%s", p.said(t))
	require.Eventually(t, func() bool { status, _ := p.get("/ping"); return status == http.StatusOK }, patience, 50*time.Millisecond)
	for _, path := range []string{
		"/ready", "/metrics", "/stats", "/endpoints", "/version", "/debug/config/json", "/debug/config/yaml", "/debug/stack",
		"/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1",
	} {
		status, body := p.get(path)
		assert.NotZero(t, status, path)
		if strings.HasPrefix(path, "/debug/config") {
			assert.Contains(t, body, "s3_destination", path)
		}
		requireHidden(t, path, body, secrets)
	}
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGQUIT))
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatal("the process did not end after SIGQUIT")
	}
	said := p.said(t)
	assert.Contains(t, said, "SIGQUIT: quit", "the dump of a crash")
	assert.Contains(t, said, "goroutine ")
	requireHidden(t, "the log or the dump", said, secrets)
}

// talkative is a process whose output can be read while it runs.
type talkative struct {
	*process
	out string
}

func (p *talkative) said(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.out)
	require.NoError(t, err)
	return string(text)
}

// startTalkative runs the binary with everything on that makes it say more.
func startTalkative(t *testing.T, config string) *talkative {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	p := &talkative{
		process: &process{done: make(chan error, 1), url: "http://" + address},
		out:     filepath.Join(dir, "output"),
	}
	path := filepath.Join(dir, "config.yaml")
	config += fmt.Sprintf("\nhttp: {address: %s, debug_endpoints: true}\nmetrics: {prometheus: {}}\nlogger: {level: ALL, add_timestamp: true}\n", address)
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	out, err := os.Create(p.out)
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Close() })
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	p.cmd = exec.Command(binary, "run", path)
	p.cmd.Env = append(os.Environ(), "GOTRACEBACK=all")
	p.cmd.Stdout, p.cmd.Stderr = out, out
	require.NoError(t, p.cmd.Start())
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// tell runs a subcommand on a configuration and returns what it printed and its
// exit code.
func tell(t *testing.T, config string, command ...string) (string, int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	cmd := exec.Command(binary, append(command, path)...)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil {
		require.ErrorAs(t, err, &exit)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// Mistakes in a configuration are reported without the values around them.
func TestSecretsStayOutOfReportedMistakes(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	well := keyed(s)
	for name, change := range map[string][2]string{
		"a key without its secret": {", secret_access_key: " + hiddenSecret, ""},
		"a wrong mode":             {"mode: access_key", "mode: default"},
		"an unknown mode":          {"mode: access_key", "mode: magic"},
		"an unknown field":         {"mode: access_key", "mode: access_key, secret: " + hiddenSecret},
		"a list for a secret":      {"secret_access_key: " + hiddenSecret, "secret_access_key: [" + hiddenSecret + "]"},
		"a map for a secret":       {"session_token: " + hiddenToken, "session_token: {value: " + hiddenToken + "}"},
		"secrets in the endpoint":  {"endpoint: http://", "endpoint: http://" + hiddenID + ":" + hiddenSecret + "@"},
		"an external id alone":     {"mode: access_key", "mode: access_key, external_id: " + hiddenExternal},
		"a wildcard external id":   {"mode: access_key", "mode: assume_role, role_arn: 'arn:aws:iam::111122223333:role/x', external_id: '" + hiddenExternal + "*'"},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "secrets in the endpoint" {
				long.Skip(t)
			}
			t.Parallel()
			broken := strings.Replace(well, change[0], change[1], 1)
			require.NotEqual(t, well, broken)
			for i, command := range []string{"lint", "run", "check", "policy", "preview"} {
				if !long.Takes(i, 4) {
					continue
				}
				out, code := tell(t, "input: {generate: {count: 1, mapping: 'root = {}'}}\n"+broken+"\nhttp: {enabled: false}\n", command)
				if command == "lint" || command == "run" {
					assert.NotZero(t, code, "%s: %s", command, out)
				}
				if command == "check" && name != "an unknown field" {
					assert.Equal(t, 2, code, "the configuration cannot be tried: %s", out)
				}
				requireHidden(t, command, out, []string{hiddenID, hiddenSecret, hiddenToken, hiddenExternal})
			}
		})
	}
}
