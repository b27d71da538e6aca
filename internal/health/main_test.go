package health

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/testutil/awsenv"
)

func TestMain(m *testing.M) {
	awsenv.Clear()
	goleak.VerifyTestMain(m)
}

// denied is an error as the store makes it.
func denied() error {
	return &store.Error{Op: store.OpPutObject, Class: store.ClassDenied, Err: errRefused}
}

func unreachable() error {
	return &store.Error{Op: store.OpPutObject, Class: store.ClassNetwork, Err: errRefused}
}

// fakeProbe answers what it is told, after a while.
type fakeProbe struct {
	mu    sync.Mutex
	v     Verdict
	takes time.Duration
	at    []time.Time
	busy  bool
	twice bool // it was called while it was busy
	// waiting is what it says when it is asked before it ends.
	waiting error
}

func (p *fakeProbe) Key() string { return "_probe" }

func (p *fakeProbe) Waiting() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting
}

func (p *fakeProbe) Probe(ctx context.Context) Verdict {
	p.mu.Lock()
	p.at = append(p.at, time.Now())
	p.twice = p.twice || p.busy
	p.busy = true
	takes := p.takes
	p.mu.Unlock()
	err := pause(ctx, takes)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = false
	v := p.v
	if err != nil {
		v.Err = &store.Error{Op: store.OpPutObject, Class: store.ClassCanceled, Err: err}
	}
	return v
}

func (p *fakeProbe) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.v.Err = err
}

func (p *fakeProbe) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.at)
}

// witness is an Observer that remembers.
type witness struct {
	mu      sync.Mutex
	changes []Change
	probes  int
	left    []string
}

func (w *witness) Probed(Verdict) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.probes++
}

func (w *witness) Changed(c Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes = append(w.changes, c)
}

func (w *witness) LeftBehind(key string, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = append(w.left, key)
}

func (w *witness) states() []State {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []State
	for _, c := range w.changes {
		all = append(all, c.To)
	}
	return all
}

var (
	errLeft    = errors.New("delete refused")
	errRefused = errors.New("refused")
)
