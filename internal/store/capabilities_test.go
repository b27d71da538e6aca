package store

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestNothingIsKnownBeforeItIsShown(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, smallParts)
	assert.Equal(t, Capabilities{}, s.Capabilities())
	_, err := put(t.Context(), s, "k", []byte("x"))
	require.NoError(t, err)
	_, err = put(t.Context(), s, "large", randomBytes(2*littlePart))
	require.NoError(t, err)
	assert.Equal(t, Unknown, s.Conditional(1), "a write that succeeds shows nothing about its condition")
	assert.Equal(t, Unknown, s.Conditional(2*littlePart))
}

// The two kinds of conditional writes say nothing about each other.
func TestARefusalShowsThatConditionsAreHonoured(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, smallParts)
	const small, large = int64(1), int64(2 * littlePart)
	_, err := put(t.Context(), s, "k", []byte("x"))
	require.NoError(t, err)
	_, err = put(t.Context(), s, "k", []byte("x"))
	require.ErrorIs(t, err, ErrExists)
	assert.Equal(t, Shown, s.Conditional(small))
	assert.Equal(t, Unknown, s.Conditional(large))
	_, err = put(t.Context(), s, "k", make([]byte, large))
	require.ErrorIs(t, err, ErrExists)
	assert.Equal(t, Shown, s.Conditional(large))
}

func TestAStoreThatDoesNotKnowConditions(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{
		Match: func(r s3test.Request) bool { return r.Header.Get("If-None-Match") != "" },
		Do:    s3test.FailAfterBody(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented"),
	})
	s := newStore(t, server, smallParts)
	for _, size := range []int{1, 2 * littlePart} {
		_, err := put(t.Context(), s, "k", make([]byte, size))
		require.ErrorIs(t, err, ErrNotImplemented)
		assert.Equal(t, Refuted, s.Conditional(int64(size)))
	}
}

// 501 to an unconditional write is about something else.
func TestWhatIsNotImplementedMayBeAnythingElse(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Add(s3test.Rule{Do: s3test.FailAfterBody(http.StatusNotImplemented, "NotImplemented", "")})
	s := newStore(t, server, nil)
	_, err := s.Put(t.Context(), Object{Key: "k"})
	require.ErrorIs(t, err, ErrNotImplemented)
	assert.Equal(t, Unknown, s.Conditional(0))
}

func TestRightsAreLearntFromAnswers(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	list := func() error { _, err := s.List(t.Context(), "", "", 1); return err }
	head := func() error { _, err := s.Head(t.Context(), "k"); return err }
	remove := func() error { return s.Delete(t.Context(), "k") }
	abort := func() error { return s.MayAbort(t.Context(), "k") }
	for _, c := range []struct {
		ability Ability
		op      string
		try     func() error
	}{
		{List, "ListObjectsV2", list}, {Head, "HeadObject", head}, {Delete, "DeleteObject", remove}, {Abort, "AbortMultipartUpload", abort},
	} {
		_ = c.try() // there is nothing under the key, which is an answer as well
		assert.Equal(t, Shown, s.Capabilities()[c.ability], c.op)
		server.Faults.Deny(c.op)
		require.Equal(t, ClassDenied, ClassOf(c.try()), c.op)
		assert.Equal(t, Refuted, s.Capabilities()[c.ability], c.op)
		server.Faults.Clear()
		server.Faults.Add(s3test.Rule{Op: c.op, Do: s3test.FailAfterBody(http.StatusInternalServerError, "InternalError", "")})
		require.Error(t, c.try(), c.op)
		assert.Equal(t, Refuted, s.Capabilities()[c.ability], "%s: a failure tells nothing", c.op)
		server.Faults.Clear()
		_ = c.try()
		assert.Equal(t, Shown, s.Capabilities()[c.ability], "%s: rights come back", c.op)
	}
}

func TestWhatTheConfigurationSaysAboutConditions(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	for conditions, want := range map[Conditions]Known{ProveConditions: Unknown, AssumeConditions: Shown, NeverConditions: Refuted} {
		s := newStore(t, server, func(c *Config) { smallParts(c); c.Conditions = conditions })
		assert.Equal(t, want, s.Conditional(1))
		assert.Equal(t, want, s.Conditional(2*littlePart))
	}
}

func TestNoConditionIsSentWhereThereMustBeNone(t *testing.T) {
	t.Parallel()
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, func(c *Config) { smallParts(c); c.Conditions = NeverConditions })
	for range 2 {
		for key, size := range map[string]int{"small": 1, "large": 2 * littlePart} {
			_, err := put(t.Context(), s, key, make([]byte, size))
			require.NoError(t, err)
		}
	}
	for _, r := range server.Requests("") {
		assert.Empty(t, r.Header.Get("If-None-Match"), r.Op)
	}
}

func TestWhatAProberFindsOut(t *testing.T) {
	s := newStore(t, s3test.StartT(t, s3test.Config{}), nil)
	s.Learn(ConditionalComplete, Refuted)
	assert.Equal(t, "refuted", s.Capabilities()[ConditionalComplete].String())
	assert.Equal(t, "unknown", s.Capabilities()[ConditionalPut].String())
	s.Learn(ConditionalPut, Shown)
	assert.Equal(t, "shown", s.Capabilities()[ConditionalPut].String())
}
