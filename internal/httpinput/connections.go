package httpinput

import (
	"net"
	"net/http"
	"sync"
)

// connections knows those of a server, to bound them, and to end those at a stop on which
// nothing has come yet: http.Server.Shutdown waits for them. It is safe for concurrent use.
type connections struct {
	most int64 // at once

	mu       sync.Mutex
	open     int64
	silent   map[net.Conn]struct{} // nothing has come on them
	stopping bool
}

// changed is the hook ConnState of a server.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state != http.StateNew {
		delete(c.silent, conn)
		if state == http.StateClosed || state == http.StateHijacked {
			c.open--
		}
		return
	}
	c.open++
	if c.stopping || c.open > c.most {
		_ = conn.Close()
		return
	}
	if c.silent == nil {
		c.silent = map[net.Conn]struct{}{}
	}
	c.silent[conn] = struct{}{}
}

// stop ends connections on which nothing has come, now and from now on.
func (c *connections) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	for conn := range c.silent {
		_ = conn.Close()
	}
}
