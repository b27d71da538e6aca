package chunk

import (
	"context"
	"time"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Call is one write call: a batch of records that is acknowledged as a whole,
// or with an error for each record that failed. Its life is Arrive, Admit, Next
// and then Put or Reject for each record, Commit, Release. A Call belongs to the
// goroutine that made it.
type Call struct {
	m *Manager

	// The records, those of a run one behind the other once they are committed.
	// They do not change from then on.
	records []record.Record
	indexes []int32 // of the records in the call's batch
	expects int     // records of the batch
	groups  grouping
	hurry   bool
	// ticket is that of the records which are stored exactly once; nil without
	// any. offsets are those of the records, and offset that of the next one.
	ticket  *exactly.Ticket
	offsets []int64
	offset  int64
	sums    map[exactly.Target]exactly.Sum

	arrived time.Time
	// waited: the call was not let in for so long that others probably were
	// not either.
	waited bool

	// guarded by m.mu
	order         uint64
	stage         stage
	charge        int64
	links         [lines]link
	turn          chan struct{} // closed when the call need not wait any more
	pending       int           // records that are not settled
	parkedRecords int           // records that wait in parked partitions
	withdrawn     bool
	forsaken      bool          // some records are stored by somebody else: it is to be withdrawn
	failures      []Failure     // complete when settled is closed
	settled       chan struct{} // closed when no record is pending
}

// Failure reports a record that was not stored.
type Failure struct {
	// Index is the position of the record in its batch.
	Index int
	// Err is the reason.
	Err error
}

// Arrive gives a call its place in the order of arrival, which is that of
// records inside objects and that in which calls are let in. The call must be
// released.
func (m *Manager) Arrive() *Call {
	c := &Call{m: m, arrived: time.Now(), settled: make(chan struct{})}
	m.lock()
	defer m.unlock()
	m.ledger.book.enter(c)
	if m.rhythm.arrival(c.arrived, m.cfg.IdleTimeout) {
		m.tell(Observer.Stalled)
	}
	return c
}

// Place is a place in the order of arrival.
type Place struct {
	order   uint64
	arrived time.Time
}

// Place returns the call's place, to be taken again by a call that brings the
// same batch.
func (c *Call) Place() Place { return Place{order: c.order, arrived: c.arrived} }

// Resume takes the place of an earlier call, released since, that brought the
// same batch and was sent away. It must come before Admit.
func (c *Call) Resume(p Place) {
	if p.order == 0 {
		return
	}
	c.m.lock()
	defer c.m.unlock()
	c.arrived = p.arrived
	c.m.ledger.book.reorder(c, p.order)
}

// Admit waits until the memory limit leaves room for a call of that many
// payload bytes and records, and until those that arrived before have been let
// in.
func (c *Call) Admit(ctx context.Context, bytes int64, records int) error {
	m := c.m
	c.expects = records
	m.lock()
	if m.closed {
		m.unlock()
		return ErrClosed
	}
	m.ledger.book.ask(c, bytes+m.cfg.CallOverhead+int64(records)*m.cfg.RecordOverhead)
	if c.ticket != nil && c.ticket.Recovery != nil {
		m.ledger.book.move(c, admitted) // others may wait for what it brings
	}
	m.letIn()
	if c.stage == admitted {
		m.unlock()
		return nil
	}
	turn := make(chan struct{})
	c.turn = turn
	full := m.gateShut()
	m.poke()
	m.unlock()
	if full {
		m.cfg.Observer.Waited()
	}
	select {
	case <-turn:
	case <-ctx.Done():
		return ctx.Err() // Release gives up the place, or what was admitted
	}
	m.lock()
	defer m.unlock()
	if c.stage != admitted {
		return ErrClosed
	}
	return nil
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
	brought := c.arrange()
	m := c.m
	m.lock()
	if m.closed {
		m.unlock()
		return nil, ErrClosed
	}
	opened := len(m.ledger.byAge)
	c.handOver(brought)
	if c.hurry {
		m.hurried = true
		m.poke()
	}
	if opened == 0 || m.saturated() || m.underPressure() {
		m.poke() // the roller may be asleep, or has work now
	}
	m.unlock()
	select {
	case <-c.settled:
		return c.failures, nil
	case <-ctx.Done():
	}
	m.lock()
	defer m.unlock()
	return c.withdraw(ctx.Err())
}

// handOver places the call's records in their chunks. The caller holds the
// lock.
func (c *Call) handOver(brought []delivery) {
	m := c.m
	m.ledger.book.move(c, committed)
	if c.ticket != nil && !m.arrived(c, brought) {
		return
	}
	for i := range brought {
		c.pending += brought[i].run.len()
	}
	if c.pending == 0 {
		c.finish()
		return
	}
	for i := range brought {
		m.place(brought[i].part, brought[i].run, c.waited)
	}
	m.rollFull(brought)
}

// withdraw takes the call's records back, as far as they are not yet durable.
// The caller holds the lock.
func (c *Call) withdraw(err error) ([]Failure, error) {
	if c.stage == done {
		return c.failures, nil
	}
	m := c.m
	c.withdrawn = true
	c.breaks(err)
	m.ledger.uncountParked(c, c.parkedRecords)
	m.ledger.book.move(c, done)
	m.left = true
	m.poke()
	return nil, err
}

// Release gives back the place and the memory of the call. It must be called
// once.
func (c *Call) Release() {
	m := c.m
	m.lock()
	defer m.unlock()
	m.ledger.book.move(c, released)
	m.letIn()
	if m.ledger.book.present() == 0 || m.underPressure() {
		m.poke() // for the rules, or for the gauges to come to rest
	}
}

// settle marks n records of the call as done. The caller holds the lock.
func (c *Call) settle(n int) {
	c.pending -= n
	if c.pending == 0 && !c.forsaken {
		c.finish()
	}
}

// finish lets the call return. A call that was withdrawn has done so already.
func (c *Call) finish() {
	if !c.withdrawn {
		c.m.ledger.book.move(c, done)
	}
	c.m.rhythm.settled = time.Now() // before the caller can send more
	close(c.settled)
}

// fail reports records as not stored. The caller holds the lock.
func (m *Manager) fail(rs runs, err error) {
	for i := range rs {
		r := &rs[i]
		r.call.breaks(err)
		if r.call.reads() {
			continue
		}
		for k := range r.len() {
			r.call.failures = append(r.call.failures, Failure{Index: r.index(k), Err: err})
		}
		r.call.settle(r.len())
	}
}

// settle marks records as durable. The caller holds the lock.
func (m *Manager) settle(rs runs) {
	for i := range rs {
		if !rs[i].call.reads() {
			rs[i].call.settle(rs[i].len())
		}
	}
}
