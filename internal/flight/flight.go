// Package flight lets many callers share one run of something that takes a
// while, such as a request that would be the same for all of them.
package flight

import "context"

// Flight is a run that is under way, or has ended. It is made by [Group.Join].
type Flight[T any] struct {
	done   chan struct{}
	result T
}

// Done is closed when the run has ended.
func (f *Flight[T]) Done() <-chan struct{} { return f.done }

// Result is what the run has come to. It may be read once Done is closed.
func (f *Flight[T]) Result() T { return f.result }

// Wait waits for the result, but not beyond the end of ctx: the error is then
// the cause of that.
func (f *Flight[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.result, nil
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// Group has at most one run under way. The zero value is ready. Its methods must
// be called under a lock of the caller, who mostly has to decide under it whether
// a run is needed at all.
type Group[T any] struct{ now *Flight[T] }

// Join returns the run under way. Where there is none it begins one: leads tells
// the caller to do the work, and to Land it.
func (g *Group[T]) Join() (f *Flight[T], leads bool) {
	if g.now != nil {
		return g.now, false
	}
	g.now = &Flight[T]{done: make(chan struct{})}
	return g.now, true
}

// Current is the run under way, nil for none.
func (g *Group[T]) Current() *Flight[T] { return g.now }

// Land ends the run under way, for all who wait for it.
func (g *Group[T]) Land(result T) {
	g.now.result = result
	close(g.now.done)
	g.now = nil
}
