package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// weather breaks an S3 server in one way after the other, as dice decide.
type weather struct {
	s3    *s3test.Server
	dice  *dice
	kinds []kind
	// calm is the longest pause between two faults.
	calm time.Duration

	mu     sync.Mutex
	struck map[string]int // requests, by kind
}

// kind is one way to fail.
type kind struct {
	name string
	// op is the operation that it meets; empty means every one.
	op string
	// lasts is the longest that it is in force; times how many requests it
	// strikes at most (zero: all of them).
	lasts time.Duration
	times int
	// share is the percentage of requests that it meets; zero means all.
	share int
	do    func(*dice) s3test.Action
}

func always(a s3test.Action) func(*dice) s3test.Action {
	return func(*dice) s3test.Action { return a }
}

// recoverable are faults after which each record is in one object, as long as
// the output may read the metadata of its own.
func recoverable() []kind {
	const complete = "CompleteMultipartUpload"
	return []kind{
		{name: "SlowDown storm", lasts: 2 * time.Second, do: always(s3test.SlowDown(0))},
		{name: "500 for half", share: 50, lasts: 2 * time.Second, do: always(s3test.FailAfterBody(http.StatusInternalServerError, "InternalError", "We encountered an internal error."))},
		{name: "reset in the body", times: 6, lasts: 2 * time.Second, do: func(d *dice) s3test.Action { return s3test.Reset(int64(1 + d.upTo(4000))) }},
		{name: "lost response", op: "PutObject", times: 4, lasts: 2 * time.Second, do: always(s3test.LoseResponse())},
		{name: "stored, then 500", op: "PutObject", times: 4, lasts: 2 * time.Second, do: always(s3test.ThenFail(http.StatusInternalServerError, "InternalError", "We encountered an internal error."))},
		{name: "hang", times: 3, lasts: 2 * time.Second, do: always(s3test.Hang())},
		{name: "black hole", lasts: 7 * time.Second, do: always(s3test.HangUnread())},
		{name: "SlowDown with Retry-After", times: 20, lasts: 2 * time.Second, do: always(s3test.SlowDown(time.Second))},
		{name: "hang unread", times: 3, lasts: 2 * time.Second, do: always(s3test.HangUnread())},
		{name: "slow answer", times: 8, lasts: 3 * time.Second, do: func(d *dice) s3test.Action { return s3test.Delay(d.between(100*time.Millisecond, 2*time.Second)) }},
		{name: "down", lasts: 4 * time.Second, do: always(s3test.Reset(0))},
		{name: "409 conflict", op: "PutObject", times: 4, lasts: 2 * time.Second, do: always(s3test.Fail(http.StatusConflict, "ConditionalRequestConflict", "A conflicting conditional operation is currently in progress."))},
		{name: "lost part", op: "UploadPart", times: 3, lasts: 3 * time.Second, do: always(s3test.LoseResponse())},
		{name: "lost complete", op: complete, times: 2, lasts: 3 * time.Second, do: always(s3test.LoseResponse())},
		{name: "error inside complete", op: complete, times: 2, lasts: 3 * time.Second, do: always(s3test.ErrorInside("InternalError", "We encountered an internal error."))},
		{name: "denied", op: "PutObject", lasts: 2 * time.Second, do: always(s3test.Fail(http.StatusForbidden, "AccessDenied", "Access Denied"))},
	}
}

// forbidding are faults of permissions that the output does not need.
func forbidding() []kind {
	no := always(s3test.Fail(http.StatusForbidden, "AccessDenied", "Access Denied"))
	return []kind{
		{name: "HeadObject denied", op: "HeadObject", lasts: 5 * time.Second, do: no},
		{name: "ListObjectsV2 denied", op: "ListObjectsV2", lasts: 5 * time.Second, do: no},
	}
}

func newWeather(s3 *s3test.Server, d *dice, kinds []kind, calm time.Duration) *weather {
	return &weather{s3: s3, dice: d, kinds: kinds, calm: calm, struck: map[string]int{}}
}

// run breaks the server until ctx ends, and repairs it then. Every kind comes
// once before any comes again.
func (w *weather) run(ctx context.Context) {
	var deck []int
	for ctx.Err() == nil {
		if len(deck) == 0 {
			deck = w.dice.shuffled(len(w.kinds))
		}
		k := w.kinds[deck[0]]
		deck = deck[1:]
		fault := w.begin(k)
		pause(ctx, w.dice.between(k.lasts/4, k.lasts))
		w.end(k, fault)
		pause(ctx, w.dice.between(0, w.calm))
	}
}

func (w *weather) begin(k kind) *s3test.Fault {
	rule := s3test.Rule{Op: k.op, Times: k.times, Do: k.do(w.dice)}
	if k.share > 0 {
		rule.Match = func(s3test.Request) bool { return w.dice.upTo(100) < k.share }
	}
	return w.s3.Faults.Add(rule)
}

func (w *weather) end(k kind, fault *s3test.Fault) {
	fault.Remove()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.struck[k.name] += fault.Hits()
}

// String lists the kinds and how many requests each met.
func (w *weather) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(w.struck)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, w.struck[name]))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// pause sleeps unless ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
