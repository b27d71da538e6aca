package chunk

// Flush rolls everything that is open, and what arrives within a moment, and
// then goes on as before. It is for an input that has stopped where another may
// follow. It returns immediately and can be called again.
func (m *Manager) Flush() {
	m.lock()
	defer m.unlock()
	m.flushing = true
	m.poke()
}
