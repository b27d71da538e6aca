//go:build release

package release

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLicencesAreAllowed holds what go-licenses finds in all binaries of a
// release to licences.allow.
func TestLicencesAreAllowed(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "./licences.sh", "list").Output()
	require.NoError(t, err)
	allowed := rules(t)
	used := map[rule]bool{}
	texts := map[string][]*rule{} // the licences of a text
	libraries := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 4) // library, version, licence, file
		require.Len(t, fields, 4, line)
		r := allowed.find(fields[2], fields[0])
		if !assert.NotNil(t, r, "%s %s is under %s: what is allowed is in licences.allow", fields[0], fields[1], fields[2]) {
			continue
		}
		libraries[fields[0]], used[*r] = true, true
		if r.licence != unknown {
			texts[fields[3]] = append(texts[fields[3]], r)
		}
	}
	for _, r := range allowed {
		assert.True(t, used[r], "nothing needs the rule for %s %s", r.licence, r.module)
	}
	for path, under := range texts {
		assert.Empty(t, complaint(read(t, path), under), path)
	}
	t.Logf("%d libraries with %d texts", len(libraries), len(texts))
}
