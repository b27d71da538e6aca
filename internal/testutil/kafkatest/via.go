package kafkatest

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"time"
)

// Config adjusts a cluster. The zero value is what [Start] and [StartApache]
// run.
type Config struct {
	// Version is that of Apache Kafka; empty means [DefaultVersion].
	Version string
	// Session is how long a member of a group to which the brokers assign
	// partitions may be silent; zero leaves it to the broker. Of other groups each
	// member says so itself.
	Session time.Duration
	// Via returns the address at which clients reach the broker that listens
	// at address, such as that of a proxy. They are told no other one. The
	// methods of the cluster itself go directly. Nil means there is no detour.
	Via func(address string) (told string, err error)
	// Guard is a second listener of a real broker, for clients that authenticate.
	// The methods of the cluster use the first one.
	Guard *Guard
}

// sessions are the settings of a broker for Session.
func (cfg Config) sessions() map[string]string {
	if cfg.Session == 0 {
		return nil
	}
	session, beat := fmt.Sprint(cfg.Session.Milliseconds()), fmt.Sprint(cfg.Session.Milliseconds()/5)
	return map[string]string{
		"group.consumer.session.timeout.ms":    session,
		"group.consumer.heartbeat.interval.ms": beat,
	}
}

// advertise notes where the broker listens, and returns what clients are told.
func (c *Cluster) advertise(address string) (string, error) {
	c.direct = address
	if c.cfg.Via == nil {
		return address, nil
	}
	told, err := c.cfg.Via(address)
	if err != nil {
		return "", fmt.Errorf("finding a way to the broker: %w", err)
	}
	return told, nil
}

// dial connects the client of the cluster, whatever address the broker told it.
func (c *Cluster) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, c.direct)
}

// listen opens the port of a fake broker, under the name that clients are told.
func (c *Cluster) listen(network, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), network, address)
	if err != nil {
		return nil, fmt.Errorf("opening the port of the broker: %w", err)
	}
	told, err := c.advertise(l.Addr().String())
	if err == nil {
		var addr *net.TCPAddr
		if addr, err = net.ResolveTCPAddr("tcp", told); err == nil {
			return &renamed{l, addr}, nil
		}
	}
	_ = l.Close()
	return nil, err
}

// renamed is a listener that seems to be somewhere else.
type renamed struct {
	net.Listener

	addr net.Addr
}

func (r *renamed) Addr() net.Addr { return r.addr }

// ClientID tells from the first request on a connection which client it comes
// from, without reading it. Every Kafka client sends its id with each request.
// It fits nettest.Config.Name.
func ClientID(r *bufio.Reader) (string, error) {
	// Size, key, version and correlation id come before the length of the id.
	const fixed = 4 + 2 + 2 + 4
	head, err := r.Peek(fixed + 2)
	if err != nil {
		return "", err //nolint:wrapcheck // as bufio does
	}
	n := int(int16(binary.BigEndian.Uint16(head[fixed:])))
	if n <= 0 {
		return "", nil
	}
	if head, err = r.Peek(fixed + 2 + n); err != nil {
		return "", err //nolint:wrapcheck // as bufio does
	}
	return string(head[fixed+2:]), nil
}
