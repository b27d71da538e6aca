package httpinput

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counted is how many connections a server has on which nothing has come.
func counted(s *server) int {
	s.clients.mu.Lock()
	defer s.clients.mu.Unlock()
	return len(s.clients.silent)
}

// Connections on which nothing comes do not hold up a stop, and there are not more of
// them than are allowed.
func TestConnectionsOfWhichNothingComes(t *testing.T) {
	in, address := listens(t, "max_requests: 1")
	s := in.server
	var all []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer c.Close()
		all = append(all, c)
	}
	_, err := all[2].Read(make([]byte, 1))
	require.Error(t, err, "the third is one too many")
	require.Equal(t, 2, counted(s))
	s.clients.stop()
	for _, c := range all[:2] {
		_, err = c.Read(make([]byte, 1))
		require.Error(t, err, "nobody waits for it")
	}
	late, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer late.Close()
	_, err = late.Read(make([]byte, 1))
	require.Error(t, err, "it is closed at once")
	require.NoError(t, in.Close(t.Context()))
}

// A stop ends connections before it waits for the others.
func TestCloseEndsSilentConnections(t *testing.T) {
	in, address := listens(t, "")
	s := in.server
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer c.Close()
	require.Eventually(t, func() bool { return counted(s) == 1 }, time.Minute, time.Millisecond)
	ctx, end := context.WithCancel(t.Context())
	end() // nothing is waited for
	require.NoError(t, in.Close(ctx))
	assert.True(t, s.clients.stopping)
}

// A client that has gone sends again: what it has left is not stored, unless it is taken.
func TestClientsThatHaveGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := takes(t, "timeout: 1h")
		ctx, goes := context.WithCancel(t.Context())
		answered := sends(in, request(t, []byte("{}")).WithContext(ctx))
		synctest.Wait()
		goes()
		w := <-answered
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Contains(t, w.Body.String(), "the connection was closed before")
		nothingHeld(t, in)

		ctx, goes = context.WithCancel(t.Context())
		answered = sends(in, request(t, []byte("[1]")).WithContext(ctx))
		texts, _, ack := read(t.Context(), t, in)
		assert.Equal(t, []string{"1"}, texts, "and not what was left")
		goes()
		synctest.Wait()
		assert.NotZero(t, in.limits.held.Load(), "it is in memory until it is stored")
		ack(nil)
		assert.Equal(t, http.StatusOK, (<-answered).Code)
		nothingHeld(t, in)
	})
}

// deadlines is an answer that notes until when its request may come.
type deadlines struct {
	*httptest.ResponseRecorder

	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

// read_timeout is for a request, and not for the answer: the client would count as gone.
func TestReadTimeoutEndsWithTheBody(t *testing.T) {
	in := takes(t, "")
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		in.ServeHTTP(w, request(t, []byte("{}")))
	}()
	_, _, ack := read(t.Context(), t, in)
	ack(nil)
	<-answered
	assert.Equal(t, []time.Time{{}}, w.set)
}
