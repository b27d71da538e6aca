package httpinput

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// configured reads a configuration, whose address no test listens at.
func configured(t *testing.T, yaml string) (*config, error) {
	t.Helper()
	parsed, err := Spec().ParseYAML("address: 127.0.0.1:0\n"+yaml, nil)
	require.NoError(t, err)
	return parse(parsed)
}

// takes makes an input that takes requests without listening.
func takes(t *testing.T, yaml string) *Input {
	t.Helper()
	conf, err := configured(t, yaml)
	require.NoError(t, err)
	in := newInput(conf, service.MockResources())
	in.limits.learn()
	in.server = &server{failed: make(chan error, 1), http: &http.Server{}, leave: func() {}}
	return in
}

// request makes one with a body and headers: name, value, name, value.
func request(t *testing.T, body []byte, headers ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/post?tenant=a&other=b", bytes.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// send has the input take a request.
func send(in *Input, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	in.ServeHTTP(w, r)
	return w
}

// sends is send in the background.
func sends(in *Input, r *http.Request) <-chan *httptest.ResponseRecorder {
	answered := make(chan *httptest.ResponseRecorder, 1)
	go func() { answered <- send(in, r) }()
	return answered
}

// read asks the input for a batch.
func read(ctx context.Context, t *testing.T, in *Input) (texts []string, batch service.MessageBatch, ack func(error)) {
	t.Helper()
	batch, done, err := in.ReadBatch(ctx)
	require.NoError(t, err)
	for _, m := range batch {
		text, err := m.AsBytes()
		require.NoError(t, err)
		texts = append(texts, string(text))
	}
	return texts, batch, func(err error) { require.NoError(t, done(ctx, err)) }
}

// nothingHeld checks that all that was counted is free again.
func nothingHeld(t *testing.T, in *Input) {
	t.Helper()
	require.Zero(t, in.limits.held.Load(), "bytes are counted that nobody holds")
	require.Zero(t, in.limits.waiting.Load(), "requests are counted that are answered")
}
