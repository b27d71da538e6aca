package main

import (
	"context"
	"errors"
	"sync"
)

// each runs do for every item, a few at a time, and joins the errors.
func each[T any](ctx context.Context, workers int, items []T, do func(T) error) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	next := make(chan T)
	for range max(workers, 1) {
		wg.Go(func() {
			for item := range next {
				if err := do(item); err != nil {
					mu.Lock()
					failed = append(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, item := range items {
		if ctx.Err() != nil {
			break
		}
		next <- item
	}
	close(next)
	wg.Wait()
	return errors.Join(failed...)
}
