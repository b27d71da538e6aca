package flight

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOneLeadsAndTheOthersGetItsResult(t *testing.T) {
	var g Group[int]
	assert.Nil(t, g.Current())
	first, leads := g.Join()
	require.True(t, leads)
	second, leads := g.Join()
	assert.False(t, leads)
	assert.Same(t, first, second)
	assert.Same(t, first, g.Current())
	select {
	case <-second.Done():
		require.Fail(t, "it has not landed")
	default:
	}
	g.Land(7)
	<-second.Done()
	assert.Equal(t, 7, second.Result())
	got, err := second.Wait(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 7, got)
	assert.Nil(t, g.Current())

	next, leads := g.Join()
	assert.True(t, leads, "the one before has ended")
	assert.NotSame(t, first, next)
}

func TestWhoeverWaitsMayGo(t *testing.T) {
	var g Group[int]
	f, _ := g.Join()
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	_, err := f.Wait(ctx)
	assert.Equal(t, gone, err)
	g.Land(1)
	assert.Equal(t, 1, f.Result(), "the others have it all the same")
}
