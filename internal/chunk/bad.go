package chunk

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/record"
)

// Refusal is the failure of a record that is a bad one: it fails again when it comes
// again.
type Refusal struct{ Reason error }

// Error implements error.
func (r *Refusal) Error() string { return r.Reason.Error() }

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Reason }

// turnDown applies the policy for bad records to one that has no partition. It
// returns the dead letter that stands for it, if there is to be one.
func (c *Call) turnDown(r run, reason error) (letter delivery, ok bool) {
	m := c.m
	m.cfg.Observer.Refused(m.cfg.OnBadRecord, reason)
	switch m.cfg.OnBadRecord {
	case ToDeadLetter:
		return m.letter(r, "", reason), true
	case Drop:
	default:
		c.failures = append(c.failures, Failure{Index: r.index(0), Err: &Refusal{reason}})
	}
	return delivery{}, false
}

// letter makes a dead letter of refused records. It is described only when its
// object is encoded: until then it costs little beside the records.
func (m *Manager) letter(r run, from string, reason error) delivery {
	now := time.Now()
	if r.call.ticket != nil {
		return m.exactLetter(r, from, reason, now)
	}
	r.note = &note{from: from, reason: reason, at: now}
	r.raw += letterSize * int64(r.len())
	return delivery{part: partition{kind: DeadLetter, path: m.cfg.DeadLetters.Path(now)}, run: r}
}

// refusal is a record that an encoder does not take.
type refusal struct {
	run    run
	reason error
	policy BadRecordPolicy
	letter delivery // under the policy ToDeadLetter
}

// judge announces refused records, and prepares what becomes of them. It must
// not be called with the lock: it may take a while for many. A dead letter that
// is refused does not become another.
func (m *Manager) judge(refused []refusal, from partition) {
	policy := m.cfg.OnBadRecord
	if from.kind == DeadLetter {
		policy = Reject
	}
	for i := range refused {
		r := &refused[i]
		m.cfg.Observer.Refused(policy, r.reason)
		if r.policy = policy; policy == ToDeadLetter {
			r.letter = m.letter(r.run, from.path, r.reason)
		}
	}
}

// expel does with refused records what the policy says. The caller holds the
// lock, and has taken them out of their chunk.
func (m *Manager) expel(refused []refusal) {
	for i := range refused {
		r := &refused[i]
		switch {
		case r.policy == Drop:
			m.settle(runs{r.run})
		case r.policy == ToDeadLetter && !m.closed:
			m.place(r.letter.part, r.letter.run, false)
		default:
			m.fail(runs{r.run}, &Refusal{r.reason})
		}
	}
}

// An object of dead letters may take this part of the memory limit, and so much
// at least. They are in memory beside the records that they describe, may be
// several times as large, and several such objects are on their way at once.
const lettersShare, leastLetters = 128, 1 << 20

// capOf is the largest size of an object.
func (c *Config) capOf(kind Kind) int64 {
	if kind == Data || c.MemoryLimit <= 0 {
		return c.MaxFileSize
	}
	share := max(c.MemoryLimit/lettersShare, leastLetters)
	if c.MaxFileSize <= 0 {
		return share
	}
	return min(share, c.MaxFileSize)
}

// describe writes the first dead letters of a chunk, as many as fit into an
// object and do not take too much memory, and at least one.
func (m *Manager) describe(rs runs, most int64) (lines []record.Record, bytes int64) {
	for i := range rs {
		n := rs[i].note
		for k := range rs[i].records() {
			r := &rs[i].records()[k]
			line := m.cfg.DeadLetters.Describe(r, n.from, n.reason, n.at)
			lines = append(lines, record.Record{Raw: line, Meta: r.Meta})
			if bytes += int64(len(line)); most > 0 && bytes > most {
				return lines, bytes
			}
		}
	}
	return lines, bytes
}
