package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// Large batches of one partition are kept as they are, others are sorted: each
// record is stored once, whichever follow each other, also after a kill.
func TestASpoolTakesBatchesOfOnePartitionAndOfMany(t *testing.T) {
	long.Skip(t)
	s := &spooling{
		s3: s3test.StartT(t, s3test.Config{}), dir: t.TempDir(), address: freeAddress(t),
		extra: "    max_age: 500ms\n",
	}
	p := s.start(t)
	want := 0
	post := func(partitions int) {
		var lines []string
		for range 1200 { // 120 kB
			lines = append(lines, fmt.Sprintf(`{"id":"%d","p":"p%d","x":%q}`, want, want%partitions, strings.Repeat("x", 80)))
			want++
		}
		res, err := http.Post(p.input, "application/json", strings.NewReader(strings.Join(lines, "\n")))
		require.NoError(t, err)
		res.Body.Close()
		require.Equal(t, http.StatusOK, res.StatusCode)
	}
	for _, partitions := range []int{1, 1, 7, 1, 1} {
		post(partitions)
	}
	p.kill(t)
	p = s.start(t)
	post(1)
	post(1)
	require.Eventually(t, func() bool { return len(ids(t, s.s3)) == want }, patience, 20*time.Millisecond)
	for id, n := range ids(t, s.s3) {
		require.Equal(t, 1, n, id)
	}
	for _, o := range s.s3.Objects("in/") {
		partition := strings.Split(o.Key, "/")[1]
		for line := range strings.Lines(string(o.Body)) {
			require.Contains(t, line, fmt.Sprintf(`"p":%q`, partition), o.Key)
		}
	}
}
