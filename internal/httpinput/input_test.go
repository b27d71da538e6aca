package httpinput

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/certs"
)

// Requests that wait share a batch, up to its size.
func TestRequestsThatWaitShareABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "")
		var all []<-chan *httptest.ResponseRecorder
		for range 3 {
			all = append(all, sends(in, request(t, []byte(strings.Repeat("{}", 600)))))
		}
		synctest.Wait()
		began := time.Now()
		texts, _, first := read(t.Context(), t, in)
		assert.Len(t, texts, 1200, "a request is in one batch")
		texts, _, second := read(t.Context(), t, in)
		assert.Len(t, texts, 600)
		assert.Zero(t, time.Since(began), "none of them waits for another")
		assert.EqualValues(t, 2, in.underway.Load())
		first(nil)
		second(nil)
		assert.Zero(t, in.underway.Load())
		for _, answered := range all {
			assert.Equal(t, http.StatusOK, (<-answered).Code)
		}
		nothingHeld(t, in)
	})
}

// The fewer slots are left the longer a batch waits for more, so that they suffice.
func TestBatchesGrowWithThoseUnderWay(t *testing.T) {
	assert.Zero(t, linger(0, 1000))
	assert.Zero(t, linger(70, 1000))
	assert.Equal(t, 2*time.Millisecond, linger(100, 1000))
	assert.Equal(t, 50*time.Millisecond, linger(500, 1000))
	assert.Equal(t, longest, linger(1000, 1000))
	assert.Equal(t, longest, linger(3000, 1000))
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "")
		in.limits.slots.Store(1000) // which ReadBatch asks for again
		in.underway.Store(500)
		first := sends(in, request(t, []byte("{}")))
		synctest.Wait()
		go func() {
			time.Sleep(49 * time.Millisecond)
			assert.Equal(t, http.StatusOK, send(in, request(t, []byte("{}"))).Code)
		}()
		began := time.Now()
		texts, _, ack := read(t.Context(), t, in)
		assert.Len(t, texts, 2)
		assert.Equal(t, 50*time.Millisecond, time.Since(began))
		ack(nil)
		assert.Equal(t, http.StatusOK, (<-first).Code)
	})
}

// A pipeline that stops asks for nothing more, before the input is closed.
func TestRequestsAtTheEndOfThePipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "")
		ctx, stop := context.WithCancel(t.Context())
		taken := sends(in, request(t, []byte("{}")))
		_, _, ack := read(ctx, t, in)
		queues := sends(in, request(t, []byte("{}")))
		synctest.Wait()
		stop()
		assert.Equal(t, http.StatusServiceUnavailable, (<-queues).Code, "nobody takes it any more")
		w := send(in, request(t, []byte("{}")))
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "close", w.Header().Get("Connection"))
		assert.Contains(t, w.Body.String(), "the process stops: nothing of this request is stored")
		_, _, err := in.ReadBatch(ctx)
		require.ErrorIs(t, err, context.Canceled)
		ack(nil)
		w = <-taken
		assert.Equal(t, http.StatusOK, w.Code, "it is answered by its fate")
		assert.Equal(t, "close", w.Header().Get("Connection"))

		// Whoever asks again is given what comes.
		again := sends(in, request(t, []byte("{}")))
		synctest.Wait()
		assert.Equal(t, http.StatusServiceUnavailable, (<-again).Code)
		go func() {
			time.Sleep(time.Second)
			assert.Equal(t, http.StatusOK, send(in, request(t, []byte("{}"))).Code)
		}()
		_, _, ack = read(t.Context(), t, in)
		ack(nil)
		synctest.Wait()
		nothingHeld(t, in)
	})
}

// A batch that was gathered when the pipeline stopped is not handed over: nobody would
// acknowledge it.
func TestABatchIsNotHandedOverAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "")
		in.underway.Store(1000)
		answered := sends(in, request(t, []byte("{}")))
		synctest.Wait()
		ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		_, _, err := in.ReadBatch(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, http.StatusServiceUnavailable, (<-answered).Code)
		nothingHeld(t, in)
	})
}

// ending is a context that ends while a batch is gathered.
type ending struct{ context.Context }

func (ending) Done() <-chan struct{} { return nil }
func (ending) Err() error            { return context.Canceled }

func TestABatchIsNotHandedOverToWhoHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "")
		answered := sends(in, request(t, []byte("{}")))
		synctest.Wait()
		_, _, err := in.ReadBatch(ending{t.Context()})
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, http.StatusServiceUnavailable, (<-answered).Code)
		nothingHeld(t, in)
	})
}

// A request that is read while the pipeline stops is not left in the queue.
func TestARequestThatComesAsThePipelineStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "")
		in.paused.Store(true)
		assert.Equal(t, stopping, in.wait(t.Context(), &post{fate: make(chan error, 1)}))
	})
}

