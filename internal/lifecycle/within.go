package lifecycle

import "context"

// Within waits for f, but not beyond the end of ctx.
func Within(ctx context.Context, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
