package spool

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What was begun before somebody came is of no use to him: he waits for another, and so
// do all who come meanwhile.
func TestWhoComesMeanwhileSharesTheNextOne(t *testing.T) {
	var s shared
	begun, ends, results := make(chan int), make(chan error), make(chan error)
	call := func(n int) {
		go func() {
			results <- s.do(func() error {
				begun <- n
				return <-ends
			})
		}()
	}
	next := func() *share { // as soon as somebody waits
		for {
			s.mu.Lock()
			n := s.next
			s.mu.Unlock()
			if n != nil {
				return n
			}
			runtime.Gosched()
		}
	}
	call(1)
	assert.Equal(t, 1, <-begun)
	require.Nil(t, s.next, "nobody who comes now joins the first one")
	call(2)
	theirs := next() // of all who come now
	assert.False(t, theirs.done)
	ends <- nil
	assert.NoError(t, <-results)
	assert.Equal(t, 2, <-begun, "the first one began before it came")
	call(3)
	require.NotSame(t, theirs, next())
	wrong := errors.New("wrong")
	ends <- wrong
	assert.ErrorIs(t, <-results, wrong)
	assert.Equal(t, 3, <-begun)
	assert.True(t, theirs.done)
	assert.ErrorIs(t, theirs.err, wrong, "all of them learn of it")
	ends <- nil
	assert.NoError(t, <-results, "and nobody else")

	done := &share{done: true, err: wrong}
	s.next = done
	assert.ErrorIs(t, s.do(func() error { panic("it was done for him") }), wrong)
}
