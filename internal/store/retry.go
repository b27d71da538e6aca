package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// RetryConfig bounds the tries of one request. The retries are ours and not the
// SDK's, whose token bucket runs dry in a long outage.
type RetryConfig struct {
	// MaxRetries is how many tries may follow the first; negative means no
	// limit but MaxElapsed and the caller's context.
	MaxRetries int
	// InitialInterval and MaxInterval bound the wait: before retry n it is
	// drawn evenly from [0, min(MaxInterval, InitialInterval * 2^n)]
	// ("full jitter").
	InitialInterval, MaxInterval time.Duration
	// MaxElapsed is after how long no further try begins; zero means never.
	MaxElapsed time.Duration
}

// DefaultRetry rides out a restart of the store and a usual throttling episode.
func DefaultRetry() RetryConfig {
	return RetryConfig{
		MaxRetries:      10,
		InitialInterval: 250 * time.Millisecond,
		MaxInterval:     20 * time.Second,
		MaxElapsed:      5 * time.Minute,
	}
}

func (r RetryConfig) validate() error {
	if r.InitialInterval < 0 || r.MaxInterval < 0 || r.MaxElapsed < 0 {
		return errors.New("retry.initial_interval: it or retry.max_interval is negative: write durations such as 200ms and 20s")
	}
	if r.MaxInterval > 0 && r.InitialInterval > r.MaxInterval {
		return fmt.Errorf("retry.max_interval: %[2]v is less than retry.initial_interval: write %[1]v or more", r.InitialInterval, r.MaxInterval)
	}
	return nil
}

// delay is the wait before retry n, counted from 0. Drawing it from the whole
// range, rather than around the middle, is what spreads a crowd of writers.
func (r RetryConfig) delay(n int, jitter func(time.Duration) time.Duration) time.Duration {
	ceiling := r.InitialInterval
	for range n {
		ceiling *= 2
		if ceiling >= r.MaxInterval || ceiling <= 0 {
			ceiling = r.MaxInterval
			break
		}
	}
	return jitter(ceiling)
}

func fullJitter(ceiling time.Duration) time.Duration {
	return rand.N(ceiling + 1) //nolint:gosec // spreads load, guards nothing
}

// request is one S3 call with everything that its retries need.
type request struct {
	op   Op
	key  string
	size int64 // bytes of the body
	// conditional: the call is refused when the key is taken.
	conditional bool
	// patience multiplies the allowed silence, for calls that take S3 long.
	patience int
	// recalled, when it is closed, keeps another attempt from being made.
	recalled <-chan struct{}
	// send makes one attempt. A body must be wrapped in watch, so that an
	// upload which moves is not taken for a dead one.
	send func(ctx context.Context, watch func(io.ReadSeeker) io.ReadSeeker) error
}

// outcome is what was learnt on the way, whether or not the call succeeded.
type outcome struct {
	attempts int
	// unknown: an attempt failed in a way that leaves open whether S3 carried
	// it out.
	unknown bool
	// address is scheme and host of the server that was asked last.
	address string
	// silent is how many times request_timeout an attempt has waited in vain
	// for an answer to all that it had sent; zero if none did.
	silent int
	// last is how the last attempt failed that was left to end.
	last error
}

// do makes the call until it succeeds, cannot succeed, or the budget is spent.
func (s *Store) do(ctx context.Context, r request) (outcome, error) {
	c := &call{store: s, request: r, start: time.Now(), waits: 1}
	defer s.progress.current.Store(nil)
	for {
		if ctx.Err() != nil {
			return c.out, s.failed(r, c.out, classify(ctx, ctx.Err()), ctx.Err())
		}
		v, err := c.try(ctx)
		if err == nil {
			return c.out, nil
		}
		if final := c.again(ctx, v, err); final != nil {
			s.progress.failed.Store(nil) // its caller knows: nobody waits for it
			return c.out, final
		}
	}
}

