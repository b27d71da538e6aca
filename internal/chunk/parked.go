package chunk

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// RefusedObjectPolicy says what becomes of the records of an object that is
// refused although the destination accepts others.
type RefusedObjectPolicy uint8

// The policies for refused objects.
const (
	// RetryObject keeps the records, and tries one object now and then.
	RetryObject RefusedObjectPolicy = iota
	// ObjectToDeadLetters stores a description of each record instead, once an
	// object has been refused a few times.
	ObjectToDeadLetters
)

// parkedPartition is a partition whose objects are refused although the destination is
// well: it may not be written to, or its names or metadata are impossible. It
// is parked. Its records wait apart from those of others, while one small
// object after the other is tried, in growing intervals. It is guarded by the
// manager's lock.
type parkedPartition struct {
	part     partition
	reason   error     // of the latest refusal
	since    time.Time // the first one
	refusals int       // in a row
	before   int       // refusals before it recovered for a short time
	next     time.Time // when to try again
	used     time.Time // when a record came last
	chunk    *chunk    // the records that wait, nil without any
	probe    *chunk    // the object that is being tried, or nil
	hopeless bool      // refused during a drain: nobody may wait for it
}

const (
	// parkedCalls and parkedMemory are the parts of the calls and of the memory
	// that may wait for parked partitions. What is left is for the others.
	parkedCalls, parkedMemory = 2, 4
	// firstRetry and lastRetry bound the time between two attempts.
	firstRetry, lastRetry = time.Second, time.Minute
	// An attempt has so many records at most, and bytes of them: encoding many
	// partitions in vain would take the time of the others.
	probeRecords, probeBytes = 1000, 1 << 20
	// An object is refused for good after so many times, over so long.
	finalRefusals, finalTime = 3, 10 * time.Second
	// forgetAfter is how long a parked partition is remembered for which no
	// record comes.
	forgetAfter = 10 * time.Minute
	// relapse is how soon after a recovery a refusal counts as one more.
	relapse = time.Minute
)

// recovery is what is remembered of a partition that was parked.
type recovery struct {
	refusals int
	at       time.Time
}

// park keeps the records of a refused object, and parks its partition. The
// caller holds the lock.
func (m *Manager) park(c *chunk, reason error) {
	now := time.Now()
	m.tell(func(o Observer) { o.ObjectRefused(reason) })
	w := m.ledger.parked[c.part]
	switch {
	case w == nil:
		w = m.parkPartition(c.part, reason, now)
	case w.probe == c: // others were sent before it was known
		w.again(reason, now)
	}
	m.keepAll(w, c)
	switch {
	case m.draining:
		w.hopeless = true
		m.giveUp(w, m.giveBack)
	case m.diverts(w, now):
		m.giveUp(w, m.divert)
	case m.cfg.GiveUpAfter > 0 && now.Sub(w.since) >= m.cfg.GiveUpAfter:
		m.giveUp(w, m.giveBack)
	}
}

// parkPartition parks a partition, with all its chunks that are not on their way to
// the store.
func (m *Manager) parkPartition(p partition, reason error, now time.Time) *parkedPartition {
	w := &parkedPartition{part: p, since: now, used: now}
	if s := m.recovered[p]; now.Sub(s.at) <= relapse {
		w.before = s.refusals
	}
	w.again(reason, now)
	m.ledger.parked[p] = w
	m.tell(func(o Observer) { o.Parked(p.kind, p.path, reason) })
	for _, s := range []state{open, sealed, encoded} {
		for _, c := range m.ledger.in(s) {
			if c.part == p {
				m.keepAll(w, c)
			}
		}
	}
	return w
}

// again counts a refusal, and sets when to try again.
func (w *parkedPartition) again(reason error, now time.Time) {
	w.refusals++
	w.reason, w.next = reason, now.Add(retryAfter(w.before+w.refusals))
}

// retryAfter is the time until the next attempt: it doubles, and varies, so
// that many partitions do not come back at once.
func retryAfter(refusals int) time.Duration {
	d := min(firstRetry<<min(refusals-1, 10), lastRetry)
	return d - d/4 + rand.N(d/2) //nolint:gosec // spreads load
}

// keepAll moves the records of a chunk to those that wait.
func (m *Manager) keepAll(w *parkedPartition, c *chunk) {
	if c.state == encoded {
		c.form.Release()
	}
	rs := c.runs
	m.ledger.move(c, dissolved)
	for _, r := range rs {
		m.keep(w, r)
	}
}

// keep takes a record of a parked partition. What those partitions hold is
// bounded, so that there is room for the others: what is more becomes a dead
// letter where that is allowed, and is reported back else. The caller holds the
// lock.
func (m *Manager) keep(w *parkedPartition, r run) {
	now := time.Now()
	w.used = now
	switch {
	case r.call.withdrawn:
	case w.hopeless:
		m.giveBack(w, runs{r})
	case m.diverts(w, now) && (w.probe != nil || w.chunk != nil):
		m.divert(w, runs{r}) // one call is enough to try
	case m.mayPark(r.call):
		if w.chunk == nil {
			c := m.newChunk(w.part)
			c.state, c.parkedIn = parked, w
			m.ledger.begin(c)
			m.tryAt(w.next)
		}
		m.ledger.join(w.chunk, r)
	case m.mayDivert(w):
		m.divert(w, runs{r})
	default:
		m.giveBack(w, runs{r})
	}
}

