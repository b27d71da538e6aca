package httpinput

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const withToken = "auth: {bearer_token: secret}\nread_timeout: 1h\ntimeout: 1h"

// refusedRequests are the heads of requests that are refused before their bodies come.
var refusedRequests = map[string]struct {
	head   string
	status int
}{
	"no token":       {"POST /post HTTP/1.1\r\nHost: a\r\n", http.StatusUnauthorized},
	"another path":   {"POST /nothing HTTP/1.1\r\nHost: a\r\n", http.StatusNotFound},
	"another method": {"PUT /post HTTP/1.1\r\nHost: a\r\n", http.StatusMethodNotAllowed},
}

// answers reads one answer, whole.
func answers(t *testing.T, from *bufio.Reader, status int) *http.Response {
	t.Helper()
	res, err := http.ReadResponse(from, nil)
	require.NoError(t, err)
	_, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, status, res.StatusCode)
	return res
}

// Whoever is refused and still sends is answered by a stop, which does not wait for the
// rest: a connection that the end of the input closes by force brings no answer.
func TestAStopAnswersWhoIsRefusedAndStillSends(t *testing.T) {
	for name, refused := range refusedRequests {
		for _, body := range []string{"Content-Length: 100\r\n\r\n{\"a\":", "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"} {
			t.Run(name, func(t *testing.T) {
				in, address := listens(t, withToken)
				from := bufio.NewReader(wire(t, address, refused.head+body))
				beingSent(t, in, 1)
				require.NoError(t, in.Close(t.Context()))
				assert.True(t, answers(t, from, refused.status).Close, "the connection is not used again")
				nothingHeld(t, in)
			})
		}
	}
}

// Who is refused after a stop is answered before all of it has come.
func TestWhoIsRefusedAfterAStop(t *testing.T) {
	in, address := listens(t, withToken)
	in.pause()
	from := bufio.NewReader(wire(t, address, refusedRequests["no token"].head+"Content-Length: 100\r\n\r\n{"))
	assert.True(t, answers(t, from, http.StatusUnauthorized).Close)
	_, err := from.ReadByte()
	require.ErrorIs(t, err, io.EOF, "nobody waits for the rest")
	require.NoError(t, in.Close(t.Context()))
}

// The connection of a refused request that is complete is used again.
func TestTheConnectionOfARefusedRequestIsKept(t *testing.T) {
	for name, refused := range refusedRequests {
		in, address := listens(t, withToken)
		c := wire(t, address, refused.head+"Content-Length: 2\r\n\r\n{")
		from := bufio.NewReader(c)
		for range 2 {
			beingSent(t, in, 1)
			_, err := io.WriteString(c, "}"+refused.head+"Content-Length: 2\r\n\r\n{")
			require.NoError(t, err, name)
			assert.False(t, answers(t, from, refused.status).Close, name)
		}
		require.NoError(t, c.Close())
		require.NoError(t, in.Close(t.Context()))
	}
}

// Where much is left, and where the client waits for leave to send, nothing of it is
// asked for, and nobody waits for it.
func TestMuchIsNotReadOfARefusedRequest(t *testing.T) {
	for name, rest := range map[string]string{
		"a long body":           "Content-Length: 1000000\r\n\r\n{",
		"leave to send":         "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n",
		"a long body in chunks": "Transfer-Encoding: chunked\r\n\r\n50000\r\n" + strings.Repeat(" ", 0x50000) + "\r\n",
	} {
		in, address := listens(t, withToken)
		from := bufio.NewReader(wire(t, address, refusedRequests["no token"].head+rest))
		assert.True(t, answers(t, from, http.StatusUnauthorized).Close, name)
		_, err := from.ReadByte()
		require.ErrorIs(t, err, io.EOF, name)
		require.NoError(t, in.Close(t.Context()))
	}
}
