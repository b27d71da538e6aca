package store

import (
	"context"
	"errors"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// progress is what the latest request of a store is doing, for whoever cannot
// wait until it ends.
type progress struct {
	current atomic.Pointer[exchange]
	failed  atomic.Pointer[Error]
}

// errUnanswered is the cause of an error that is told before its request ends.
var errUnanswered = errors.New("the request has not ended yet")

// silence is how long a request must have waited before what it waits for is
// worth telling: on a busy machine the requests before it may have taken the time.
const silence = 500 * time.Millisecond

// Waiting says what the latest request is waiting for, or what it failed with
// and why it will be tried again. It is nil when nothing is under way, or
// only just. It is for telling people early: the request itself goes on.
func (s *Store) Waiting() error {
	x := s.progress.current.Load()
	if x == nil {
		return nil
	}
	if e := s.progress.failed.Load(); e != nil {
		return e
	}
	if time.Since(x.began) < silence {
		return nil
	}
	v := verdict{class: ClassNetwork, address: x.where()}
	switch {
	case v.address == "":
		v.class, v.reason = ClassCredentials, "still waiting for credentials"
		v.advice = "whoever gives them does not answer: check auth, sts_endpoint, sts_region, proxy and firewall"
	case x.connected.Load():
		v.reason, v.advice = "connected, and still waiting for an answer", adviceBroken
	default:
		v.reason, v.advice = "still waiting for a connection", adviceUnreachable
	}
	return s.newError(x.op, x.key, v, errUnanswered)
}

// traced notes when an attempt has a connection.
func (x *exchange) traced(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { x.connected.Store(true) },
	})
}
