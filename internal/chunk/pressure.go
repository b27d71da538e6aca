package chunk

import (
	"cmp"
	"slices"
)

// highWater and lowWater bound the share of the memory limit at which chunks
// are rolled and down to which they are.
const highWater, lowWater = 0.8, 0.5

// pressure is the memory that rolling chunks could free: what waiting calls
// hold, less what is already on its way out. Records that are stored but whose
// call waits for others count, so that those others are rolled too. Calls on
// their way in or out do not, nor those that wait for parked partitions:
// rolling chunks would change nothing for them.
func (m *Manager) pressure() int64 {
	l := &m.ledger
	away := l.sum(sealed, encoding, encoded, landing, forming)
	return l.book.stages[committed].charge - l.parkedCalls.charge - away.charge + l.tallies[open].extra + m.projected(open)
}

// limit is the memory that is left to partitions that are not parked.
func (m *Manager) limit() float64 {
	return float64(m.cfg.MemoryLimit - m.ledger.parkedCalls.charge)
}

// underPressure reports whether chunks must be rolled to free memory.
func (m *Manager) underPressure() bool {
	l := &m.ledger
	if m.cfg.MemoryLimit <= 0 || len(l.byAge) == 0 {
		return false
	}
	onTheMove := l.book.stages[admitted].calls + l.book.stages[done].calls
	if (m.gateShut() || m.relieve) && l.underway() == 0 && onTheMove == 0 {
		return true // no upload and no call on its way in or out will make room
	}
	return float64(m.pressure()) > highWater*m.limit()
}

// rollForMemory rolls the largest chunks until the pressure is low: they give
// the best objects and free the most. Several at once, for looking for the
// largest of many takes a while. The caller holds the lock.
func (m *Manager) rollForMemory() {
	roll := m.free() > 0 && m.underPressure()
	asked := m.relieve
	m.relieve = false // it asks again as long as it waits
	if !roll {
		return
	}
	excess := m.pressure() - int64(lowWater*m.limit())
	if asked {
		excess = max(excess, int64((1-lowWater)*float64(m.pressure())))
	}
	sealedAny := false
	defer func() {
		if !sealedAny {
			m.letLateIn()
		}
	}()
	bySize := slices.Clone(m.ledger.byAge)
	slices.SortFunc(bySize, func(a, b *chunk) int { return cmp.Compare(b.charge, a.charge) })
	for i, c := range bySize {
		if i > 0 && excess <= 0 {
			break
		}
		if c.state != open {
			continue // sealed with another one
		}
		excess -= c.charge + c.bytes
		sealedAny = m.seal(c, Memory) || sealedAny
	}
}
