package chunk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// TestMain has the books of every manager compared with their contents each time
// its lock is given back.
func TestMain(m *testing.M) {
	audit = (*Manager).check
	goleak.VerifyTestMain(m)
}

// memory is a Pipeline that writes lines and keeps objects in memory.
type memory struct {
	latency time.Duration
	factor  int                  // encoded bytes are the raw ones divided by it
	fail    func(o Object) error // consulted before an object lands
	schemas bool                 // objects hold lines that begin with the same byte

	mu      sync.Mutex
	objects []landedObject
	running int
	peak    int

	forms   atomic.Int64 // encoded forms that were not released
	nothing atomic.Int64 // how often it had no records to encode
}

type landedObject struct {
	Object
	lines []string
}

type written struct {
	lines    []string
	released bool
	forms    *atomic.Int64
}

func (e *written) Release() {
	if e.released {
		panic("encoded form released twice")
	}
	e.released = true
	e.forms.Add(-1)
}

var errBad = errors.New("record is bad")

func (m *memory) size(line []byte) int64 { return int64((len(line) + 1) / max(m.factor, 1)) }

func (m *memory) Encode(_ context.Context, kind Kind, records []record.Record, limit int64) (Encoded, encode.Result, error) {
	var res encode.Result
	if len(records) == 0 {
		m.nothing.Add(1)
	}
	e := &written{forms: &m.forms}
	for i, r := range records {
		if kind == Data && bytes.HasPrefix(r.Raw, []byte("bad")) {
			res.Refused = append(res.Refused, encode.Refusal{Index: i, Err: errBad})
			res.Taken++
			continue
		}
		if m.schemas && res.Rows > 0 && r.Raw[0] != records[i-1].Raw[0] {
			res.Stopped = encode.SchemaChanged
			break
		}
		n := m.size(r.Raw)
		if limit > 0 && res.Rows > 0 && res.Bytes+n > limit {
			break
		}
		e.lines = append(e.lines, string(r.Raw))
		res.Bytes += n
		res.Rows++
		res.Taken++
	}
	if res.Rows == 0 {
		return nil, res, nil
	}
	m.forms.Add(1)
	return e, res, nil
}

// misused reports what a manager that has ended owes its Pipeline.
func (m *memory) misused() error {
	if n := m.forms.Load(); n != 0 {
		return fmt.Errorf("%d encoded forms were not released", n)
	}
	if n := m.nothing.Load(); n != 0 {
		return fmt.Errorf("the encoder was given nothing, %d times", n)
	}
	return nil
}

func (m *memory) Land(ctx context.Context, o Object) (string, error) {
	m.mu.Lock()
	m.running++
	m.peak = max(m.peak, m.running)
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.running--
		m.mu.Unlock()
	}()
	if m.latency > 0 {
		select {
		case <-time.After(m.latency):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	if m.fail != nil {
		if err := m.fail(o); err != nil {
			return "", err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects = append(m.objects, landedObject{Object: o, lines: o.Encoded.(*written).lines})
	return o.Path, nil
}

func (m *memory) landed() []landedObject {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.objects)
}

func (m *memory) reasons() map[Reason]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[Reason]int{}
	for _, o := range m.objects {
		out[o.Reason]++
	}
	return out
}

// linesByReason returns the lines of objects, of which there is one for each
// reason. Objects of one partition may land in any order.
func (m *memory) linesByReason() map[Reason][]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[Reason][]string{}
	for _, o := range m.objects {
		out[o.Reason] = append(out[o.Reason], o.lines...)
	}
	return out
}

func (m *memory) rows() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, o := range m.objects {
		n += len(o.lines)
	}
	return n
}

// letters is a DeadLetters that keeps the payload.
type letters struct{}

func (letters) Path(time.Time) string { return "dead" }

func (letters) Describe(r *record.Record, from string, reason error, _ time.Time) []byte {
	return fmt.Appendf(nil, "%s|%s|%s", from, reason, r.Raw)
}

// counter is an Observer that counts.
type counter struct {
	silent
	mu                         sync.Mutex
	saturated, stalled, waited int
	oversized                  int
	last                       Stats
}

func (c *counter) count(n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

func (c *counter) Saturated() { c.count(&c.saturated) }
func (c *counter) Stalled()   { c.count(&c.stalled) }

func (c *counter) Inexact(InexactReason, int) {}
func (c *counter) Waited()                    { c.count(&c.waited) }

func (c *counter) Landed(_ Object, _ time.Duration, oversized bool) {
	if oversized {
		c.count(&c.oversized)
	}
}

func (c *counter) Observe(s Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = s
}

// observed is the latest state of the manager, once it has come to rest.
func (c *counter) observed() Stats {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// start makes a manager that is closed with the test, and looks how it has left
// its pipeline.
func start(t interface{ Cleanup(func()) }, cfg Config, p Pipeline) *Manager {
	id := 0
	var mu sync.Mutex
	cfg.NewID = func() string {
		mu.Lock()
		defer mu.Unlock()
		id++
		return fmt.Sprintf("chunk-%d", id)
	}
	if cfg.Uploads == 0 {
		cfg.Uploads = 2
	}
	if cfg.Encoders == 0 {
		cfg.Encoders = cfg.Uploads
	}
	m := New(cfg, p)
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			panic(err)
		}
		if p, ok := p.(interface{ misused() error }); ok {
			if err := p.misused(); err != nil {
				panic(err)
			}
		}
	})
	return m
}

// Add puts a record into the partition of that path.
func (c *Call) Add(path []byte, schema string, r record.Record, index int) {
	*c.Next() = r
	c.Put(path, schema, index)
}

// Refuse brings a record that has no partition.
func (c *Call) Refuse(r record.Record, index int, reason error) {
	*c.Next() = r
	c.Reject(index, reason)
}

// write makes one call with the records of a single partition.
func write(ctx context.Context, m *Manager, path string, lines ...string) ([]Failure, error) {
	n := int64(0)
	for _, l := range lines {
		n += int64(len(l))
	}
	c := m.Arrive()
	defer c.Release()
	if err := c.Admit(ctx, n, len(lines)); err != nil {
		return nil, err
	}
	for i, l := range lines {
		c.Add([]byte(path), "", record.Record{Raw: []byte(l)}, i)
	}
	return c.Commit(ctx)
}

// writing is a call made in the background.
type writing struct {
	failures []Failure
	err      error
	took     time.Duration
	done     chan struct{}
}

func goWrite(ctx context.Context, m *Manager, path string, lines ...string) *writing {
	w := &writing{done: make(chan struct{})}
	began := time.Now()
	go func() {
		defer close(w.done)
		w.failures, w.err = write(ctx, m, path, lines...)
		w.took = time.Since(began)
	}()
	return w
}
