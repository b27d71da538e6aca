package httpinput

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/certs"
)

// beingSent waits until so many bodies are being read.
func beingSent(t *testing.T, in *Input, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		in.uploads.mu.Lock()
		defer in.uploads.mu.Unlock()
		return len(in.uploads.all) == n
	}, time.Minute, time.Millisecond)
}

// wire sends text to an address, and returns the connection.
func wire(t *testing.T, address, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute))) // nobody waits for ever
	_, err = io.WriteString(c, text)
	require.NoError(t, err)
	return c
}

const (
	halfOfLength = "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{\"a\":"
	halfInChunks = "POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"
)

// turnedAway checks an answer to a request of which nothing is stored.
func turnedAway(t *testing.T, res *http.Response) {
	t.Helper()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	assert.Equal(t, "1", res.Header.Get("Retry-After"))
	assert.Contains(t, string(text), "the process stops: nothing of this request is stored, send it again")
}

// Whoever still sends when the pipeline stops is told to send again, and holds up nothing:
// neither the end of the pipeline nor, where nothing was read yet, the end of the input.
func TestAStopAnswersWhoStillSends(t *testing.T) {
	stopsOf := map[string]func(t *testing.T, in *Input){
		"a stop": func(t *testing.T, in *Input) {
			t.Helper()
			ctx, stop := context.WithCancel(t.Context())
			stop()
			_, _, err := in.ReadBatch(ctx)
			require.ErrorIs(t, err, context.Canceled)
		},
		"the end": func(t *testing.T, in *Input) { t.Helper(); require.NoError(t, in.Close(t.Context())) },
	}
	for name, stops := range stopsOf {
		for _, sent := range []string{halfOfLength, halfInChunks} {
			t.Run(name, func(t *testing.T) {
				in, address := listens(t, "read_timeout: 1h\ntimeout: 1h")
				c := wire(t, address, sent)
				beingSent(t, in, 1)
				stops(t, in)
				res, err := http.ReadResponse(bufio.NewReader(c), nil)
				require.NoError(t, err)
				assert.True(t, res.Close, "the connection is not used again")
				turnedAway(t, res)
				require.NoError(t, in.Close(t.Context()))
				nothingHeld(t, in)
				assert.Empty(t, in.queue)
			})
		}
	}
}

// Who comes after the stop is answered before all of it has come.
func TestWhoBeginsToSendAfterAStop(t *testing.T) {
	in, address := listens(t, "read_timeout: 1h\ntimeout: 1h")
	in.pause()
	from := bufio.NewReader(wire(t, address, halfOfLength))
	res, err := http.ReadResponse(from, nil)
	require.NoError(t, err)
	turnedAway(t, res)
	_, err = from.ReadByte()
	require.ErrorIs(t, err, io.EOF, "nobody waits for the rest")
	require.NoError(t, in.Close(t.Context()))
}

// With HTTP/2 requests that are taken share the connection, and are answered as ever.
func TestAStopAnswersWhoStillSendsByHTTP2(t *testing.T) {
	ca, err := certs.New()
	require.NoError(t, err)
	server, err := ca.Issue("localhost", time.Hour)
	require.NoError(t, err)
	dir := t.TempDir()
	for name, text := range map[string][]byte{"cert.pem": server.Cert, "key.pem": server.Key} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	in, address := listens(t, strings.ReplaceAll("read_timeout: 1h\ntimeout: 1h\ntls: {cert_file: DIR/cert.pem, key_file: DIR/key.pem}", "DIR", dir))
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca.PEM))
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	post := func(body io.Reader) <-chan *http.Response {
		answered := make(chan *http.Response, 1)
		go func() {
			res, err := (&http.Client{Transport: transport, Timeout: time.Minute}).Post("https://"+address+"/post", "", body)
			if assert.NoError(t, err) {
				answered <- res
			}
			close(answered)
		}()
		return answered
	}
	whole := post(strings.NewReader("{}"))
	_, _, ack := read(t.Context(), t, in)
	reader, writer := io.Pipe()
	defer writer.Close()
	half := post(reader)
	_, err = io.WriteString(writer, "{")
	require.NoError(t, err)
	beingSent(t, in, 1)
	in.pause()
	res := <-half
	require.NotNil(t, res)
	assert.Equal(t, 2, res.ProtoMajor)
	turnedAway(t, res)
	ack(nil)
	res = <-whole
	require.NotNil(t, res)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusOK, res.StatusCode)
	require.NoError(t, in.Close(t.Context()))
	nothingHeld(t, in)
}