// What the pipeline has let fall is answered when the input is closed.
func TestCloseAnswersEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "")
		taken := sends(in, request(t, []byte("{}")))
		_, _, _ = read(t.Context(), t, in)
		waits := sends(in, request(t, []byte("{}")))
		synctest.Wait()
		require.NoError(t, in.Close(t.Context()))
		w := <-taken
		assert.Equal(t, http.StatusGatewayTimeout, w.Code, "nobody knows whether it will be stored")
		assert.Contains(t, w.Body.String(), "the process stops before it is known")
		assert.Equal(t, http.StatusServiceUnavailable, (<-waits).Code)
		_, _, err := in.ReadBatch(t.Context())
		assert.ErrorIs(t, err, service.ErrNotConnected)
	})
}

// echo acknowledges everything until the test ends.
func echo(t *testing.T, in *Input) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			_, ack, err := in.ReadBatch(ctx)
			if err != nil {
				return
			}
			_ = ack(ctx, nil)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		assert.NoError(t, in.Close(context.Background()))
	})
}

// listens makes an input that listens.
func listens(t *testing.T, yaml string) (in *Input, address string) {
	t.Helper()
	conf, err := configured(t, yaml)
	require.NoError(t, err)
	in = newInput(conf, service.MockResources())
	require.NoError(t, in.Connect(t.Context()))
	require.NoError(t, in.Connect(t.Context()), "it listens already")
	return in, in.server.address.String()
}

func TestItListens(t *testing.T) {
	in, address := listens(t, "read_timeout: 1s")
	echo(t, in)
	client := &http.Client{}
	t.Cleanup(client.CloseIdleConnections)
	for range 3 {
		res, err := client.Post("http://"+address+"/post", "", strings.NewReader("{}"))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusOK, res.StatusCode)
	}
	other := newInput(in.conf, service.MockResources())
	other.conf.address = address
	err := other.Connect(t.Context())
	assert.ErrorContains(t, err, "listening at "+address+", where another input of this process, the server of Benthos (http.address) or another process listens: write another port as address")
	assert.ErrorContains(t, err, "address already in use")
	other.conf.address = "127.0.0.1:99999"
	err = other.Connect(t.Context())
	assert.ErrorContains(t, err, "listening at 127.0.0.1:99999: ")
}

// A listener that fails is one that has to be made anew.
func TestItListensAgain(t *testing.T) {
	in, _ := listens(t, "")
	require.NoError(t, in.server.http.Close())
	_, _, err := in.ReadBatch(t.Context())
	require.ErrorIs(t, err, service.ErrNotConnected)
	require.NoError(t, in.Connect(t.Context()))
	echo(t, in)
	res, err := http.Post("http://"+in.server.address.String()+"/post", "", strings.NewReader("{}"))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	assert.Equal(t, http.StatusOK, res.StatusCode)
}

// With roots of clients only those with a certificate of them are served.
func TestCertificatesOfBothSides(t *testing.T) {
	ours, err := certs.New()
	require.NoError(t, err)
	theirs, err := certs.New()
	require.NoError(t, err)
	server, err := ours.Issue("localhost", time.Hour)
	require.NoError(t, err)
	client, err := theirs.Issue("client", time.Hour)
	require.NoError(t, err)
	dir := t.TempDir()
	files := map[string][]byte{"cert.pem": server.Cert, "key.pem": server.Key, "roots.pem": theirs.PEM}
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	yaml := strings.ReplaceAll("tls: {cert_file: DIR/cert.pem, key_file: DIR/key.pem, client_ca_file: DIR/roots.pem}", "DIR", dir)
	in, address := listens(t, yaml)
	echo(t, in)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ours.PEM))
	pair, err := tls.X509KeyPair(client.Cert, client.Key)
	require.NoError(t, err)
	for _, c := range []struct {
		certificates []tls.Certificate
		served       bool
	}{{nil, false}, {[]tls.Certificate{pair}, true}} {
		transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: c.certificates}}
		res, err := (&http.Client{Transport: transport}).Post("https://"+address+"/post", "", strings.NewReader("{}"))
		if !c.served {
			assert.Error(t, err)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusOK, res.StatusCode)
		assert.Equal(t, 2, res.ProtoMajor)
		transport.CloseIdleConnections()
	}
	_, err = configured(t, strings.Replace(yaml, "roots.pem", "key.pem", 1))
	assert.ErrorContains(t, err, "key.pem has no certificate: write a file in PEM")
	_, err = configured(t, strings.Replace(yaml, "roots.pem", "none.pem", 1))
	assert.ErrorContains(t, err, "tls.client_ca_file: reading the roots of clients")
}
