package nettest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/testutil/nettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers each line with the same one, and notes what it got.
func echo(t *testing.T) (address string, heard chan string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	heard = make(chan string, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				lines := bufio.NewReader(conn)
				for {
					line, err := lines.ReadString('\n')
					if err != nil {
						return
					}
					heard <- strings.TrimSpace(line)
					_, _ = io.WriteString(conn, line)
				}
			}()
		}
	}()
	return l.Addr().String(), heard
}

// word is the first word of the first line.
func word(r *bufio.Reader) (string, error) {
	for n := 1; ; n++ {
		b, err := r.Peek(n)
		if err != nil {
			return "", err
		}
		if i := strings.IndexAny(string(b), " \n"); i >= 0 {
			return string(b[:i]), nil
		}
	}
}

func begin(t *testing.T) (*nettest.Proxy, chan string) {
	t.Helper()
	address, heard := echo(t)
	p, err := nettest.Start(nettest.Config{Target: address, Name: word})
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p, heard
}

type caller struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func call(t *testing.T, p *nettest.Proxy) *caller {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.Addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &caller{t, conn, bufio.NewReader(conn)}
}

func (c *caller) say(line string) {
	c.t.Helper()
	_, err := io.WriteString(c.conn, line+"\n")
	require.NoError(c.t, err)
}

// hear waits for a line, and returns "silence" where none comes.
func (c *caller) hear(limit time.Duration) string {
	require.NoError(c.t, c.conn.SetReadDeadline(time.Now().Add(limit)))
	line, err := c.r.ReadString('\n')
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "silence"
	}
	if err != nil {
		return "end"
	}
	return strings.TrimSpace(line)
}

const (
	soon  = 5 * time.Second
	quiet = 100 * time.Millisecond
)

func TestLostLinkHoldsWhatIsUnderWay(t *testing.T) {
	p, heard := begin(t)
	c := call(t, p)
	c.say("a one")
	assert.Equal(t, "a one", c.hear(soon))
	p.Set("a", nettest.Lost)
	c.say("a two")
	assert.Equal(t, "silence", c.hear(quiet))
	assert.Len(t, heard, 1, "nothing arrived")
	p.Set("a", nettest.Open)
	assert.Equal(t, "a two", c.hear(soon), "it arrives late")
}

func TestMuteLinkCarriesRequestsOnly(t *testing.T) {
	p, heard := begin(t)
	c := call(t, p)
	p.Set("a", nettest.Mute)
	c.say("a one")
	assert.Equal(t, "a one", <-heard)
	assert.Equal(t, "silence", c.hear(quiet))
	p.Set("a", nettest.Open)
	assert.Equal(t, "a one", c.hear(soon))
}

func TestRefusedLinkResets(t *testing.T) {
	p, _ := begin(t)
	c := call(t, p)
	c.say("a one")
	assert.Equal(t, "a one", c.hear(soon))
	assert.Equal(t, 1, p.Connections("a"))
	p.Set("a", nettest.Refused)
	assert.Equal(t, "end", c.hear(soon))
	later := call(t, p)
	later.say("a two")
	assert.Equal(t, "end", later.hear(soon))
	require.Eventually(t, func() bool { return p.Connections("a") == 0 }, soon, time.Millisecond)
}

func TestLinksAreCutOneByOne(t *testing.T) {
	p, _ := begin(t)
	a, b := call(t, p), call(t, p)
	p.Set("a", nettest.Lost)
	a.say("a one")
	b.say("b one")
	assert.Equal(t, "b one", b.hear(soon))
	assert.Equal(t, "silence", a.hear(quiet))
	p.SetAll(nettest.Lost)
	b.say("b two")
	assert.Equal(t, "silence", b.hear(quiet))
	p.SetAll(nettest.Open)
	assert.Equal(t, "a one", a.hear(soon))
	assert.Equal(t, "b two", b.hear(soon))
}

// TestGoodbyeOfALostLinkArrivesAfterWhatWasSaid is what makes a request of a
// process that is long gone arrive after the partition.
func TestGoodbyeOfALostLinkArrivesAfterWhatWasSaid(t *testing.T) {
	p, heard := begin(t)
	c := call(t, p)
	c.say("a one")
	assert.Equal(t, "a one", c.hear(soon))
	assert.Equal(t, "a one", <-heard)
	p.Set("a", nettest.Lost)
	c.say("a two")
	require.NoError(t, c.conn.Close())
	time.Sleep(quiet)
	assert.Empty(t, heard)
	p.Set("a", nettest.Open)
	select {
	case line := <-heard:
		assert.Equal(t, "a two", line)
	case <-time.After(soon):
		t.Error("it never arrived")
	}
}

func TestCloseEndsWhatWaits(t *testing.T) {
	p, _ := begin(t)
	p.SetAll(nettest.Lost)
	silent, speaking := call(t, p), call(t, p)
	speaking.say("a one")
	assert.Equal(t, "silence", speaking.hear(quiet))
	p.Close()
	assert.Equal(t, "end", speaking.hear(soon))
	assert.Equal(t, "end", silent.hear(soon))
	p.Close()
}
