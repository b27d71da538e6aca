package nettest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
)

// Mode says what becomes of the bytes of a link.
type Mode int

// Modes of a link.
const (
	// Open carries everything.
	Open Mode = iota
	// Lost carries nothing, in neither direction, and tells nobody. A new
	// connection seems to be made, and nobody is there.
	Lost
	// Mute carries requests and loses answers.
	Mute
	// Refused resets every connection, those that exist and new ones.
	Refused
)

// Config adjusts a proxy.
type Config struct {
	// Target is the address that connections go on to.
	Target string
	// Name tells from its first bytes to which link a connection belongs. It
	// only looks at them (Peek). Nil, and an error, mean the link "".
	Name func(*bufio.Reader) (string, error)
}

// Proxy is a listener whose connections go on to another address, over links
// that can be cut one by one. All its methods may be called at any time from
// any goroutine.
type Proxy struct {
	// Addr is where it listens.
	Addr string

	cfg      Config
	listener net.Listener
	wg       sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond
	all     Mode            // of links that have none of their own
	links   map[string]Mode // by name
	pairs   map[*pair]bool
	closed  bool
}

// pair is a connection on its two sides.
type pair struct {
	link           string
	client, server *net.TCPConn
}

// Start runs a proxy on a loopback port until its Close.
func Start(cfg Config) (*Proxy, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting a proxy of %s: %w", cfg.Target, err)
	}
	p := &Proxy{Addr: l.Addr().String(), cfg: cfg, listener: l, links: map[string]Mode{}, pairs: map[*pair]bool{}}
	p.changed = sync.NewCond(&p.mu)
	p.wg.Go(p.accept)
	return p, nil
}

// Set changes a link; connections of the same name share it.
func (p *Proxy) Set(link string, m Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links[link] = m
	p.apply()
}

// SetAll changes every link, also those that do not exist yet.
func (p *Proxy) SetAll(m Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = m
	clear(p.links)
	p.apply()
}

// apply wakes whoever waits and resets what is refused. The caller holds the
// lock.
func (p *Proxy) apply() {
	for c := range p.pairs {
		if p.mode(c.link) == Refused {
			c.reset()
		}
	}
	p.changed.Broadcast()
}

// mode is that of a link. The caller holds the lock.
func (p *Proxy) mode(link string) Mode {
	if m, ok := p.links[link]; ok {
		return m
	}
	return p.all
}

// Connections counts those of a link that are in place on both sides.
func (p *Proxy) Connections(link string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for c := range p.pairs {
		if c.link == link {
			n++
		}
	}
	return n
}

// Close resets every connection and waits until nothing of the proxy runs. It
// may be called twice.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	for c := range p.pairs {
		c.reset()
	}
	p.changed.Broadcast()
	p.mu.Unlock()
	_ = p.listener.Close()
	p.wg.Wait()
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.wg.Go(func() { p.serve(conn.(*net.TCPConn)) })
	}
}

// serve carries one connection until one side ends it.
func (p *Proxy) serve(client *net.TCPConn) {
	c := &pair{client: client}
	defer c.reset()
	if !p.adopt(c) {
		return
	}
	defer p.drop(c)
	head := bufio.NewReader(client)
	if p.cfg.Name != nil {
		name, err := p.cfg.Name(head)
		if err != nil {
			name = ""
		}
		p.rename(c, name)
	}
	if !p.pass(c, Lost) { // the connection itself must get through
		return
	}
	server, err := net.Dial("tcp", p.cfg.Target) //nolint:noctx // loopback answers at once
	if err != nil || !p.connected(c, server.(*net.TCPConn)) {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { p.carry(c, c.client, c.server, Lost, Mute) })
	p.carry(c, c.server, head, Lost)
	back.Wait()
}

// adopt makes a connection one that Close ends.
func (p *Proxy) adopt(c *pair) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.pairs[c] = true
	return true
}

func (p *Proxy) drop(c *pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pairs, c)
}

func (p *Proxy) rename(c *pair, link string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.link = link
}

func (p *Proxy) connected(c *pair, server *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.server = server
	return !p.closed && p.mode(c.link) != Refused
}

// pass waits for as long as the link is in one of the modes, and returns false
// when the connection is to end.
func (p *Proxy) pass(c *pair, held ...Mode) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		m := p.mode(c.link)
		if p.closed || m == Refused {
			return false
		}
		if !slices.Contains(held, m) {
			return true
		}
		p.changed.Wait()
	}
}

// carry copies one direction. What it has read while the link is held waits in
// it, and in the buffers of the kernel.
func (p *Proxy) carry(c *pair, to *net.TCPConn, from io.Reader, held ...Mode) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !p.pass(c, held...) {
			c.reset()
			return
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				c.reset()
				return
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			_ = to.CloseWrite()
			return
		default:
			c.reset()
			return
		}
	}
}

// reset ends both sides with RST.
func (c *pair) reset() {
	for _, conn := range []*net.TCPConn{c.client, c.server} {
		if conn != nil {
			_ = conn.SetLinger(0)
			_ = conn.Close()
		}
	}
}
