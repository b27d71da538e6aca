package store

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestWhichObjectsGoInParts: those above the threshold, and those that are asked
// for in parts whatever their size.
func TestWhichObjectsGoInParts(t *testing.T) {
	s := newStore(t, s3test.StartT(t, s3test.Config{}), func(c *Config) { c.MultipartThreshold, c.PartSize = 7<<20, 6<<20 })
	for _, c := range []struct {
		size    int64
		inParts bool
		want    plan
	}{
		{0, false, plan{}},
		{7 << 20, false, plan{}},
		{7<<20 + 1, false, plan{parts: true, size: 6 << 20}},
		{0, true, plan{parts: true, size: 6 << 20}},
	} {
		assert.Equal(t, c.want, s.plan(c.size, c.inParts), "%+v", c)
		if !c.inParts {
			assert.Equal(t, c.want.parts, s.InParts(c.size))
		}
	}
}

// TestPartsOfAnObject counts requests: none is empty unless the object is.
func TestPartsOfAnObject(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, smallParts)
	for size, parts := range map[int][]int64{
		0:              {0},
		1:              {1},
		littlePart:     {littlePart},
		littlePart + 1: {littlePart, 1},
	} {
		before := len(server.Requests("UploadPart"))
		content := randomBytes(size)
		r, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf(content), InParts: true})
		require.NoError(t, err)
		assert.True(t, r.Multipart)
		assert.Equal(t, 2+len(parts), r.Attempts)
		requireStored(t, server, "k", content)
		var sent []int64
		for _, p := range server.Requests("UploadPart")[before:] {
			sent = append(sent, p.ContentLength)
		}
		assert.ElementsMatch(t, parts, sent)
	}
}

func TestASingleRequestIsNoMultipartUpload(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	r, err := put(t.Context(), newStore(t, server, nil), "k", []byte("x"))
	require.NoError(t, err)
	stored, _ := server.Object("k")
	assert.NotEmpty(t, stored.Body)
	assert.NotEmpty(t, r.ETag)
	r.ETag = ""
	assert.Equal(t, Result{Attempts: 1}, r)
}

func TestAChecksumWithoutAValueIsComputed(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { c.Checksum = ChecksumCRC32C })
	_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("123456789")), Sum: Sum{Algorithm: ChecksumCRC32C}})
	require.NoError(t, err)
	assert.Equal(t, "4waSgw==", server.Requests("PutObject")[0].Header.Get("X-Amz-Checksum-Crc32c"))
}

// TestARefusalOfAnEmptyRequestIsNoLimit: a gateway that calls a request without
// a body too large says nothing about the others.
func TestARefusalOfAnEmptyRequestIsNoLimit(t *testing.T) {
	s := behind(t, page(413, "<html>"), func(c *Config) { c.MultipartThreshold = 100 << 20 })
	_, err := s.Put(t.Context(), Object{Key: "k"})
	require.ErrorIs(t, err, errTooLarge)
	assert.Equal(t, int64(100<<20), s.threshold())
	_, err = s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("x"))})
	require.ErrorIs(t, err, errTooLarge)
	assert.Equal(t, int64(minPartSize), s.threshold())
}

// TestAttemptsOfBothPlansCount: the request that was too large, and the parts.
func TestAttemptsOfBothPlansCount(t *testing.T) {
	p := &partwise{answers: []string{"done"}, counts: map[string]int{}}
	s := offline(t, func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPut && !r.URL.Query().Has("partNumber") {
			resp := reply(r, 413, "")
			resp.Header.Del("X-Amz-Request-Id")
			return resp, nil
		}
		return p.Do(r)
	}, fastRetry())
	s.cfg.PartSize = minPartSize
	r, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf(make([]byte, minPartSize+1))})
	require.NoError(t, err)
	assert.True(t, r.Multipart)
	assert.Equal(t, 1+1+2+1, r.Attempts)
}
