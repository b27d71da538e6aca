package store

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestListIsOneSmallRequest(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	for i := range 9 {
		_, err := put(t.Context(), s, fmt.Sprintf("p/%d", i), nil)
		require.NoError(t, err)
	}
	keys, err := s.List(t.Context(), "p/", "p/2", 3)
	require.NoError(t, err)
	assert.Equal(t, []string{"p/3", "p/4", "p/5"}, keys)
	keys, err = s.List(t.Context(), "p/", "", 5000)
	require.NoError(t, err)
	assert.Len(t, keys, 9)
	keys, err = s.List(t.Context(), "nothing/", "", 0)
	require.NoError(t, err)
	assert.Empty(t, keys)
	var sizes []string
	for _, r := range server.Requests("ListObjectsV2") {
		sizes = append(sizes, r.Query.Get("max-keys"))
	}
	assert.Equal(t, []string{"3", "1000", "1"}, sizes, "one request each, and never more keys than asked for")
}

// Others may have written keys that XML cannot hold: a listing of our own keys
// must not fail because of them.
func TestListReadsEveryKey(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	want := []string{"p/\x01", "p/ a+b", "p/%2F", "p/é&<>"}
	for _, key := range want {
		_, err := put(t.Context(), s, key, nil)
		require.NoError(t, err)
	}
	keys, err := s.List(t.Context(), "p/", "", 10)
	require.NoError(t, err)
	assert.Equal(t, want, keys)
}

// Some stores know no encoding-type and answer with plain keys; others say that
// they encode, and one key cannot be decoded.
func TestListTakesKeysAsTheStoreSaysTheyAre(t *testing.T) {
	for encoding, want := range map[string][]string{
		"":                                 {"p/a%20b+c", "p/%zz"},
		"<EncodingType>url</EncodingType>": {"p/a b c"},
	} {
		server := s3test.StartT(t, s3test.Config{})
		server.Faults.Add(s3test.Rule{Op: "ListObjectsV2", Do: func(x *s3test.Exchange) {
			x.W.Header().Set("Content-Type", "application/xml")
			x.W.WriteHeader(http.StatusOK)
			_, _ = io.Copy(x.W, strings.NewReader(`<ListBucketResult>`+encoding+`<IsTruncated>false</IsTruncated>`+
				`<Contents><Key>p/a%20b+c</Key></Contents><Contents><Key>p/%zz</Key></Contents></ListBucketResult>`))
		}})
		keys, err := newStore(t, server, nil).List(t.Context(), "p/", "", 10)
		require.NoError(t, err)
		assert.Equal(t, want, keys)
	}
}
