package store

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestMetadataIsCountedAsItIsSent(t *testing.T) {
	assert.Zero(t, MetadataSize(nil))
	assert.Equal(t, len("x-amz-meta-k")+len("v"), MetadataSize(map[string]string{"k": "v"}))
	assert.Equal(t, len("x-amz-meta-k")+len("=?utf-8?q?=C3=BC?="), MetadataSize(map[string]string{"k": "ü"}))
}

// TestMetadataThatLeavesNoRoomIsAnError: what is configured must leave room for
// what the output adds to each object.
func TestMetadataThatLeavesNoRoomIsAnError(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	most := MaxMetadata - ownMetadata - leastDescription - len("x-amz-meta-k")
	cfg := newStore(t, server, func(c *Config) { c.Metadata = map[string]string{"k": strings.Repeat("v", most)} }).cfg
	assert.Equal(t, leastDescription, MetadataRoom(cfg.Metadata))
	cfg.Metadata = map[string]string{"k": strings.Repeat("v", most+1)}
	assert.ErrorContains(t, cfg.Validate(), "metadata: it has 1793 bytes")
	cfg.Metadata = map[string]string{"k": strings.Repeat("ü", most/5)}
	assert.Error(t, cfg.Validate(), "encoded it is larger than it looks")
}

func TestMetadataThatS3WouldRefuseIsNotSent(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	o := Object{Key: "k", Body: &Body{}, Identity: "i", Metadata: map[string]string{"k": ""}}
	room := MaxMetadata - MetadataSize(s.metadata(o))
	o.Metadata["k"] = strings.Repeat("v", room)
	require.NoError(t, s.validateObject(o), "gofakes3 counts in thousands, and other headers as well")
	o.Metadata["k"] += "v"
	_, err := s.Put(t.Context(), o)
	require.ErrorContains(t, err, "2049 bytes")
	assert.True(t, Refused(err))
	assert.Zero(t, server.Count("PutObject"))
}

func TestARefusalConcernsOneObject(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	for _, c := range []struct {
		status int
		code   string
		want   bool
	}{
		{http.StatusBadRequest, "MetadataTooLarge", true},
		{http.StatusBadRequest, "KeyTooLongError", true},
		{http.StatusForbidden, "AccessDenied", false}, // perhaps all objects are denied
		{http.StatusServiceUnavailable, "SlowDown", false},
	} {
		server.Faults.Clear()
		server.Faults.Add(s3test.Rule{Do: s3test.FailAfterBody(c.status, c.code, "")})
		_, err := put(t.Context(), s, "k", []byte("x"))
		require.Error(t, err)
		assert.Equal(t, c.want, Refused(err), c.code)
		assert.True(t, Refused(fmt.Errorf("%w: %w", ErrRefused, err)), "whoever knows better says so")
		assert.Equal(t, ClassOf(err), ClassOf(fmt.Errorf("%w: %w", ErrRefused, err)), "the class stays")
	}
	assert.False(t, Refused(nil))
	assert.False(t, Refused(errors.New("an error of somebody else")))
}
