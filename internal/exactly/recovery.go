package exactly

import (
	"context"
	"fmt"
	"sync"
)

// Recovery is a takeover between the input that reads again what predecessors have
// announced and the outputs that form the objects again. It is safe for concurrent
// use.
type Recovery struct {
	ledger *Ledger

	mu       sync.Mutex
	takeover *Takeover
	open     int  // batches that have not arrived
	all      bool // everything was handed out
	over     bool
	dropped  bool // it is begun anew
	used     map[Slot]bool
	told     map[any]func()
	changed  chan struct{}
}

// NewRecovery begins a takeover by the sources of a ledger.
func NewRecovery(g *Ledger, t *Takeover) *Recovery {
	return &Recovery{ledger: g, takeover: t, used: map[Slot]bool{}, told: map[any]func(){}, changed: make(chan struct{})}
}

// Read returns the ticket of records that are read again.
func (r *Recovery) Read(s Source) *Ticket {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open++
	return &Ticket{Ledger: r.ledger, Recovery: r, Source: s, Salt: SaltOf(s), span: &span{}}
}

func (r *Recovery) arrived(t *Ticket) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.span.arrived {
		return false
	}
	t.span.arrived = true
	r.open--
	r.wake()
	return true
}

func (r *Recovery) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// abandon ends the ledger when records that were read again are not stored. Those
// of which something is left to do are forgotten with it.
func (r *Recovery) abandon(reason error) {
	r.mu.Lock()
	dropped := r.dropped
	r.mu.Unlock()
	if dropped {
		return
	}
	r.ledger.End(fmt.Errorf("what was announced before could not be stored: %w", reason))
}

// Drop ends a takeover in vain, because it is begun anew with fewer sources: whatever
// becomes of its records.
func (r *Recovery) Drop() {
	r.mu.Lock()
	r.dropped = true
	r.mu.Unlock()
	r.Tell()
}

// Place returns the object that a record which was read again is in; see
// [Takeover.Place]. It must come before the ticket of the record has arrived.
func (r *Recovery) Place(s Source, offset int64, t Target) (Slot, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return Slot{}, false // its digest lacks it: it is read once more
	}
	return r.takeover.Place(s, offset, t)
}

// Epoch returns the epoch of an object, for its name.
func (r *Recovery) Epoch(s Slot) (Epoch, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.takeover.Epoch(s.Epoch)
}

// OnDone has an output told, once, when it is known which objects are to be
// stored.
func (r *Recovery) OnDone(who any, tell func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told[who] = tell
}

// Uses reports, once the takeover is done, whether an object is to be stored.
func (r *Recovery) Uses(s Slot) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used[s]
}

// Tell tells outputs that the takeover has ended, be it in vain.
func (r *Recovery) Tell() {
	r.mu.Lock()
	r.over = true
	told := r.told
	r.told = map[any]func(){}
	r.mu.Unlock()
	for _, tell := range told {
		tell()
	}
}

// Finish waits until everything has arrived, ends the takeover, and adds the
// sources to the ledger. It returns where normal reading goes on.
func (r *Recovery) Finish(ctx context.Context) ([]*Resumed, error) {
	r.mu.Lock()
	r.all = true
	for r.open > 0 {
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-r.ledger.Ended():
			return nil, ErrEnded
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		r.mu.Lock()
	}
	r.over = true
	all, _ := r.takeover.Done()
	r.mu.Unlock()
	used := map[Slot]bool{} // made here: from Gain on the epochs are the ledger's
	for _, source := range all {
		for _, e := range source.epochs {
			for s := range e.objects {
				used[s] = true
			}
		}
	}
	if err := r.ledger.Gain(all...); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = used
	return all, nil
}