// mayPark reports whether one more call may wait for parked partitions: half
// of the calls may, with a quarter of the memory.
func (m *Manager) mayPark(c *Call) bool {
	if c.parkedRecords > 0 {
		return true
	}
	d := &m.ledger.parkedCalls
	return (m.cfg.MaxInFlight <= 0 || d.calls < max(m.cfg.MaxInFlight/parkedCalls, 1)) &&
		(m.cfg.MemoryLimit <= 0 || d.charge+c.charge <= m.cfg.MemoryLimit/parkedMemory)
}

// diverts reports whether the records of a partition become dead letters. Some
// are tried all the same now and then.
func (m *Manager) diverts(w *parkedPartition, now time.Time) bool {
	return m.mayDivert(w) && w.refusals >= finalRefusals && now.Sub(w.since) >= finalTime
}

func (m *Manager) mayDivert(w *parkedPartition) bool {
	return m.cfg.OnRefusedObject == ObjectToDeadLetters && w.part.kind == Data
}

// giveUp does something with all records that wait.
func (m *Manager) giveUp(w *parkedPartition, do func(w *parkedPartition, rs runs)) {
	if c := w.chunk; c != nil {
		rs := c.runs
		m.ledger.move(c, dissolved)
		do(w, rs)
	}
}

// divert makes dead letters of records.
func (m *Manager) divert(w *parkedPartition, rs runs) {
	reason := w.refusal()
	m.tell(func(o Observer) { o.Diverted(rs.records(), reason) })
	for _, r := range rs {
		letter := m.letter(r, w.part.path, reason)
		m.place(letter.part, letter.run, false)
	}
}

// giveBack reports records as not stored.
func (m *Manager) giveBack(w *parkedPartition, rs runs) {
	reason := w.refusal()
	m.tell(func(o Observer) { o.GivenBack(rs.records(), reason) })
	m.fail(rs, reason)
}

func (w *parkedPartition) refusal() error {
	return fmt.Errorf("objects of this partition are refused, %d times since %s: %w", w.refusals, w.since.UTC().Format(time.RFC3339), w.reason)
}

// tryAt makes the roller look at parked partitions at that time.
func (m *Manager) tryAt(at time.Time) {
	if m.tryNext.IsZero() || at.Before(m.tryNext) {
		m.tryNext = at
		m.poke()
	}
}

// tryParked sends an object of each parked partition whose time has come. Only
// a few of them are tried at once. The caller holds the lock.
func (m *Manager) tryParked(now time.Time) {
	if now.Before(m.tryNext) && !m.draining {
		return
	}
	m.tryNext = time.Time{}
	probes := 0
	for _, w := range m.ledger.parked {
		if w.probe != nil {
			probes++
		}
	}
	for _, w := range m.ledger.parked {
		switch {
		case w.probe != nil:
		case w.chunk == nil && now.Sub(w.used) >= forgetAfter:
			m.unpark(w, now)
		case w.chunk == nil:
			m.tryAt(w.used.Add(forgetAfter))
		case now.Before(w.next) && !m.draining:
			m.tryAt(w.next)
		case m.free() <= 0 || probes > m.pace.limit/4:
			m.tryNext = now // when one of those under way is done
		default:
			probes++
			m.tryOne(w)
		}
	}
}

// tryOne seals the first records that wait.
func (m *Manager) tryOne(w *parkedPartition) {
	c := w.chunk
	rs := c.sorted().withoutWithdrawn()
	n, bytes := 0, int64(0)
	for i := range rs {
		if n += rs[i].len(); n >= probeRecords {
			n = probeRecords
			break
		}
		if bytes += rs[i].raw; bytes >= probeBytes {
			break
		}
	}
	first, rest := rs.cut(n, m.cfg.RecordOverhead)
	m.ledger.hold(c, first)
	m.seal(c, Recovery)
	w.probe = c
	for _, r := range rest {
		m.keep(w, r)
	}
}

// recover ends the parking of a partition of which an object was stored. The
// caller holds the lock.
func (m *Manager) recover(w *parkedPartition) {
	now := time.Now()
	m.recovered[w.part] = recovery{refusals: w.before + w.refusals, at: now}
	for p, s := range m.recovered {
		if now.Sub(s.at) > relapse {
			delete(m.recovered, p)
		}
	}
	var rs runs
	if c := w.chunk; c != nil {
		rs = c.sorted()
		m.ledger.move(c, dissolved)
	}
	m.unpark(w, now)
	for _, r := range rs {
		m.place(w.part, r, false)
	}
}

func (m *Manager) unpark(w *parkedPartition, now time.Time) {
	delete(m.ledger.parked, w.part)
	lasted := now.Sub(w.since)
	m.tell(func(o Observer) { o.Recovered(w.part.kind, w.part.path, lasted) })
}
