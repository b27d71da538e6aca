package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestWhatIsDoubtfulIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	own := strings.ReplaceAll(strings.TrimPrefix(outputConfig(s, ""), "\noutput:\n"), "\n", "\n    ")
	p := start(t, idle+"\noutput:\n  retry:\n    output:\n    "+own+"\n")
	require.Eventually(t, func() bool { status, _ := p.get("/ready"); return status == 200 }, patience, 20*time.Millisecond, "%s", &p.logs)
	p.terminate(t)
	assert.Contains(t, p.logs.String(), `is inside retry, which does not know single records`)
}
