package chunk

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errDenied = errors.New("AccessDenied")

// denying is a Pipeline that refuses the objects of some partitions.
type denying struct {
	memory
	denied   func(o Object) bool
	mu       sync.Mutex
	attempts []time.Time
	paths    []string // of the attempts
	records  int      // of the refused objects
}

func newDenying(denied func(o Object) bool) *denying {
	p := &denying{denied: denied}
	p.fail = func(o Object) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.denied(o) {
			return nil
		}
		p.attempts = append(p.attempts, time.Now())
		p.paths = append(p.paths, o.Path)
		p.records += len(o.Records)
		return fmt.Errorf("storing %s: %w", o.Path, errDenied)
	}
	return p
}

func (p *denying) tried() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Time{}, p.attempts...)
}

// triedOf returns when objects of one partition were refused.
func (p *denying) triedOf(path string) (at []time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, of := range p.paths {
		if of == path {
			at = append(at, p.attempts[i])
		}
	}
	return at
}

// meanwhile has something done before the answer to each object of a partition
// that begins with "no". n counts them from 0.
func (p *denying) meanwhile(do func(n int)) {
	answer, n := p.fail, -1
	p.fail = func(o Object) error {
		if strings.HasPrefix(o.Path, "no") {
			p.mu.Lock()
			n++
			now := n
			p.mu.Unlock()
			do(now)
		}
		return answer(o)
	}
}

// answerAt sets when the second object of a partition that begins with "no" is
// answered, and those after it, counted from the answer to the first.
func (p *denying) answerAt(after ...time.Duration) {
	var first time.Time
	p.meanwhile(func(n int) {
		switch {
		case n == 0:
			first = time.Now()
		case n <= len(after):
			time.Sleep(time.Until(first.Add(after[n-1])))
		}
	})
}

// refusedRecords counts those of all attempts.
func (p *denying) refusedRecords() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.records
}

func (p *denying) allow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.denied = func(Object) bool { return false }
}

func refusals403(err error) bool { return errors.Is(err, errDenied) }

// changes is an Observer that counts what happens to refused objects.
type changes struct {
	counter
	refused, parked, recovered, diverted, givenBack, failed int
}

func (c *changes) add(to *int, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*to += n
}

// told returns one of the numbers, once the manager has come to rest.
func (c *changes) told(n *int) int {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return *n
}

func (c *changes) ObjectRefused(error)                   { c.add(&c.refused, 1) }
func (c *changes) Parked(Kind, string, error)            { c.add(&c.parked, 1) }
func (c *changes) Recovered(Kind, string, time.Duration) { c.add(&c.recovered, 1) }
func (c *changes) Diverted(n int, _ error)               { c.add(&c.diverted, n) }
func (c *changes) GivenBack(n int, _ error)              { c.add(&c.givenBack, n) }
func (c *changes) Failed(n int, _ error)                 { c.add(&c.failed, n) }

// parkedBubble runs a test with a manager whose objects of partitions that begin
// with "no" are refused.
func parkedBubble(t *testing.T, cfg Config, test func(t *testing.T, m *Manager, p *denying, seen *changes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newDenying(func(o Object) bool { return strings.HasPrefix(o.Path, "no") })
		seen := &changes{}
		cfg.Refused, cfg.Observer = refusals403, seen
		test(t, start(t, cfg, p), p, seen)
	})
}

// rowsOf counts the rows that were stored of a partition.
func (m *memory) rowsOf(path string) (rows int) {
	for _, o := range m.landed() {
		if o.Path == path {
			rows += len(o.lines)
		}
	}
	return rows
}
