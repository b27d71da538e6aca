package store

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestGet(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	_, _, err := s.Get(t.Context(), "a", 10)
	require.ErrorIs(t, err, ErrNotFound)
	put, err := s.Put(t.Context(), Object{Key: "a", Body: BodyOf([]byte("{1234567}"))})
	require.NoError(t, err)
	content, etag, err := s.Get(t.Context(), "a", 9)
	require.NoError(t, err)
	assert.Equal(t, "{1234567}", string(content))
	assert.Equal(t, put.ETag, etag)
	_, _, err = s.Get(t.Context(), "a", 8)
	require.ErrorContains(t, err, "reading s3://landing/a: invalid: the object has more than 8 bytes")
	server.Faults.Deny("GetObject")
	_, _, err = s.Get(t.Context(), "a", 9)
	assert.ErrorContains(t, err, "allow s3:GetObject on arn:aws:s3:::landing/*")
}

func TestWritesOnConditionOfWhatTheyReplace(t *testing.T) {
	s := newStore(t, s3test.StartT(t, s3test.Config{}), nil)
	write := func(text, etag string) (string, error) {
		r, err := s.Put(t.Context(), Object{Key: "a", Body: BodyOf([]byte(text)), IfMatch: etag})
		return r.ETag, err
	}
	_, err := write("0", `"00000000000000000000000000000000"`)
	require.ErrorIs(t, err, ErrChanged, "it is not there")
	first, err := write("1", "")
	require.NoError(t, err)
	_, err = write("2", first)
	require.NoError(t, err)
	_, err = write("3", first)
	require.ErrorIs(t, err, ErrChanged)
	assert.Equal(t, ClassExists, ClassOf(err))
	assert.NotErrorIs(t, err, ErrExists, "no other key is to be taken")
	content, _, err := s.Get(t.Context(), "a", 9)
	require.NoError(t, err)
	assert.Equal(t, "2", string(content))
}
