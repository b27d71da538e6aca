package store

import (
	"context"
	"errors"
)

// OutOfTime turns an error that only says "canceled", because the time that its
// caller had set for itself ran out, into what the time was lost on: an
// unreachable store, throttling, an STS that does not answer. ctx is the one
// without that limit. Any other error it returns as it is.
func OutOfTime(ctx context.Context, err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Class != ClassCanceled {
		return err
	}
	cause := e.Err
	if e.last != nil {
		cause = e.last // says more than that the next one was cut off
	}
	v := classify(ctx, cause)
	if !v.class.Retryable() && v.class != ClassCredentials && v.class != ClassKMS {
		v = verdict{class: ClassNetwork, advice: adviceBroken, reason: v.reason}
	}
	if v.reason = "no success in the time allowed, last: " + v.reason; e.last == nil && errors.Is(e.Err, context.DeadlineExceeded) {
		v.reason = "no answer in the time allowed"
	}
	lost := *e
	lost.Class, lost.Code, lost.Status, lost.reason, lost.is = v.class, v.code, v.status, v.reason, v.is
	lost.Advice = v.advice
	if v.class != ClassNetwork {
		lost.Advice = (&Store{cfg: Config{Bucket: e.Bucket}}).advice(e.Op, v)
	}
	return &lost
}
