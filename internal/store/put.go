package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Object is what Put uploads.
type Object struct {
	// Key is the full key, valid UTF-8 of 1 to 1,024 bytes.
	Key string
	// Body is the content. Nil is an empty object. It is only read, and not
	// any more once Put has returned.
	Body *Body
	// ContentType and ContentEncoding replace the store's when not empty.
	ContentType, ContentEncoding string
	// Metadata is added to the store's.
	Metadata map[string]string
	// Sum is the checksum of Body, from [Store.Sum]; Put computes it when it is
	// missing.
	Sum Sum
	// Identity marks this object as ours, unique for its content. It lets a
	// conditional write whose first answer was lost recognise its own object.
	// Empty gives that up.
	Identity string
	// InParts uploads in parts whatever the size is, which shows what a store
	// does with such uploads.
	InParts bool
	// IfNoneMatch makes the write conditional on the key being free.
	IfNoneMatch bool
	// IfMatch makes a write in one request conditional on the ETag of the object
	// that it replaces; empty makes it not so. When an answer is lost, the object
	// that has changed may be this one.
	IfMatch string
	// Recalled, when it is closed, keeps another attempt from being made after
	// one that has failed; it may be nil. An upload in parts is not completed.
	Recalled <-chan struct{}
	// MayExist says that an earlier Put of this very object ended with
	// [Error.OutcomeUnknown]: a taken key may be our own from the start.
	MayExist bool
}

// Result describes an object that S3 has confirmed.
type Result struct {
	// ETag as S3 gave it, quotes included; empty for a recovered object.
	ETag string
	// VersionID is empty unless the bucket is versioned.
	VersionID string
	// Attempts counts the requests of the upload, parts included.
	Attempts int
	// Multipart: the object was uploaded in parts.
	Multipart bool
	// Recovered: the answer to the successful attempt was lost, and the object
	// was found under its key by its identity.
	Recovered bool
}

// Put stores one object and returns when S3 has confirmed it, retrying within
// the limits of [RetryConfig]. Its error is an [*Error]: [ErrExists] when the
// key is taken and IfNoneMatch was set, [ErrChanged] when IfMatch does not hold. On every failure of a multipart upload,
// a cancelled ctx included, the parts are removed before Put returns.
func (s *Store) Put(ctx context.Context, o Object) (Result, error) {
	if o.Body == nil {
		o.Body = &Body{}
	}
	if err := s.validateObject(o); err != nil {
		return Result{}, s.newError(OpPutObject, o.Key, verdict{class: ClassInvalid, reason: err.Error()}, err)
	}
	return s.upload(ctx, o)
}

// IsRecalled reports whether a channel as [Object.Recalled] is closed.
func IsRecalled(recalled <-chan struct{}) bool {
	select {
	case <-recalled:
		return true
	default:
		return false
	}
}

// upload follows a plan, and another one where a gateway refuses the first for
// its size.
func (s *Store) upload(ctx context.Context, o Object) (r Result, err error) {
	attempts := 0
	for p := s.plan(o.Body.Len(), o.InParts); ; {
		if p.parts {
			r, err = s.putMultipart(ctx, o, p.size)
		} else {
			r, err = s.putSingle(ctx, o)
		}
		attempts += r.Attempts
		r.Attempts = attempts
		if err == nil {
			return r, nil
		}
		// A failure today does not settle what happened yesterday, nor one in
		// another size what happened before.
		if o.MayExist = o.MayExist || unknown(err); o.MayExist {
			doubt(err)
		}
		if p, err = s.another(p, o, err); err != nil {
			return r, err
		}
	}
}

// unknown reports whether err leaves open whether the object exists.
func unknown(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.OutcomeUnknown
}

// doubt marks err as not telling whether the object exists. An object that is
// damaged must not be recognised as ours later.
func doubt(err error) {
	var e *Error
	if errors.As(err, &e) && e.Class != ClassExists && !errors.Is(err, errDamaged) {
		e.OutcomeUnknown = true
	}
}

// certain clears the doubt about an object that is known not to be durable.
func certain(err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.OutcomeUnknown = false
	}
	return err
}

func (s *Store) validateObject(o Object) error {
	switch {
	case o.Key == "":
		return errors.New("the key is empty")
	case len(o.Key) > maxKeyBytes:
		return fmt.Errorf("the key has %d bytes, the limit is %d", len(o.Key), maxKeyBytes)
	case !utf8.ValidString(o.Key):
		return errors.New("the key is not valid UTF-8")
	case o.Body.Len() > maxObjectSize:
		return fmt.Errorf("the object has %d bytes, more than S3 can hold", o.Body.Len())
	}
	if n := MetadataSize(s.metadata(o)); n > MaxMetadata {
		return fmt.Errorf("the metadata has %d bytes, S3 stores %d", n, MaxMetadata)
	}
	return validateMetadata(o.Metadata)
}

