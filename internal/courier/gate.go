package courier

import (
	"context"
	"time"
)

// patience is how long calls wait for an object to be made, so that its records
// leave memory without being written to disk once more.
const patience = 2 * time.Second

// gate is where calls wait while memory is full of records of which objects are
// being made.
type gate struct {
	// made is closed, and made anew, when an object was made, or could not be.
	made chan struct{}
	// waits: nobody has waited in vain since then.
	waits bool
}

func newGate() gate { return gate{made: make(chan struct{}), waits: true} }

// Admit waits for memory for so many bytes of records that are to be appended. It
// keeps calls from having more copies in memory than a sync needs; and records
// from being spilled that are about to be in an object, as long as one is made
// within the patience.
func (c *Courier) Admit(ctx context.Context, bytes int64) (done func(), err error) {
	done, err = c.arriving.take(ctx, bytes)
	if err != nil {
		return nil, err
	}
	if err := c.wait(ctx); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

func (c *Courier) wait(ctx context.Context) error {
	for {
		c.mu.Lock()
		made, waits := c.gate.made, c.gate.waits
		leaving := c.leaving()
		c.mu.Unlock()
		if !waits || len(leaving) == 0 || !c.spool.Pressed(c.arriving.taken(), leaving) {
			return nil
		}
		timer := time.NewTimer(patience)
		select {
		case <-made:
			timer.Stop()
		case <-timer.C:
			c.mu.Lock()
			c.gate.waits = c.gate.made != made
			c.mu.Unlock()
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// ended lets calls look again. The caller holds the lock.
func (c *Courier) ended() {
	close(c.gate.made)
	c.gate = newGate()
}