// call is one request with its repetitions.
type call struct {
	store   *Store
	request request
	start   time.Time
	out     outcome
	// waits is how many times the usual an answer is waited for.
	waits    int
	backoffs int
	once     bool      // an immediate second try has been granted
	began    time.Time // the last attempt
}

// try makes one attempt and takes note of what it shows.
func (c *call) try(ctx context.Context) (verdict, error) {
	s, r := c.store, c.request
	c.began = time.Now()
	x := &exchange{op: r.op, key: r.key, began: c.began, waits: max(c.waits, s.late.now())}
	s.progress.current.Store(x)
	err := s.attempt(ctx, r, x)
	c.out.attempts++
	if err == nil {
		s.progress.failed.Store(nil)
		s.learned.from(r, verdict{})
		s.cfg.Observer.Attempt(Attempt{Op: r.op, Bytes: r.size, Latency: time.Since(c.began), Number: c.out.attempts})
		return verdict{}, nil
	}
	v := forOp(r.op, classify(ctx, err))
	c.out.address = x.where()
	v.proof = x.fromS3 && (v.status == http.StatusPreconditionFailed || v.code == codePrecondition)
	c.note(x, v, err)
	s.cfg.Observer.Attempt(Attempt{
		Op: r.op, Class: v.class, Latency: time.Since(c.began), Number: c.out.attempts,
		Retrying: v.retry == retryBackoff, Err: s.failed(r, outcome{address: c.out.address}, v, err),
	})
	return v, err
}

// note remembers what a failed attempt has shown.
func (c *call) note(x *exchange, v verdict, err error) {
	s := c.store
	s.learned.from(c.request, v)
	if errors.Is(v.is, errTooLarge) && c.request.size > 0 {
		s.limit.refused(c.request.size, s.cfg.PartSize)
	}
	switch {
	case errors.Is(err, errSilent) && x.sent.Load():
		c.out.silent = max(c.out.silent, x.waits)
		c.waits = min(x.waits*silenceGrowth, max(mostSilence, x.waits))
	case c.out.silent > 0 && (v.class == ClassExists || errors.Is(v.is, errStaleUpload)):
		// What we gave up waiting for was most likely carried out.
		s.late.late(c.out.silent)
	}
	c.out.unknown = c.out.unknown || v.sent
	if v.class != ClassCanceled {
		c.out.last = err
		s.progress.failed.Store(s.failed(c.request, c.out, v, err))
	}
}

// again prepares another attempt, after a wait where that may help. The error is
// that there is none.
func (c *call) again(ctx context.Context, v verdict, err error) error {
	s := c.store
	switch {
	case IsRecalled(c.request.recalled):
	case v.retry == retryBackoff:
		wait := max(s.cfg.Retry.delay(c.backoffs, s.jitter), v.after)
		if s.spent(c.backoffs, c.start, wait) {
			break
		}
		if !sleep(ctx, c.request.recalled, wait) {
			ended := classify(ctx, err)
			ended.reason += ", while waiting to retry after: " + v.reason
			return s.failed(c.request, c.out, ended, err)
		}
		c.backoffs++
		return nil
	case v.retry == retryRefresh && !c.once:
		s.creds.Invalidate(c.began)
		c.once = true
		return nil
	case v.retry == retryOnce && !c.once:
		c.once = true
		return nil
	case v.retry == retryPlain:
		s.proof.noExpect.Store(true) // so that it cannot be refused again
		return nil
	}
	return s.failed(c.request, c.out, v, err)
}

