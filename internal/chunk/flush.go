package chunk

import "time"

// Flush rolls everything that is open, and what arrives within a moment, and
// then goes on as before. It is for an input that has stopped where another may
// follow. It returns immediately and can be called again.
func (m *Manager) Flush() {
	m.lock()
	defer m.unlock()
	m.flushing = true
	m.poke()
}

// FlushHeld rolls what is open now, and nothing that comes later: for an input
// that has to let go of some records soon. It returns immediately and can be
// called again.
func (m *Manager) FlushHeld() {
	m.lock()
	defer m.unlock()
	m.heldUntil = time.Now()
	m.poke()
}

// rollHeld rolls what was open when FlushHeld was called. The caller holds the
// lock.
func (m *Manager) rollHeld() {
	if m.heldUntil.IsZero() {
		return
	}
	for m.free() > 0 {
		c := m.oldest()
		if c == nil || c.first.After(m.heldUntil) {
			return
		}
		if !m.seal(c, Drain) {
			return
		}
	}
}

// Relieve rolls the largest chunks when nothing is under way: for an input that
// takes no more records before some are stored. It returns immediately and can
// be called again.
func (m *Manager) Relieve() {
	m.lock()
	defer m.unlock()
	m.relieve = true
	m.poke()
}
