package chunk

import "time"

// gate is the queue of calls that wait for memory, first come first served.
// It is guarded by the manager's lock.
type gate struct {
	queue []*waiter
	bytes int64
	last  time.Time // when a waiter was let in
}

// waiter is one call at the gate. admitted receives true when it may go on
// and is closed when the manager closes.
type waiter struct {
	charge   int64
	admitted chan bool
}

func (g *gate) mustWait() bool { return len(g.queue) > 0 }

func (g *gate) enter(charge int64) *waiter {
	w := &waiter{charge: charge, admitted: make(chan bool, 1)}
	g.queue = append(g.queue, w)
	g.bytes += charge
	return w
}

// admit lets the first waiter go on.
func (g *gate) admit() {
	w := g.queue[0]
	g.queue[0] = nil
	g.queue = g.queue[1:]
	g.bytes -= w.charge
	g.last = time.Now()
	w.admitted <- true
}

// leave gives up waiting. It reports whether the waiter had been admitted in
// the meantime.
func (g *gate) leave(w *waiter) (admitted bool) {
	for i, q := range g.queue {
		if q == w {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			g.bytes -= w.charge
			return false
		}
	}
	select {
	case admitted = <-w.admitted:
	default:
	}
	return admitted
}

// close turns every waiter away.
func (g *gate) close() {
	for _, w := range g.queue {
		close(w.admitted)
	}
	g.queue, g.bytes = nil, 0
}

// roomFor reports whether a call of that charge may come in. One call is
// always let in, however large, so that no batch can block for ever. The
// caller holds the lock.
func (m *Manager) roomFor(charge int64) bool {
	return m.cfg.MemoryLimit <= 0 || m.held == 0 ||
		m.held+m.projected()+m.out+charge <= m.cfg.MemoryLimit
}

// admitWaiting lets in as many waiting calls as fit. The caller holds the
// lock.
func (m *Manager) admitWaiting() {
	for m.gate.mustWait() && m.roomFor(m.gate.queue[0].charge) {
		m.held += m.gate.queue[0].charge
		m.gate.admit()
	}
}
