package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// dump writes down beside its log what every goroutine of processes waits for, and
// has the directory kept. A process that does not answer is given a second: it may
// be frozen.
func (w *world) dump(ctx context.Context, all ...*consumer) {
	w.mu.Lock()
	w.stalls++
	n := w.stalls
	w.mu.Unlock()
	for _, c := range all {
		if c.ended() {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		text, err := c.get(ctx, "/debug/pprof/goroutine?debug=2")
		cancel()
		if err != nil {
			w.note("goroutines of %s: %v", c.name, err)
			continue
		}
		path := filepath.Join(w.dir, fmt.Sprintf("%s.goroutines-%d.txt", c.name, n))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			w.note("goroutines of %s: %v", c.name, err)
		}
	}
}
