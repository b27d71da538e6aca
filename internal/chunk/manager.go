package chunk

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrClosed is what calls get that were still waiting when the manager was
// closed, and calls that come later. Their records are not durable.
var ErrClosed = errors.New("closing the output: the record was not yet durable and will be delivered again")

// Manager owns the chunks of one destination. It is safe for concurrent use.
type Manager struct {
	cfg  Config
	pipe Pipeline

	mu        sync.Mutex
	ledger    ledger
	ratios    ratios
	rhythm    rhythm
	pace      pace
	recovered map[partition]recovery
	// tryNext is when a parked partition is to be tried, zero for never.
	tryNext time.Time
	// lateIn is when a call was let in that had waited for a while.
	lateIn   time.Time
	draining bool
	flushing bool // as draining, until nothing is open
	// heldUntil: what had arrived by then is to be rolled.
	heldUntil time.Time
	relieve   bool // an input waits until something is stored
	hurried   bool // a call must not wait for fuller objects
	left      bool // a call was withdrawn, and its records are still in chunks
	closed    bool
	placing   *placing // a call of which not all is in its chunks, or nil
	// news is what the observer is told when the lock has been given back.
	news []func(o Observer)

	wake chan struct{}   // to the roller, capacity 1
	ctx  context.Context //nolint:containedctx // of encoding and uploads, ended by Close: it outlives every call
	stop context.CancelFunc
	done sync.WaitGroup
}

// audit, where tests set it, looks at a manager each time its lock is given
// back.
var audit func(m *Manager)

// New starts a manager, whose goroutines run until Close.
func New(cfg Config, pipe Pipeline) *Manager {
	cfg = cfg.complete()
	m := &Manager{
		cfg:       cfg,
		pipe:      pipe,
		ledger:    newLedger(),
		ratios:    newRatios(cfg),
		rhythm:    rhythm{window: max(5*cfg.MaxAge, time.Minute), most: cfg.MaxAge},
		pace:      newPace(cfg.Uploads),
		recovered: map[partition]recovery{},
		wake:      make(chan struct{}, 1),
	}
	m.ctx, m.stop = context.WithCancel(context.Background())
	m.done.Go(m.roll)
	return m
}

func (m *Manager) lock() { m.mu.Lock() }

// unlock gives the lock back, after work that has come up was begun, and tells
// what has happened meanwhile.
func (m *Manager) unlock() {
	m.startEncoding()
	m.startLanding()
	if audit != nil {
		audit(m)
	}
	news := m.news
	m.news = nil
	m.mu.Unlock()
	for _, tell := range news {
		tell(m.cfg.Observer)
	}
}

// tell has the observer told something, which may take a while, once the lock
// has been given back.
func (m *Manager) tell(news func(o Observer)) { m.news = append(m.news, news) }

// poke makes the roller look at its rules again.
func (m *Manager) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Drain rolls everything now, and whatever still arrives almost at once. It
// returns immediately and can be called again.
func (m *Manager) Drain() {
	m.lock()
	defer m.unlock()
	m.draining = true
	m.poke()
}

// Throttled tells that the store has asked for fewer requests.
func (m *Manager) Throttled() {
	m.lock()
	defer m.unlock()
	m.pace.throttled(time.Now())
}

// Close stops the manager. Uploads under way are cancelled, and calls that
// still wait get ErrClosed. It returns when all of that has ended, or with the
// end of ctx: then it is going on, and calls whose uploads are not answered yet
// have got ErrClosed all the same.
func (m *Manager) Close(ctx context.Context) error {
	m.lock()
	if !m.closed {
		m.closed = true
		m.stop()
		m.turnAway()
		m.failAll(open, parked, forming, sealed, encoded)
	}
	m.unlock()
	ended := make(chan struct{})
	go func() {
		m.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	m.lock()
	defer m.unlock()
	m.failAll(encoding, landing)
	return ctx.Err()
}

// failAll ends the chunks of some states. The caller holds the lock.
func (m *Manager) failAll(in ...state) {
	for _, s := range in {
		for _, c := range m.ledger.in(s) {
			m.end(c, ErrClosed)
		}
	}
}

// end fails the records of a chunk, and the chunk. The caller holds the lock.
func (m *Manager) end(c *chunk, err error) {
	if c.state == encoded {
		c.form.Release()
	}
	m.ledger.move(c, failed)
	m.fail(c.runs, err)
}
