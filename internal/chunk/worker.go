package chunk

import (
	"context"
	"fmt"
	"time"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// work takes sealed chunks until the manager closes.
func (m *Manager) work() {
	for {
		c := m.next()
		if c == nil {
			return
		}
		m.process(c)
	}
}

// next waits for a chunk that is sealed, or due to be, and takes it over; it
// returns nil when the manager is closed.
func (m *Manager) next() *chunk {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !m.closed {
		now := time.Now()
		m.rollDue(now)
		m.overtake(now)
		if len(m.queue) > 0 {
			break
		}
		m.ready.Wait()
	}
	if m.closed {
		return nil
	}
	c := m.queue[0]
	m.queue[0] = nil
	m.queue = m.queue[1:]
	m.busy[c] = struct{}{}
	before := c.charge
	c.dropCancelled(m.cfg.RecordOverhead)
	m.sealed += c.charge - before
	return c
}

// process encodes a chunk, puts back what does not fit, lands the object and
// settles its records.
func (m *Manager) process(c *chunk) {
	ctx, cancel := context.WithCancel(m.ctx)
	defer cancel()
	defer m.finished(c)
	if c.len() == 0 {
		return
	}
	head := c.records
	if m.cfg.MaxRecords > 0 && len(head) > m.cfg.MaxRecords {
		head = head[:m.cfg.MaxRecords]
	}
	encoded, res, err := m.pipe.Encode(ctx, c.part.kind, head, m.cfg.MaxFileSize)
	if err == nil && (res.Taken <= 0 || res.Taken > len(head)) {
		err = fmt.Errorf("encoder took %d of %d records", res.Taken, len(head))
	}
	if err != nil {
		m.lost(c, fmt.Errorf("encoding an object of partition %q: %w", c.part.path, err))
		return
	}
	if !m.sort(c, res, cancel) {
		if encoded != nil {
			encoded.Release()
		}
		return
	}
	o := Object{
		ID: c.id, Kind: c.part.kind, Path: c.part.path, Opened: c.opened,
		Reason: c.reason, Records: c.records, Encoded: encoded, Bytes: res.Bytes,
	}
	o.Key, err = m.pipe.Land(ctx, o)
	encoded.Release()
	if err != nil {
		m.lost(c, err)
		return
	}
	m.landed(c, o)
}

// sort keeps in c the records its object holds, and sends the others on: the
// refused ones to the policy for bad records, those that did not fit back to
// the partition. It reports whether there is an object to land.
func (m *Manager) sort(c *chunk, res encode.Result, cancel func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rest := c.from(res.Taken); rest.len() > 0 {
		c.reason = m.ending(res) // whatever made us write it
		m.putBack(c.part, rest)
	}
	for _, r := range res.Refused {
		m.refuse(c.records[r.Index], c.owners[r.Index], c.part.path, r.Err)
	}
	c.entries = stored(c.entries, res)
	raw := int64(0)
	for i := range c.records {
		raw += int64(c.records[i].Size())
	}
	charge := raw + int64(c.len())*m.cfg.RecordOverhead
	m.ratios.learn(c.part, c.len(), raw, res.Bytes)
	m.sealed += charge - c.charge
	m.out += res.Bytes - c.out
	c.raw, c.charge, c.out = raw, charge, res.Bytes
	c.cancel = cancel
	return c.len() > 0 && c.wanted()
}

// ending is why an object ends before its chunk does.
func (m *Manager) ending(res encode.Result) Reason {
	switch {
	case res.Taken == m.cfg.MaxRecords:
		return Records
	case res.Stopped == encode.SchemaChanged:
		return Schema
	default:
		return Size
	}
}

// stored returns the taken records without the refused ones, as a copy, so
// that the rest is not kept from the garbage collector.
func stored(e entries, res encode.Result) entries {
	if res.Taken == e.len() && len(res.Refused) == 0 {
		return e
	}
	out := entries{
		records: make([]record.Record, 0, res.Rows),
		owners:  make([]owner, 0, res.Rows),
	}
	refused := res.Refused
	for i := range res.Taken {
		if len(refused) > 0 && refused[0].Index == i {
			refused = refused[1:]
			continue
		}
		out.add(e.records[i], e.owners[i])
	}
	return out
}

// finished forgets a chunk that is done, one way or another.
func (m *Manager) finished(c *chunk) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.busy, c)
	m.sealed -= c.charge
	m.out -= c.out
	m.admitWaiting()
	m.poke()
}

// landed settles the records of a durable object.
func (m *Manager) landed(c *chunk, o Object) {
	waited := time.Since(c.first)
	oversized := m.cfg.MaxFileSize > 0 && o.Bytes > m.cfg.MaxFileSize
	m.cfg.Observer.Landed(o, waited, oversized)
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := 0; i < c.len(); {
		call, n := c.owners[i].call, 1
		for i+n < c.len() && c.owners[i+n].call == call {
			n++
		}
		call.settle(n)
		i += n
	}
}

// lost fails the records of an object that could not be stored.
func (m *Manager) lost(c *chunk, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		err = ErrClosed
	case c.wanted():
		m.cfg.Observer.Failed(c.len(), err)
	}
	m.fail(c.entries, err)
}

// fail reports records as not stored. The caller holds the lock.
func (m *Manager) fail(e entries, err error) {
	for _, o := range e.owners {
		o.call.failures = append(o.call.failures, Failure{Index: o.index, Err: err})
		o.call.settle(1)
	}
}

// refuse applies the policy for bad records. The caller holds the lock.
func (m *Manager) refuse(r record.Record, o owner, from string, reason error) {
	m.cfg.Observer.Refused(m.cfg.OnBadRecord, reason)
	switch {
	case m.cfg.OnBadRecord == Drop:
		o.call.settle(1)
	case m.cfg.OnBadRecord == ToDeadLetter && !m.closed:
		path, line := m.cfg.DeadLetters.Describe(&r, from, reason, time.Now())
		var e entries
		e.add(record.Record{Raw: line, Meta: r.Meta}, o)
		m.place(partition{kind: DeadLetter, path: path}, e)
		m.poke()
	default:
		m.fail(entries{records: []record.Record{r}, owners: []owner{o}}, reason)
	}
}
