package parquet

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Cores are the cores that the encoders of a destination share. Every call of
// Encode occupies one while it runs; one with much to do lets others help that
// are idle then. Cores are safe for concurrent use.
type Cores struct {
	most int64
	busy atomic.Int64

	mu sync.Mutex
	// idle are helpers at rest with their buffers. The encoders share them, so
	// that there are never more than cores.
	idle []*worker
}

// NewCores returns n cores. With fewer than two nobody ever helps, and files
// are what they are without Cores.
func NewCores(n int) *Cores { return &Cores{most: int64(n)} }

// enter counts a call of Encode. It never waits: how many may run at once is
// for the caller to say.
func (c *Cores) enter() {
	if c != nil {
		c.busy.Add(1)
	}
}

func (c *Cores) leave() {
	if c != nil {
		c.busy.Add(-1)
	}
}

// width is how many row groups of one file can be in the making.
func (c *Cores) width() int {
	if c == nil {
		return 1
	}
	return int(c.most)
}

// spare occupies a core if one is idle.
func (c *Cores) spare() bool {
	for {
		busy := c.busy.Load()
		if busy >= c.most {
			return false
		}
		if c.busy.CompareAndSwap(busy, busy+1) {
			return true
		}
	}
}

// helper returns a worker that makes what config asks for.
func (c *Cores) helper(config *Config) (*worker, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, w := range c.idle {
		if alike(w.config, config) {
			c.idle = slices.Delete(c.idle, i, i+1)
			return w, nil
		}
	}
	return newWorker(config)
}

// rest keeps a worker for the next one that needs help.
func (c *Cores) rest(w *worker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if int64(len(c.idle)) == c.most-1 {
		c.idle = slices.Delete(c.idle, 0, 1)
	}
	c.idle = append(c.idle, w)
}

// alike reports whether the row groups of two configurations are the same.
func alike(a, b *Config) bool {
	return a.Compression == b.Compression && a.Level == b.Level && a.PageSize == b.PageSize &&
		a.BinaryStrings == b.BinaryStrings && slices.Equal(a.BloomColumns, b.BloomColumns)
}
