package live

import (
	"net/http"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// registered is a manager of Benthos, as far as it is used.
type registered map[string]http.HandlerFunc

func (r registered) RegisterEndpoint(path, _ string, h http.HandlerFunc) { r[path] = h }

type unwrapper struct{ inside any }

func (u unwrapper) Unwrap() any { return u.inside }

func TestPageAndDocumentAreRegistered(t *testing.T) {
	at := registered{}
	require.NoError(t, Register(unwrapper{at}))
	assert.Len(t, at, 2)
	assert.Contains(t, at, "/s3_destination")
	assert.Contains(t, at, "/s3_destination.json")
	assert.NoError(t, Register(service.MockResources().XUnwrapper()), "Benthos is as it was")
}

func TestAnotherBenthosIsNoReasonToPanic(t *testing.T) {
	for _, other := range []any{1, unwrapper{nil}, unwrapper{1}, &http.Client{}} {
		assert.ErrorContains(t, Register(other), "adding /s3_destination")
	}
}
