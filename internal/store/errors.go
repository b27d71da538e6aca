package store

import (
	"errors"
	"fmt"
	"strings"
)

// Class says in one word why a request failed. It is assigned once, here, and
// everything else (breaker, metrics, health check, advice) goes by it.
type Class string

// The classes. ClassExists is the only one that is no failure: the key is taken.
const (
	// ClassCredentials: S3 or STS does not know or no longer accepts who we are.
	ClassCredentials Class = "credentials"
	// ClassDenied: we are known, and not allowed.
	ClassDenied Class = "denied"
	// ClassKMS: the encryption key refused, is missing or is disabled.
	ClassKMS Class = "kms"
	// ClassNoBucket: the bucket does not exist.
	ClassNoBucket Class = "no_bucket"
	// ClassWrongRegion: the bucket lives in another region.
	ClassWrongRegion Class = "wrong_region"
	// ClassThrottled: S3 asked us to slow down.
	ClassThrottled Class = "throttled"
	// ClassClockSkew: our clock and S3's are too far apart for a signature.
	ClassClockSkew Class = "clock_skew"
	// ClassNetwork: no usable answer: unreachable, cut off, timed out, or a
	// server that failed (5xx).
	ClassNetwork Class = "network"
	// ClassNotS3: what answered does not speak S3: a login page, a proxy, the
	// console of the store.
	ClassNotS3 Class = "not_s3"
	// ClassInvalid: this request can never succeed as it is.
	ClassInvalid Class = "invalid"
	// ClassCanceled: our own caller gave up.
	ClassCanceled Class = "canceled"
	// ClassExists: a conditional write found the key taken; see [ErrExists].
	ClassExists Class = "exists"
)

// DestinationLevel reports whether the next object would meet the same problem,
// whatever it holds: such errors may open a circuit breaker. What only concerns
// one object, or our own caller, must not.
func (c Class) DestinationLevel() bool {
	switch c {
	case ClassCredentials, ClassDenied, ClassKMS, ClassNoBucket, ClassWrongRegion,
		ClassThrottled, ClassClockSkew, ClassNetwork, ClassNotS3:
		return true
	case ClassInvalid, ClassCanceled, ClassExists:
		return false
	}
	return false
}

// Retryable reports whether the same request may succeed later without anybody
// changing anything. The other destination-level classes need a human (or a
// propagating policy) first.
func (c Class) Retryable() bool { return c == ClassThrottled || c == ClassNetwork }

// Sentinels, for errors.Is. They come wrapped in an [*Error].
var (
	// ErrExists: the key is taken by an object that is not known to be ours.
	// Take another key and put again; a duplicate is possible, a loss is not.
	ErrExists = errors.New("an object with this key already exists")
	// ErrNotFound: there is no such object, or no permission to know.
	ErrNotFound = errors.New("no such object")
	// ErrChanged: the object under the key is not the one that [Object.IfMatch]
	// names, or is gone.
	ErrChanged = errors.New("the object has changed")
	// ErrNotImplemented: the store does not know a feature that the request
	// used, such as a conditional write.
	ErrNotImplemented = errors.New("the store does not implement this request")
	// errFull: there is no room left for this identity.
	errFull = errors.New("the store has no room left")
	// errStaleUpload: the multipart upload is gone or unusable; a new one may
	// well succeed.
	errStaleUpload = errors.New("the multipart upload is no longer usable")
	// errDamaged: the store has stored other bytes than were sent.
	errDamaged = errors.New("the store holds other bytes than were sent")
)

// Error is what every method of [Store] returns.
type Error struct {
	// Op is the S3 operation that failed.
	Op Op
	// Bucket and Key say where; Key is a prefix for a listing.
	Bucket, Key string
	// Directory is where objects are that are in no bucket.
	Directory string
	// Address is scheme and host of the server that was asked; empty when
	// nothing was sent.
	Address string
	// Class is why.
	Class Class
	// Code and Status are S3's own words, when it answered.
	Code   string
	Status int
	// Advice is one sentence on what to do; it may be empty.
	Advice string
	// Attempts is how many requests were made.
	Attempts int
	// OutcomeUnknown: some attempt may have stored the object although this
	// error says otherwise. Put it again under the same key and set
	// [Object.MayExist]. With [ErrExists] it says that the object under the key
	// may be this one, and could not be read.
	OutcomeUnknown bool
	// Vacant: with [ErrExists] and OutcomeUnknown, nothing is under the key that is
	// called taken. Somebody has removed the object, or it was never stored.
	Vacant bool
	// Found is what [Taken] returns.
	Found error
	// Err is the cause as the SDK reported it.
	Err error

	reason string
	is     error
	last   error // how the last attempt failed that was left to end
}

