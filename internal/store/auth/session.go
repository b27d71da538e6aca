package auth

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/s3-destination/s3-destination/internal/flight"
)

const (
	// earlyWindow before their end credentials are renewed, at most; drawing
	// the moment from its second half keeps a crowd of writers from asking STS
	// at the same time. Five minutes leave room for a slow upload to finish and
	// for an STS outage to pass.
	earlyWindow = 5 * time.Minute
	// lateMargin before their end credentials are no longer used, at most: a
	// request needs time to arrive, and clocks differ.
	lateMargin = 15 * time.Second
	// renewalTimeout bounds an early renewal, whose failure costs nothing yet.
	renewalTimeout = 10 * time.Second
	// fetchTimeout bounds a fetch that a request waits for, retries included.
	// It stays below the default silence that an upload is allowed.
	fetchTimeout = 20 * time.Second
	// renewalPause lies between two early renewals when one has failed.
	renewalPause = 20 * time.Second
)

// session keeps the credentials of one source: fetched once for all who need
// them, renewed early, and kept for as long as they are good when a renewal
// fails. It starts no goroutine: the caller who finds the credentials due
// fetches them, and the others wait for it, or go on with what there is.
type session struct {
	// fetch gets new credentials. force says that those it gave last are no
	// good, or about to end.
	fetch func(ctx context.Context, force bool) (aws.Credentials, error)
	// stale reports that the source has changed; nil means that it cannot.
	stale func() bool

	mu      sync.Mutex
	creds   aws.Credentials
	usable  bool      // there are creds, and nobody has refused them
	fetched bool      // at least once
	renewAt time.Time // when they are due
	endAt   time.Time // when they are too old to sign with
	fetches flight.Group[fetched]
	// dropped is when creds were last thrown away.
	dropped time.Time
}

// fetched is how a fetch has ended; the credentials are in the session.
type fetched struct {
	err error
	// deserted: the caller who fetched went away, which says nothing about
	// the credentials.
	deserted bool
}

// Retrieve implements [aws.CredentialsProvider].
func (s *session) Retrieve(ctx context.Context) (aws.Credentials, error) {
	for {
		if err := ctx.Err(); err != nil {
			return aws.Credentials{}, context.Cause(ctx)
		}
		creds, mine, other := s.look(time.Now())
		switch {
		case mine != nil:
			creds, err := s.lead(ctx)
			if err != nil && mine.Result().deserted {
				return aws.Credentials{}, context.Cause(ctx)
			}
			return creds, err
		case other == nil:
			return creds, nil
		}
		if end, err := other.Wait(ctx); err != nil {
			return aws.Credentials{}, err
		} else if end.err != nil && !end.deserted {
			return aws.Credentials{}, end.err
		}
	}
}

// look returns credentials to use, a flight to lead, or one to wait for.
func (s *session) look(now time.Time) (creds aws.Credentials, mine, other *flight.Flight[fetched]) {
	changed := s.stale != nil && s.stale()
	s.mu.Lock()
	defer s.mu.Unlock()
	good := s.usable && !s.ended(now)
	due := changed || (s.creds.CanExpire && !now.Before(s.renewAt))
	if good && (!due || s.fetches.Current() != nil) {
		return s.creds, nil, nil
	}
	f, leads := s.fetches.Join()
	if leads {
		return aws.Credentials{}, f, nil
	}
	return aws.Credentials{}, nil, f
}

// ended reports whether the credentials are too old to sign with.
func (s *session) ended(now time.Time) bool {
	return s.creds.CanExpire && !now.Before(s.endAt)
}

// lead fetches for everybody.
func (s *session) lead(ctx context.Context) (aws.Credentials, error) {
	s.mu.Lock()
	early, force := s.usable && !s.ended(time.Now()), s.fetched
	s.mu.Unlock()
	limit := fetchTimeout
	if early {
		limit = renewalTimeout
	}
	bounded, cancel := context.WithTimeoutCause(ctx, limit, errSlowSource)
	creds, err := s.fetch(bounded, force)
	cancel()

	s.mu.Lock()
	defer s.mu.Unlock()
	var end fetched
	defer func() { s.fetches.Land(end) }()
	if err == nil {
		s.keep(creds, time.Now())
		return creds, nil
	}
	if s.usable && !s.ended(time.Now()) {
		// Too early to fail: what we have is good for a while yet.
		s.renewAt = time.Now().Add(renewalPause/2 + rand.N(renewalPause)) //nolint:gosec // spreads load
		return s.creds, nil
	}
	if ctx.Err() != nil {
		end.deserted = true
	} else if bounded.Err() != nil && errors.Is(context.Cause(bounded), errSlowSource) {
		err = fmt.Errorf("%w: %w", errSlowSource, err)
	}
	end.err = err
	return aws.Credentials{}, err
}

var errSlowSource = errors.New("the source of credentials did not answer in time")

// keep stores fresh credentials and plans their renewal.
func (s *session) keep(creds aws.Credentials, now time.Time) {
	s.creds, s.usable, s.fetched = creds, true, true
	left := creds.Expires.Sub(now)
	s.renewAt, s.endAt = now, creds.Expires.Add(-min(lateMargin, left/10))
	if window := min(earlyWindow, left/3); creds.CanExpire && window > 0 {
		s.renewAt = creds.Expires.Add(-window/2 - rand.N(window/2+1)) //nolint:gosec // spreads load
	}
}

// drop throws the credentials away, because a request that began at since was
// told that they are no good. Those fetched after that moment stay.
func (s *session) drop(since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped.After(since) {
		return
	}
	s.dropped = time.Now()
	s.usable = false
}
