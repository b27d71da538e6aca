package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/live"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// state asks a process what it does.
func (p *process) state(t *testing.T) *live.State {
	t.Helper()
	status, body := p.get(live.JSONPath)
	require.Equal(t, http.StatusOK, status, "%s", &p.logs)
	var s live.State
	require.NoError(t, json.Unmarshal([]byte(body), &s))
	return &s
}

// evilInput makes records of two partitions, whose names would be a script in a page
// and an order to a terminal.
const evilInput = `
input:
  generate:
    interval: 10ms
    batch_size: 5
    mapping: 'root = {"id": counter(), "p": if counter() % 2 == 0 { "<script>alert(1)</script>" } else { "\u001b[31mred\u202e" }}'
`

// evilOutput takes them, and keeps them open.
func evilOutput(s *s3test.Server) string {
	conf := outputConfig(s, "    max_age: 1h\n    idle_timeout: 0s\n    variables: {p: '${! this.p }'}\n")
	return strings.Replace(conf, "folder: in", "folder: 'in/{{p}}'", 1)
}

func TestPageOfTheBinaryShowsItsOutputs(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := start(t, evilInput+evilOutput(s))
	require.Eventually(t, func() bool {
		_, body := p.get(live.JSONPath)
		return strings.Contains(body, "alert(1)") && strings.Contains(body, "red")
	}, patience, 50*time.Millisecond, "%s", &p.logs)
	status, page := p.get(live.PagePath)
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "root.output")
	assert.Contains(t, page, "alert(1)")
	assert.NotContains(t, page, "<script>alert", "names come from data")
	assert.NotContains(t, page, s.SecretKey)
	assert.NotContains(t, page, "\x1b")
	_, endpoints := p.get("/endpoints")
	assert.Contains(t, endpoints, live.PagePath)
	p.terminate(t)
}

func TestPageCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startWith(t, "input: {generate: {interval: 1h, mapping: 'root = {}'}}\n"+outputConfig(s, ""), func(main string) []string {
		return []string{"run", "--state-page=false", main}
	})
	require.Eventually(t, func() bool { status, _ := p.get("/ping"); return status == 200 }, patience, 50*time.Millisecond)
	for _, path := range []string{live.PagePath, live.JSONPath} {
		status, _ := p.get(path)
		assert.Equal(t, http.StatusNotFound, status)
	}
}

// http.basic_auth and http.root_path are for our pages, too.
func TestPageIsBehindThePasswordAndThePrefix(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	hash := sha256.Sum256([]byte("secret word"))
	p := startWith(t, "input: {generate: {interval: 1h, mapping: 'root = {}'}}\n"+outputConfig(s, ""), func(main string) []string {
		return []string{
			"run", "--set", "http.root_path=/team", "--set", "http.basic_auth.enabled=true", "--set", "http.basic_auth.username=ann",
			"--set", "http.basic_auth.algorithm=sha256", "--set", "http.basic_auth.password_hash=" + base64.StdEncoding.EncodeToString(hash[:]), main,
		}
	})
	require.Eventually(t, func() bool { status, _ := p.get(live.PagePath); return status != 0 }, patience, 50*time.Millisecond)
	known := strings.Replace(p.url, "http://", "http://ann:secret%20word@", 1)
	for _, prefix := range []string{"", "/team"} {
		for _, path := range []string{live.PagePath, live.JSONPath} {
			status, body := p.get(prefix + path)
			assert.Equal(t, http.StatusUnauthorized, status, "%s%s", prefix, path)
			assert.NotContains(t, body, "root.output")
			res, err := http.Get(known + prefix + path)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, http.StatusOK, res.StatusCode, "%s%s", prefix, path)
		}
		text, err := exec.Command("s3-destination", "top", "--once", known+prefix).CombinedOutput()
		require.NoError(t, err, "%s", text)
		assert.Contains(t, string(text), "root.output")
		text, err = exec.Command("s3-destination", "top", "--once", strings.Replace(known, "word", "guess", 1)+prefix).CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(text), "http://name:password@host:4195")
		assert.NotContains(t, string(text), "guess")
	}
	p.terminate(t)
}

func TestPageOfStreamsModeShowsThemAll(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	const input = "input:\n  generate: {interval: 50ms, mapping: 'root = {\"id\": counter()}'}\n"
	p := startStreams(t, "", map[string]string{"a": input + outputConfig(s, ""), "b": input + outputConfig(s, "")})
	names := func() string {
		_, body := p.get(live.JSONPath)
		var s live.State
		_ = json.Unmarshal([]byte(body), &s)
		var all []string
		for _, o := range s.Outputs {
			all = append(all, o.String())
		}
		return fmt.Sprint(all)
	}
	require.Eventually(t, func() bool { return names() == "[a: root.output b: root.output]" }, patience, 50*time.Millisecond)
	p.change(t, http.MethodDelete, "a", "")
	require.Eventually(t, func() bool { return names() == "[b: root.output]" }, patience, 50*time.Millisecond,
		"it has gone with its stream")
	p.terminate(t)
}

// An endpoint that a pipeline has always had stays its own.
func TestPageGivesWayToAnInputOfTheSamePath(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := start(t, "input: {http_server: {path: /s3_destination}}\n"+outputConfig(s, "    max_age: 100ms\n"))
	require.Eventually(t, func() bool { return askReady(t, p) == nil }, patience, 50*time.Millisecond)
	res, err := http.Post(p.url+live.PagePath, "application/json", strings.NewReader(`{"id": 1}`))
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, map[int]int{1: 1}, stored(t, s))
	assert.Len(t, p.state(t).Outputs, 1, "the document is there")
}
