package lifecycle

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWithinDoesNotWaitForWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		Within(ctx, func() { <-hang })
		assert.Equal(t, time.Second, time.Since(began))
		close(hang)
		Within(t.Context(), func() { time.Sleep(time.Minute) })
		assert.Equal(t, time.Second+time.Minute, time.Since(began), "what ends is waited for")
	})
}