// atItsEnd is a body at whose end something happens.
type atItsEnd struct {
	io.Reader
	happens func()
}

func (a atItsEnd) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err == io.EOF {
		a.happens()
	}
	return n, err
}

// A request that is complete when it is cut off is told the same, and is not stored.
func TestAStopAtTheEndOfABody(t *testing.T) {
	in := takes(t, "")
	r := request(t, []byte("{}"))
	r.Body = io.NopCloser(atItsEnd{strings.NewReader("{}"), in.pause})
	turnedAway(t, send(in, r).Result())
	assert.Empty(t, in.queue)
	nothingHeld(t, in)
}

// A request that the stop has not seen sees the stop.
func TestAStopBeforeARequestIsNoted(t *testing.T) {
	in := takes(t, "")
	in.paused.Store(true)
	_, cut, err := in.take(httptest.NewRecorder(), request(t, []byte("{}")))
	require.NoError(t, err)
	assert.True(t, cut)
	assert.Empty(t, in.uploads.all)
}

// halves is a listener whose connections note that they were closed in one direction.
type halves struct {
	net.Listener
	closed chan struct{}
}

type half struct {
	net.Conn
	of *halves
}

func (h *halves) Accept() (net.Conn, error) {
	c, err := h.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &half{c, h}, nil
}

func (h *half) CloseWrite() error {
	h.of.closed <- struct{}{}
	return h.Conn.(*net.TCPConn).CloseWrite()
}

// The answer is not lost to whoever still sends.
func TestTheAnswerComesBeforeTheReset(t *testing.T) {
	in := takes(t, "")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h := &halves{listener, make(chan struct{}, 1)}
	server := &http.Server{Handler: in}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(h) }()
	c := wire(t, listener.Addr().String(), halfOfLength)
	beingSent(t, in, 1)
	in.pause()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	turnedAway(t, res)
	select {
	case <-h.closed:
	case <-time.After(time.Minute):
		t.Fatal("the connection was not closed in the direction of the client first")
	}
	require.NoError(t, server.Shutdown(t.Context()))
	<-ended
}

// Whenever the stop comes: what was answered with 200 was taken once, and nothing else was.
func TestNothingIsLostOrDoubledAtAStop(t *testing.T) {
	const clients = 200
	in, address := listens(t, "read_timeout: 1h\ntimeout: 1h")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	seen := map[string]int{}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for {
			batch, ack, err := in.ReadBatch(ctx)
			if err != nil {
				return
			}
			for _, m := range batch {
				text, _ := m.AsBytes()
				seen[string(text)]++
			}
			_ = ack(ctx, nil)
		}
	}()
	client := &http.Client{Transport: &http.Transport{}}
	var all sync.WaitGroup
	var answered atomic.Int64
	statuses := make([]int, clients)
	for i := range clients {
		all.Go(func() {
			reader, writer := io.Pipe()
			all.Go(func() {
				_, _ = io.WriteString(writer, "{\"id\":")
				_, _ = fmt.Fprintf(writer, "%d}", i)
				_ = writer.Close()
			})
			res, err := client.Post("http://"+address+"/post", "", reader)
			_ = reader.Close()
			if err == nil {
				statuses[i] = res.StatusCode
				_ = res.Body.Close()
			}
			if answered.Add(1) == clients/2 {
				stop()
			}
		})
	}
	all.Wait()
	<-read
	client.CloseIdleConnections()
	require.NoError(t, in.Close(t.Context()))
	for i, status := range statuses {
		want := 0
		if status == http.StatusOK {
			want = 1
		}
		assert.Equal(t, want, seen[fmt.Sprintf(`{"id":%d}`, i)], "answered with %d", status)
	}
	nothingHeld(t, in)
}
