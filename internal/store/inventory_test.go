package store

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// Some stores and proxies send all of an object to those who ask for a part.
func TestAStoreWithoutRangesIsRead(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Op: "GetObject", Do: func(x *s3test.Exchange) {
		x.W.Header().Set("ETag", `"e"`)
		_, _ = io.WriteString(x.W, "0123456789")
	}})
	s := newStore(t, server, nil)
	for want, at := range map[string][2]int64{"012": {0, 3}, "56": {5, 2}, "9": {9, 5}, "": {20, 5}} {
		part, err := s.Range(t.Context(), "k", at[0], at[1])
		require.NoError(t, err)
		assert.Equal(t, want, string(part))
	}
	assert.Len(t, server.Requests("GetObject"), 4)
	server.Faults.Clear()
	server.Faults.Add(s3test.Rule{Op: "GetObject", Do: s3test.Fail(http.StatusForbidden, "AccessDenied", "no")})
	_, err := s.Range(t.Context(), "k", 0, 1)
	assert.Equal(t, ClassDenied, ClassOf(err))
}