// forOp refines a verdict by what was being done.
func forOp(op Op, v verdict) verdict {
	if v.class == ClassDenied && locked(v.reason) && (op == OpPutObject || op == OpCompleteMultipartUpload) {
		// A lock is looked at after the rights: what is refused is not the
		// write but the key.
		v.class, v.is = ClassExists, ErrExists
	}
	if inParts(op) && errors.Is(v.is, ErrNotImplemented) && v.advice == "" {
		v.advice = adviceNoMultipart
	}
	if op == OpUploadPart && errors.Is(v.is, errDamaged) {
		v.retry = retryOnce // a part that is sent again replaces the bad one
	}
	switch op {
	case OpPutObject, OpCreateMultipartUpload, OpListObjects:
		if errors.Is(v.is, ErrNotFound) {
			// These ask for no object: what is missing is the bucket, or
			// something that only an unknown code has a name for.
			v.is = nil
			if v.code == "" || v.code == "NotFound" {
				v.class = ClassNoBucket
			}
		}
	case OpCompleteMultipartUpload:
		if v.code == codeConditionalConflict {
			// Unlike PutObject, S3 wants the upload itself begun anew:
			// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
			v.retry, v.is = retryNever, errStaleUpload
		}
	case OpHeadObject:
		if v.class == ClassInvalid && v.status == http.StatusBadRequest {
			// The answer has no body that would tell an expired session from another
			// mistake.
			v.retry = retryRefresh
		}
	case OpUploadPart, OpAbortMultipartUpload, OpDeleteObject, OpGetObject:
	}
	return v
}

// inParts reports whether an operation belongs to a multipart upload.
func inParts(op Op) bool {
	return op == OpCreateMultipartUpload || op == OpUploadPart || op == OpCompleteMultipartUpload
}

const adviceNoMultipart = "this S3-compatible store lacks a feature: see checksum and encryption.mode; if it knows no multipart uploads, raise upload.multipart_threshold above max_file_size"

// locked reports whether a refusal says that an object is there and must not be
// replaced, as stores do that keep locked objects without versions.
func locked(reason string) bool {
	return strings.Contains(reason, "protected by object lock") || strings.Contains(reason, "WORM protected")
}

// spent reports whether another try after wait would exceed the budget.
func (s *Store) spent(backoffs int, start time.Time, wait time.Duration) bool {
	c := s.cfg.Retry
	if c.MaxRetries >= 0 && backoffs >= c.MaxRetries {
		return true
	}
	return c.MaxElapsed > 0 && time.Since(start)+wait > c.MaxElapsed
}

func (s *Store) failed(r request, out outcome, v verdict, err error) *Error {
	e := s.newError(r.op, r.key, v, err)
	e.Address = out.address
	e.Attempts, e.OutcomeUnknown, e.last = out.attempts, out.unknown, out.last
	return e
}

// sleep waits and reports whether it was left to finish.
func sleep(ctx context.Context, recalled <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil && !IsRecalled(recalled)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-recalled:
		return false
	}
}

// minThroughput in bytes per second is the slowest upload that still counts as
// progress; a trickle below it is given up and tried on another connection.
const minThroughput = 64 << 10

var (
	errSilent = errors.New("the store neither accepted data nor answered in time")
	errSlow   = errors.New("the upload was slower than 64 KiB/s")
)

// attempt sends once, under two clocks: one for silence, which every byte that
// leaves us winds up again, and one for the whole, so that neither a black hole
// nor a trickle can hold us for ever.
func (s *Store) attempt(ctx context.Context, r request, x *exchange) error {
	x.quiet = s.cfg.RequestTimeout * time.Duration(max(r.patience, 1))
	x.answer = x.quiet * time.Duration(x.waits)
	limit := x.quiet + x.answer + time.Duration(r.size/minThroughput)*time.Second
	slow, stop := context.WithTimeoutCause(ctx, limit, errSlow)
	defer stop()
	actx, cancel := context.WithCancelCause(slow)
	defer cancel(nil)
	x.start(r.size, func() { cancel(errSilent) })
	defer x.timer.Stop()

	err := r.send(x.context(actx), func(body io.ReadSeeker) io.ReadSeeker {
		return &watched{ReadSeeker: body, clock: &x.clock}
	})
	if err != nil && actx.Err() != nil && ctx.Err() == nil {
		// The SDK only says "canceled"; say whose clock ran out.
		return fmt.Errorf("%w: %w", context.Cause(actx), err)
	}
	return err
}