// Error says what was being done, to which key, where it was asked when it is
// doubtful whether S3 was there, the class, the cause, and what
// to do about it. It never holds a secret.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Directory != "" {
		fmt.Fprintf(&b, "%s %s", doing(e.Op), e.Directory)
	} else {
		fmt.Fprintf(&b, "%s s3://%s", doing(e.Op), e.Bucket)
	}
	if e.Key != "" {
		b.WriteString("/" + e.Key)
	}
	if e.Address != "" && (e.Class == ClassNetwork || e.Class == ClassNotS3 || errors.Is(e.is, errTooLarge)) {
		b.WriteString(" at " + e.Address)
	}
	fmt.Fprintf(&b, ": %s: %s", e.Class, e.reason)
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	if e.Advice != "" {
		b.WriteString(": " + e.Advice)
	}
	return b.String()
}

// Unwrap exposes the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.is == nil {
		return []error{e.Err}
	}
	return []error{e.is, e.Err}
}

// IsVacant reports whether err says that a key is taken under which there is nothing.
func IsVacant(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Vacant
}

// ClassOf returns the class of err: empty for nil, [ClassInvalid] for an error
// that did not come from this package and therefore has none.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return ClassInvalid
}

// MissingRight reports whether err says that an identity which is known lacks a
// right, so that a statement in a policy can help. A key that is disabled or
// gone is no matter of rights, and neither is a store that is full.
func MissingRight(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Class == ClassDenied && !errors.Is(e.is, errFull) || e.Class == ClassKMS && strings.Contains(e.Code, "AccessDenied")
}

// InDirectory is the error of a store whose objects are in a directory. reason says
// for people why, and cause may wrap one of the sentinels.
func InDirectory(op Op, directory, key string, class Class, reason string, cause error) *Error {
	return &Error{Op: op, Directory: directory, Key: key, Class: class, Attempts: 1, Err: cause, reason: reason}
}

func doing(op Op) string {
	switch op {
	case OpPutObject:
		return "uploading"
	case OpCreateMultipartUpload:
		return "starting the multipart upload of"
	case OpUploadPart:
		return "uploading a part of"
	case OpCompleteMultipartUpload:
		return "completing the multipart upload of"
	case OpAbortMultipartUpload:
		return "aborting the multipart upload of"
	case OpDeleteObject:
		return "deleting"
	case OpHeadObject:
		return "looking at"
	case OpGetObject:
		return "reading"
	case OpListObjects:
		return "listing"
	}
	return string(op)
}

// newError builds the exported error from a verdict.
func (s *Store) newError(op Op, key string, v verdict, err error) *Error {
	return &Error{
		Op: op, Bucket: s.cfg.Bucket, Key: key, Address: v.address,
		Class: v.class, Code: v.code, Status: v.status,
		Advice: s.advice(op, v), Err: err,
		reason: v.reason, is: v.is,
	}
}

// advice answers "what do I do now?" for a person who reads one log line.
func (s *Store) advice(op Op, v verdict) string {
	switch v.class {
	case ClassCredentials:
		return "check the access key, secret, session token or role of auth"
	case ClassDenied:
		if v.advice != "" {
			return v.advice
		}
		return fmt.Sprintf("allow %s for this identity; a bucket policy that wants other encryption, another source IP or another account refuses the same way",
			s.permission(op))
	case ClassKMS:
		if v.advice != "" {
			return v.advice
		}
		return "check encryption.kms_key, and that this identity may use it (kms:GenerateDataKey, for multipart uploads also kms:Decrypt); a key of another account must be customer-managed and given as an ARN"
	case ClassNoBucket:
		if v.advice != "" {
			return v.advice
		}
		return fmt.Sprintf("create the bucket %s or correct its name; it is never created for you", s.cfg.Bucket)
	case ClassWrongRegion:
		if v.region != "" {
			return fmt.Sprintf("set region to %s", v.region)
		}
		return fmt.Sprintf("set region to the bucket's own; it is not %s", s.region())
	case ClassThrottled:
		return "the store limits the request rate: spread keys over more prefixes or write fewer, larger objects"
	case ClassClockSkew:
		return "synchronise this machine's clock (NTP)"
	case ClassNotS3:
		return v.advice
	case ClassNetwork:
		if v.advice == "" && v.status >= 500 {
			return "the store itself fails: check its health"
		}
		return v.advice
	case ClassInvalid:
		if errors.Is(v.is, ErrNotImplemented) && v.advice == "" {
			return "this S3-compatible store lacks a feature: see checksum, encryption.mode and conditional writes"
		}
		return v.advice
	case ClassCanceled, ClassExists:
	}
	return ""
}
