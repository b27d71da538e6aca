package store

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestObjectsAtTheLimitsOfS3: the limits themselves are allowed.
func TestObjectsAtTheLimitsOfS3(t *testing.T) {
	s := newStore(t, s3test.StartT(t, s3test.Config{}), nil)
	for what, c := range map[string]struct {
		o    Object
		want string
	}{
		"longest key":   {Object{Key: strings.Repeat("k", maxKeyBytes), Body: &Body{}}, ""},
		"longer key":    {Object{Key: strings.Repeat("k", maxKeyBytes+1), Body: &Body{}}, "the key has 1025 bytes, the limit is 1024"},
		"no key":        {Object{Body: &Body{}}, "the key is empty"},
		"no text":       {Object{Key: "\xff", Body: &Body{}}, "not valid UTF-8"},
		"largest body":  {Object{Key: "k", Body: &Body{size: maxObjectSize}}, ""},
		"larger body":   {Object{Key: "k", Body: &Body{size: maxObjectSize + 1}}, "more than S3 can hold"},
		"reserved name": {Object{Key: "k", Body: &Body{}, Metadata: map[string]string{"S3D-Identity": "x"}}, "is reserved"},
	} {
		if err := s.validateObject(c.o); c.want == "" {
			require.NoError(t, err, what)
		} else {
			require.ErrorContains(t, err, c.want, what)
		}
	}
}

// TestDoubtIsLeftWhereItIsDue: a taken key and a damaged object are certain,
// whatever happened before.
func TestDoubtIsLeftWhereItIsDue(t *testing.T) {
	for _, c := range []struct {
		err  *Error
		want bool
	}{
		{&Error{Class: ClassNetwork}, true},
		{&Error{Class: ClassExists}, false},
		{&Error{Class: ClassInvalid, is: errDamaged}, false},
	} {
		assert.False(t, unknown(c.err))
		doubt(c.err)
		assert.Equal(t, c.want, unknown(c.err), "%+v", c.err)
		assert.Same(t, error(c.err), certain(c.err))
		assert.False(t, unknown(c.err))
	}
	plain := errors.New("plain")
	doubt(plain)
	assert.False(t, unknown(plain))
	assert.Equal(t, plain, certain(plain))
}

// TestWhoseObjectIsUnderATakenKey after an answer was lost: it is looked at only
// where that can tell, and every difference counts.
func TestWhoseObjectIsUnderATakenKey(t *testing.T) {
	for what, c := range map[string]struct {
		identity  string
		headers   []string
		status    int
		looks     int
		recovered bool
		doubt     bool
		vacant    bool
	}{
		"ours":                   {"id", []string{"X-Amz-Meta-S3d-Identity", "id", "Content-Length", "4"}, 200, 1, true, false, false},
		"ours, without a length": {"id", []string{"X-Amz-Meta-S3d-Identity", "id"}, 200, 1, true, false, false},
		"ours, cut":              {"id", []string{"X-Amz-Meta-S3d-Identity", "id", "Content-Length", "3"}, 200, 1, false, false, false},
		"somebody else's":        {"id", []string{"X-Amz-Meta-S3d-Identity", "other", "Content-Length", "4"}, 200, 1, false, false, false},
		"nobody's":               {"id", []string{"Content-Length", "4"}, 200, 1, false, false, false},
		"not to be read":         {"id", nil, 403, 1, false, true, false},
		"nothing there":          {"id", nil, 404, 1, false, true, true},
		"not to be recognised":   {"", []string{"Content-Length", "4"}, 200, 0, false, true, false},
	} {
		looks, puts := 0, 0
		s := offline(t, func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodHead {
				looks++
				resp := reply(r, c.status, "", c.headers...)
				return resp, nil
			}
			_, _ = io.Copy(io.Discard, r.Body)
			if puts++; puts == 1 {
				return nil, io.ErrUnexpectedEOF
			}
			return reply(r, 412, "PreconditionFailed"), nil
		}, fastRetry())
		r, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("four")), Identity: c.identity, IfNoneMatch: true})
		assert.Equal(t, c.recovered, r.Recovered, what)
		assert.Equal(t, 2, r.Attempts, what)
		assert.Equal(t, c.looks, looks, what)
		if c.recovered {
			require.NoError(t, err, what)
			continue
		}
		require.ErrorIs(t, err, ErrExists, what)
		assert.Equal(t, c.doubt, unknown(err), what)
		assert.Equal(t, c.vacant, IsVacant(err), what)
	}
}

// TestParametersThatAreNotSetAreNotSent, and those of an object replace the
// store's.
func TestParametersThatAreNotSetAreNotSent(t *testing.T) {
	s := newStore(t, s3test.StartT(t, s3test.Config{}), nil)
	plain := s.objectParams(Object{Key: "k"})
	assert.Nil(t, plain.contentType)
	assert.Nil(t, plain.contentEncoding)
	assert.Nil(t, plain.metadata)
	assert.Nil(t, plain.tagging)
	assert.Nil(t, plain.owner)
	s.cfg.ContentType, s.cfg.ContentEncoding = "text/plain", "br"
	s.cfg.Metadata = map[string]string{"a": "store", "b": "store"}
	of := s.objectParams(Object{Key: "k", Metadata: map[string]string{"a": "object"}})
	assert.Equal(t, "text/plain", *of.contentType)
	assert.Equal(t, "br", *of.contentEncoding)
	assert.Equal(t, map[string]string{"a": "object", "b": "store"}, of.metadata)
	own := s.objectParams(Object{Key: "k", ContentType: "text/csv", ContentEncoding: "gzip", Identity: "i"})
	assert.Equal(t, "text/csv", *own.contentType)
	assert.Equal(t, "gzip", *own.contentEncoding)
	assert.Equal(t, "i", own.metadata[IdentityKey])
}

// TestMetadataComesBackAsItWasGiven, and what is not encoded as it is.
func TestMetadataComesBackAsItWasGiven(t *testing.T) {
	assert.Equal(t, map[string]string{"city": "Zürich", "broken": "=?what?q?=C3?=", "plain": "x"}, userMetadata(map[string]string{
		"City": encodedValue("Zürich"), "Broken": "=?what?q?=C3?=", "plain": "x",
	}))
	assert.NotNil(t, userMetadata(nil))
}

func TestWordsAreJoinedAsInASentence(t *testing.T) {
	assert.Empty(t, inWords(nil))
	assert.Equal(t, "a", inWords([]string{"a"}))
	assert.Equal(t, "a and b", inWords([]string{"a", "b"}))
	assert.Equal(t, "a, b and c", inWords([]string{"a", "b", "c"}))
	assert.Equal(t, []string{"PutObject"}, WriteActions(false, false))
	assert.Equal(t, []string{"PutObject", "PutObjectTagging"}, WriteActions(false, true))
	assert.Equal(t, []string{"PutObject", "PutObjectAcl"}, WriteActions(true, false))
}

// TestAFailureTodayDoesNotSettleYesterday: an earlier Put may have stored the
// object, whatever becomes of this one.
func TestAFailureTodayDoesNotSettleYesterday(t *testing.T) {
	for _, earlier := range []bool{false, true} {
		s := offline(t, func(r *http.Request) (*http.Response, error) { return reply(r, 403, "AccessDenied"), nil }, fastRetry())
		_, err := s.Put(t.Context(), Object{Key: "k", MayExist: earlier})
		require.Equal(t, ClassDenied, ClassOf(err))
		assert.Equal(t, earlier, unknown(err))
	}
}
