package store

import (
	"errors"
	"sync/atomic"
)

// plan is how an object is uploaded.
type plan struct {
	// parts: in several requests, even if there is one part only.
	parts bool
	// size is that of a part but the last, in bytes; zero without parts.
	size int64
}

// plan decides by the size of the object, and by what gateways have refused.
func (s *Store) plan(size int64, inParts bool) plan {
	if !inParts && size <= s.threshold() {
		return plan{}
	}
	return plan{parts: true, size: partSize(size, s.limit.of(s.cfg.PartSize))}
}

// threshold is the largest object that is put in one request.
func (s *Store) threshold() int64 { return s.limit.of(s.cfg.MultipartThreshold) }

// partSize returns the smallest multiple of the configured size that stays
// within the 10,000 parts that S3 allows.
func partSize(total, configured int64) int64 {
	size := configured
	for (total+size-1)/size > maxParts {
		size += configured
	}
	return size
}

// limit is the largest body that gateways are known not to refuse. It is safe
// for concurrent use; the zero value knows no limit.
type limit struct{ bytes atomic.Int64 }

// of bounds a size that is asked for.
func (l *limit) of(size int64) int64 {
	if most := l.bytes.Load(); most > 0 {
		return min(size, most)
	}
	return size
}

// refused notes that a body of size was too large, and the next size to try: a
// part as it is configured, and then halves of it, down to the smallest part
// that S3 takes.
func (l *limit) refused(size, part int64) {
	next := part
	if size <= part {
		next = max(size/2, minPartSize)
	}
	for {
		known := l.bytes.Load()
		if known > 0 && known <= next || l.bytes.CompareAndSwap(known, next) {
			return
		}
	}
}

// errUnproven: an object has to be put in parts after all, for which nobody has
// shown that the store honours conditions.
var errUnproven = errors.New("conditional writes in parts have not been shown")

// another returns the plan to try after one has failed, because a gateway
// refuses requests of its size. There is none when requests cannot be smaller.
// The key may have been chosen because conditions are honoured on PutObject,
// which says nothing about uploads in parts: then the caller must choose again.
func (s *Store) another(failed plan, o Object, err error) (plan, error) {
	if !errors.Is(err, errTooLarge) {
		return plan{}, err
	}
	next := s.plan(o.Body.Len(), o.InParts)
	switch {
	case next == failed:
		return plan{}, err
	case !failed.parts && s.ifNoneMatch(o) != nil && s.learned.of(ConditionalComplete) != Shown:
		e := s.newError(OpPutObject, o.Key, verdict{
			class: ClassInvalid, is: ErrNotImplemented, reason: errUnproven.Error(),
		}, errors.Join(errUnproven, err))
		e.OutcomeUnknown = unknown(err)
		return plan{}, e
	}
	return next, nil
}
