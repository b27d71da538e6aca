package plugin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// twoSides sends every other record to a prefix that is denied.
const twoSides = `root = {"id": counter(), "side": if counter() % 2 == 0 { "yes" } else { "no" }}`

const bySide = `
folder: 'in/{{side}}'
file_name: 'f-{{uuid}}'
file_format: json
variables: {side: '${! json("side") }'}
max_age: 200ms
idle_timeout: 500ms
`

// denySide refuses all objects below in/no, as a policy does for a prefix.
func denySide(s *s3test.Server) *s3test.Fault {
	return s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/no/", Do: s3test.Fail(http.StatusForbidden, "AccessDenied", "Access Denied")})
}

// Half of an endless stream goes to a denied prefix, and becomes dead letters.
// The other half goes on as if nothing were the matter.
func TestDeniedPrefixDoesNotStopOthers(t *testing.T) {
	long.Skip(t)
	s := s3test.StartT(t, s3test.Config{})
	denySide(s)
	input := "generate:\n  interval: 10ms\n  batch_size: 20\n  mapping: '" + twoSides + "'\n"
	stream, logs := build(t, input, outputYAML(s, bySide+"on_refused_object: dead_letter\nretry: {initial_interval: 10ms, max_interval: 100ms}\n"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = stream.Run(ctx)
	}()
	stored := func() int { return lines(s, "in/yes/") }
	require.Eventually(t, func() bool { return len(s.Objects("in/_dead_letters/")) > 0 }, patience, 100*time.Millisecond)
	before, began := stored(), time.Now()
	time.Sleep(5 * time.Second)
	rate := float64(stored()-before) / time.Since(began).Seconds()
	sent := 1000. // a second of that side, on a machine that has the time for it
	assert.Greater(t, rate, 0.3*sent)
	assert.Empty(t, s.Objects("in/no/"))
	require.NoError(t, stream.StopWithin(30*time.Second))
	cancel()
	<-ended
	var letter map[string]any
	require.NoError(t, json.Unmarshal(s.Objects("in/_dead_letters/")[0].Body[:bytes.IndexByte(s.Objects("in/_dead_letters/")[0].Body, '\n')], &letter))
	assert.Contains(t, letter["reason"], "objects of this partition are refused")
	assert.Contains(t, letter["payload"], `"side":"no"`)
	assert.Equal(t, 1, bytes.Count([]byte(logs.String()), []byte("Objects of partition /in/no")), "one line for the change")
}

// With retry nothing is lost: what waits is stored when the right is granted.
func TestDeniedPrefixIsStoredOnceItIsAllowed(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	fault := denySide(s)
	stream, logs := build(t, generate(3000, twoSides, 10), outputYAML(s, bySide+"max_in_flight: 5000\nretry: {initial_interval: 10ms, max_interval: 100ms}\n"))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- stream.Run(ctx) }()
	require.Eventually(t, func() bool { return lines(s, "in/yes/") == 1500 }, patience, 50*time.Millisecond, "the other side")
	require.Eventually(t, func() bool { return fault.Hits() > 5 }, patience, 50*time.Millisecond, "it is tried again")
	accepts := func() bool { return strings.Contains(logs.String(), "while the destination accepts others (denied)") }
	require.Eventually(t, accepts, patience, 50*time.Millisecond, "the tries may all have been before it accepted any: %s", logs)
	fault.Remove()
	require.NoError(t, <-ended)
	requireOnceEach(t, ids(t, s, "in/"), 3000)
}

// lines counts the records below a prefix.
func lines(s *s3test.Server, prefix string) int {
	n := 0
	for _, o := range s.Objects(prefix) {
		n += bytes.Count(o.Body, []byte("\n"))
	}
	return n
}
