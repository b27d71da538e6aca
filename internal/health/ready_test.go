package health

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAskReady(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte("output not connected\n"))
	}))
	client := server.Client()
	require.NoError(t, AskReady(t.Context(), client, server.URL+"/ready"))
	status = http.StatusServiceUnavailable
	require.ErrorContains(t, AskReady(t.Context(), client, server.URL+"/ready"), "503 Service Unavailable: output not connected")
	url := server.URL
	server.Close()
	require.ErrorContains(t, AskReady(t.Context(), client, url), "asking whether the process is ready")
	assert.Error(t, AskReady(t.Context(), client, "::"))
}
