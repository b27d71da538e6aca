package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// lateness has the store carry out some uploads long after they were sent, whether
// or not their process still waits, or lives.
type lateness struct {
	world   *world
	longest time.Duration

	waiting sync.WaitGroup
	mu      sync.Mutex
	stored  int
	ended   bool // those that still come are not carried out
}

// run delays one upload after the other until ctx ends.
func (l *lateness) run(ctx context.Context) {
	w := l.world
	for ctx.Err() == nil {
		after := w.dice.between(0, l.longest)
		fault := w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/date=", Times: 1, Do: func(x *s3test.Exchange) { l.keep(x, after) }}) //nolint:contextcheck // requests have contexts of their own
		pause(ctx, w.dice.between(2*time.Second, 6*time.Second))
		fault.Remove()
	}
}

// keep takes an upload, answers nothing, and carries it out later.
func (l *lateness) keep(x *s3test.Exchange, after time.Duration) {
	body, err := io.ReadAll(x.R.Body)
	if err != nil {
		return
	}
	r := x.R.Clone(context.WithoutCancel(x.R.Context()))
	r.Body = io.NopCloser(bytes.NewReader(body))
	l.mu.Lock()
	if !l.ended {
		l.waiting.Go(func() {
			time.Sleep(after)
			answer := httptest.NewRecorder()
			x.Next.ServeHTTP(answer, r)
			if answer.Code == http.StatusOK {
				l.mu.Lock()
				l.stored++
				l.mu.Unlock()
			}
		})
	}
	l.mu.Unlock()
	s3test.HangUnread()(x)
}

// total waits for the last of them, and returns how many were stored.
func (l *lateness) total() int {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.waiting.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stored
}
