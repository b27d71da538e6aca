package exactly

// This file is the side of the input that owns the sources of a ledger.

// Due holds something when there may be something to commit.
func (g *Ledger) Due() <-chan struct{} { return g.due }

// Gain adds sources that were taken over.
func (g *Ledger) Gain(all ...*Resumed) error {
	return g.change(func(l *Lane) error {
		l.Gain(all...)
		return nil
	})
}

// Commit returns what is to be committed; see [Lane.Commit].
func (g *Ledger) Commit() ([]Offset, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reason != nil {
		return nil, ErrEnded
	}
	return g.lane.Commit()
}

// Committed notes that the commit under way is stored.
func (g *Ledger) Committed() {
	_ = g.change(func(l *Lane) error {
		l.Committed()
		return nil
	})
}

// Refused notes that it is certainly not; see [Lane.Refused].
func (g *Ledger) Refused() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lane.Refused()
}

// Advance closes an epoch of which no output has anything: all its records were
// dropped on the way, or are in early objects.
func (g *Ledger) Advance() {
	_ = g.change(func(l *Lane) error {
		for _, p := range l.sources {
			if len(p.sums) > 0 {
				return nil
			}
		}
		_, _, err := l.Cut()
		return err
	})
}

// Leaving notes that nothing more of sources will be read.
func (g *Ledger) Leaving(going []Source) {
	_ = g.change(func(l *Lane) error {
		for _, s := range going {
			if p := l.find(s); p != nil {
				p.leaving = true
			}
		}
		return nil
	})
}

// Separable reports whether sources can go without the others of their epochs: all
// that is announced of them is committed.
func (g *Ledger) Separable(gone []Source) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reason != nil || g.lane.separable(gone)
}

// Lose lets sources go. It returns those that have to be taken over anew; see
// [Lane.Lose].
func (g *Ledger) Lose(gone ...Source) (again []Source) {
	_ = g.change(func(l *Lane) error {
		again = l.Lose(gone...)
		return nil
	})
	return again
}

// Passed notes that the pipeline is done with the records of a ticket, and that
// what has not arrived by now was dropped by it.
func (t *Ticket) Passed() {
	t.Arrived(nil)
	if t.Recovery != nil {
		return
	}
	_ = t.Ledger.change(func(l *Lane) error {
		if l.find(t.Source) == t.of {
			l.Passed(t.Source, t.span.end)
		}
		return nil
	})
}
