package plugin_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// A folder that a policy denies holds up no other: its objects are refused one
// after the other, while those of other folders land. Once it is allowed, what
// waited is stored.
func TestADeniedFolderHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	denied := s.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/bad/", Do: s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "Access Denied")})
	conf := outputYAML(s, `
folder: 'in/{{kind}}'
file_name: 'f-{{chunk_id}}'
file_format: json
max_file_size: 2KB
idle_timeout: 200ms
variables: {kind: '${! if this.id % 2 == 0 { "bad" } else { "good" } }'}
`)
	var wg sync.WaitGroup
	var logs string
	wg.Go(func() { logs = run(t, generate(1000, numbered, 50), conf) })
	require.Eventually(t, func() bool { return len(ids(t, s, "in/good/")) == 500 }, patience, 20*time.Millisecond)
	assert.Empty(t, s.Keys("in/bad/"))
	assert.Less(t, denied.Hits(), 50, "it is not tried again and again")
	denied.Remove()
	wg.Wait()
	requireOnceEach(t, ids(t, s, "in/"), 1000)
	assert.Contains(t, logs, "denied")
}