func (s *Store) putSingle(ctx context.Context, o Object) (Result, error) {
	input := s.objectParams(o).put()
	size := o.Body.Len()
	sum := s.settled(o).sums()
	input.ChecksumCRC32C, input.ChecksumCRC64NVME, input.ChecksumSHA256 = sum.crc32c, sum.crc64nvme, sum.sha256
	input.ContentMD5, input.ContentLength = sum.md5, aws.Int64(size)
	input.IfNoneMatch, input.IfMatch = s.ifNoneMatch(o), optional(o.IfMatch)

	var output *s3.PutObjectOutput
	out, err := s.do(ctx, request{
		op: OpPutObject, key: o.Key, size: size, conditional: input.IfNoneMatch != nil, recalled: o.Recalled,
		send: func(ctx context.Context, watch func(io.ReadSeeker) io.ReadSeeker) (err error) {
			attempt := *input
			attempt.Body = watch(o.Body.Section(0, size))
			output, err = s.client.PutObject(ctx, &attempt)
			return err
		},
	})
	result := Result{Attempts: out.attempts}
	if err != nil {
		if errors.Is(err, errDamaged) {
			s.withdraw(ctx, o.Key)
			return result, certain(err)
		}
		if o.IfMatch != "" {
			return result, changed(err)
		}
		return s.recoverOwn(ctx, o, result, out, err)
	}
	if err := s.encrypted(OpPutObject, o.Key, output.ServerSideEncryption, output.SSEKMSKeyId); err != nil {
		s.withdraw(ctx, o.Key)
		return result, err
	}
	result.ETag, result.VersionID = aws.ToString(output.ETag), aws.ToString(output.VersionId)
	return result, nil
}

// changed says of a refusal that the object which was to be replaced is another one,
// or none.
func changed(err error) error {
	var e *Error
	if errors.As(err, &e) && (errors.Is(err, ErrExists) || e.Code == "NoSuchKey") {
		e.Class, e.is = ClassExists, ErrChanged
	}
	return err
}

// ifNoneMatch is the condition that the key is free, unless conditions are
// switched off.
func (s *Store) ifNoneMatch(o Object) *string {
	if !o.IfNoneMatch || s.cfg.Conditions == NeverConditions {
		return nil
	}
	return aws.String("*")
}

// recoverOwn decides about a conditional write that found the key taken. When
// an earlier attempt may have stored the object, the one that is there may be
// ours, and its identity tells. Where it cannot be read the answer is
// ErrExists: the caller takes another key, which may leave a duplicate behind
// but never loses anything. [Error.OutcomeUnknown] tells whether it was read, and
// [Error.Vacant] that nothing was there.
func (s *Store) recoverOwn(ctx context.Context, o Object, r Result, out outcome, err error) (Result, error) {
	if !errors.Is(err, ErrExists) || o.Identity == "" || (!out.unknown && !o.MayExist) {
		return r, err
	}
	mine, bad := s.own(ctx, o)
	switch {
	case mine == Unknown && passes(bad):
		return r, unread(bad, err)
	case mine != Unknown && bad != nil:
		return r, bad
	case mine == Shown:
		r.Recovered = true
		return r, nil
	case mine == Refuted:
		return r, certain(err)
	}
	var e *Error
	if errors.As(err, &e) {
		e.OutcomeUnknown = true // also where an earlier Put left the doubt
		e.Vacant = errors.Is(bad, ErrNotFound)
	}
	return r, err
}

// passes reports whether an object that could not be read may be read later: the
// store is away, or does not know us at present. A right that is missing says nothing
// of that kind.
func passes(err error) bool {
	c := ClassOf(err)
	return c.DestinationLevel() && c != ClassDenied && c != ClassKMS
}

// unread is why the object under a taken key could not be read, which may be this
// one. Whoever puts it again under this key later makes no copy.
func unread(why, taken error) error {
	var e, exists *Error
	if errors.As(why, &e) && errors.As(taken, &exists) {
		exists.OutcomeUnknown, e.OutcomeUnknown = true, true
		e.Found = exists
	}
	return why
}

// Taken returns what Put has found before it could not read the object under the
// key: an [ErrExists] with [Error.OutcomeUnknown]. It returns nil for other errors.
func Taken(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return e.Found
	}
	return nil
}

// own is what is known of whether the object under the key is this one, whole and
// encrypted as configured: its first answer, which would have told, was lost. It
// stays unknown where the object cannot be read, and the error says why. Otherwise the
// error is that it is ours and encrypted otherwise. An object whose encryption cannot
// be seen any more is removed, and its key counts as taken.
func (s *Store) own(ctx context.Context, o Object) (Known, error) {
	found, err := s.head(ctx, o.Key)
	if err != nil {
		return Unknown, err
	}
	if o.Identity == "" || userMetadata(found.Metadata)[IdentityKey] != o.Identity {
		return Refuted, nil
	}
	if n := found.ContentLength; n != nil && *n != o.Body.Len() {
		return Refuted, nil
	}
	if found.ServerSideEncryption == "" && s.params.Algorithm != "" && !s.cfg.TolerateEncryption {
		s.withdraw(ctx, o.Key)
		return Refuted, nil
	}
	if err := s.encrypted(OpHeadObject, o.Key, found.ServerSideEncryption, found.SSEKMSKeyId); err != nil {
		s.withdraw(ctx, o.Key)
		return Refuted, err
	}
	return Shown, nil
}
