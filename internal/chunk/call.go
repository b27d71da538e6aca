package chunk

import (
	"context"
	"time"

	"github.com/s3-destination/s3-destination/internal/record"
)

// Call is one write call: a batch of records that is acknowledged as a whole,
// or with an error for each record that failed. A Call belongs to the
// goroutine that made it.
type Call struct {
	m       *Manager
	seq     uint64
	arrived time.Time
	charge  int64

	groups   []group
	byPath   map[partition]int
	last     int // group of the previous record
	expected int // records of a group
	room     int // records for which groups may still make room ahead
	refused  []refusal
	hurry    bool

	// guarded by m.mu
	pending   int
	failures  []Failure
	cancelled bool
	done      chan struct{}
}

// group holds the records of one call that share a partition.
type group struct {
	part partition
	entries
}

// refusal is a record that never had a partition.
type refusal struct {
	record record.Record
	index  int
	reason error
}

// Failure reports a record that was not stored.
type Failure struct {
	// Index is the position of the record in its batch.
	Index int
	// Err is the reason.
	Err error
}

// Admit waits until the memory limit leaves room for a call of that many
// payload bytes and records. The returned call must be released.
func (m *Manager) Admit(ctx context.Context, bytes int64, records int) (*Call, error) {
	c := &Call{
		m:       m,
		arrived: time.Now(),
		charge:  bytes + m.cfg.CallOverhead + int64(records)*m.cfg.RecordOverhead,
		byPath:  map[partition]int{},
		last:    -1,
		done:    make(chan struct{}),
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, ErrClosed
	}
	m.arrive(c)
	c.expected, c.room = records/max(m.groups, 1), records
	if !m.gate.mustWait() && m.roomFor(c.charge) {
		m.held += c.charge
		m.mu.Unlock()
		return c, nil
	}
	w := m.gate.enter(c.charge)
	m.mu.Unlock()
	m.poke()
	m.cfg.Observer.Waited()
	return m.await(ctx, c, w)
}

// arrive notes the arrival of a call. The caller holds the lock.
func (m *Manager) arrive(c *Call) {
	m.calls++
	if m.rhythm.arrival(c.arrived, m.cfg.IdleTimeout) {
		m.cfg.Observer.Stalled()
	}
}

// await blocks until the gate admits the call.
func (m *Manager) await(ctx context.Context, c *Call, w *waiter) (*Call, error) {
	err := ErrClosed
	select {
	case admitted := <-w.admitted:
		if admitted {
			return c, nil
		}
	case <-ctx.Done():
		err = ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gate.leave(w) { // admitted in the meantime
		m.held -= c.charge
		m.admitWaiting()
	}
	m.calls--
	return nil, err
}

// Add puts a record into the partition of that path. Records of different
// schemas, told apart by any text, never share an object. path is copied when
// needed and may be reused.
func (c *Call) Add(path []byte, schema string, r record.Record, index int) {
	g := c.last
	if g < 0 || c.groups[g].part.path != string(path) || c.groups[g].part.schema != schema {
		var known bool
		if g, known = c.byPath[partition{path: string(path), schema: schema}]; !known {
			g = len(c.groups)
			p := partition{kind: Data, path: string(path), schema: schema}
			c.groups = append(c.groups, group{part: p})
			// The latest call may have had fewer partitions than this one by
			// far, or there was none.
			ahead := min(c.expected, c.room)
			c.groups[g].grow(ahead)
			c.room -= ahead
			c.byPath[p] = g
		}
		c.last = g
	}
	c.groups[g].add(r, owner{call: c, index: index})
}

// Refuse reports a record that has no partition; the policy for bad records
// decides what becomes of it.
func (c *Call) Refuse(r record.Record, index int, reason error) {
	c.refused = append(c.refused, refusal{record: r, index: index, reason: reason})
}

// Hurry makes Commit write everything that is open at once instead of waiting
// for fuller objects: for the call on whose success the readiness of the
// process depends.
func (c *Call) Hurry() { c.hurry = true }

// Commit hands the added records over and waits until all of the call's
// records are settled. It returns those that failed, or the error of ctx, in
// which case the call's records are withdrawn where possible and must be
// considered undelivered.
func (c *Call) Commit(ctx context.Context) ([]Failure, error) {
	m := c.m
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, ErrClosed
	}
	opened := len(m.byAge)
	c.handOver()
	if c.hurry {
		m.hurried = true
		m.poke()
	}
	if opened == 0 || m.draining || m.saturated() || m.underPressure() {
		m.poke() // the roller may be asleep, or has work now
	}
	m.mu.Unlock()

	var err error
	select {
	case <-c.done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		c.withdraw()
		return nil, err
	}
	return c.failures, nil
}

// handOver places the call's records in their chunks. The caller holds the
// lock.
func (c *Call) handOver() {
	m := c.m
	m.seq++
	c.seq = m.seq
	m.groups = len(c.groups)
	c.pending = len(c.refused)
	for i := range c.groups {
		c.pending += c.groups[i].len()
	}
	m.unsettled++
	m.waiting += c.charge
	if c.pending == 0 {
		c.finish()
		return
	}
	for i := range c.groups {
		m.place(c.groups[i].part, c.groups[i].entries)
	}
	for _, r := range c.refused {
		m.refuse(r.record, owner{call: c, index: r.index}, "", r.reason)
	}
	c.groups, c.byPath, c.refused = nil, nil, nil
}

// withdraw takes the call's records back, as far as they are not yet durable.
// The caller holds the lock.
func (c *Call) withdraw() {
	if c.pending > 0 {
		c.m.unsettled--
		c.m.waiting -= c.charge
	}
	c.cancelled = true
	c.m.dirty = true
	c.m.poke()
}

// Release gives back the memory of the call. It must be called once, after
// Commit or instead of it.
func (c *Call) Release() {
	m := c.m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls--
	m.held -= c.charge
	m.admitWaiting()
	if m.calls == 0 || m.gate.mustWait() || m.underPressure() {
		m.poke() // for the rules, or for the gauges to come to rest
	}
}

// settle marks n records of the call as done. The caller holds the lock.
func (c *Call) settle(n int) {
	c.pending -= n
	if c.pending == 0 {
		c.finish()
	}
}

// finish lets the call return. A call that was withdrawn has done so already.
func (c *Call) finish() {
	if !c.cancelled {
		c.m.unsettled--
		c.m.waiting -= c.charge
	}
	c.m.rhythm.settled = time.Now() // before the caller can send more
	close(c.done)
}
