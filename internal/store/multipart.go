package store

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// maxRestarts is how often an upload that the store has forgotten is begun
	// again from its first part.
	maxRestarts = 2
	// abortTimeout bounds the clean-up after a failure, when the caller's
	// context may long be over.
	abortTimeout = 30 * time.Second
	// hurriedAbort is that when somebody waits for a cancelled upload to end,
	// perhaps because the store does not answer at all.
	hurriedAbort = 2 * time.Second
	// completePatience: Complete may take S3 minutes for a large object.
	completePatience = 4
)

// putMultipart uploads in parts and starts over when the upload itself is lost.
func (s *Store) putMultipart(ctx context.Context, o Object, size int64) (Result, error) {
	total := Result{Multipart: true}
	for restart := 0; ; restart++ {
		result, out, err := s.uploadOnce(ctx, o, size)
		result.Multipart = true
		result.Attempts += total.Attempts
		total.Attempts = result.Attempts
		if err == nil {
			return result, nil
		}
		if errors.Is(err, errStaleUpload) {
			// A Complete whose answer was lost also ends the upload.
			if out.unknown {
				mine, bad := s.own(ctx, o)
				if mine != Unknown && (mine == Shown || bad != nil) {
					result.Recovered = mine == Shown
					return result, bad
				}
			}
			// From here on the key may be taken by ourselves.
			o.MayExist = o.MayExist || out.unknown
			if restart < maxRestarts && ctx.Err() == nil && !IsRecalled(o.Recalled) {
				continue
			}
		}
		if o.MayExist {
			doubt(err) // an earlier round may have completed unseen
		}
		return s.recoverOwn(ctx, o, result, out, err)
	}
}

// upload is one multipart upload under way.
type upload struct {
	store *Store
	o     Object
	id    string
	size  int64 // of each part but the last

	// reported: the answer to Create told the encryption, so that it has been
	// compared. Those who say nothing then, such as MinIO, tell it with every
	// part.
	reported bool
	differs  sync.Once // tells of a difference that is tolerated

	mu       sync.Mutex
	attempts int
	parts    []types.CompletedPart
	sums     []partSum
}

// uploadOnce runs create, parts and complete, and aborts unless all succeeded.
func (s *Store) uploadOnce(ctx context.Context, o Object, size int64) (Result, outcome, error) {
	u := &upload{store: s, o: o, size: size}
	if out, err := u.create(ctx); err != nil {
		if u.id != "" {
			u.abort(ctx)
		}
		// A lost answer may leave an empty upload behind that nobody can name.
		// It holds no parts; a lifecycle rule removes it.
		return Result{Attempts: out.attempts}, outcome{}, err
	}
	if err := u.sendParts(ctx); err != nil {
		// No part makes an object visible, so the outcome is certain.
		u.abort(ctx)
		return Result{Attempts: u.attempts}, outcome{}, certain(err)
	}
	result, out, err := u.complete(ctx)
	result.Attempts = u.attempts
	if err != nil {
		// If Complete did succeed unseen, the abort finds nothing to remove.
		u.abort(ctx)
	}
	return result, out, err
}

func (u *upload) create(ctx context.Context) (outcome, error) {
	s := u.store
	input := s.objectParams(u.o).create()
	input.ChecksumAlgorithm, input.ChecksumType = s.checksum.algorithm(), s.checksum.multipartType()
	var output *s3.CreateMultipartUploadOutput
	out, err := s.do(ctx, request{
		op: OpCreateMultipartUpload, key: u.o.Key, recalled: u.o.Recalled,
		send: func(ctx context.Context, _ func(io.ReadSeeker) io.ReadSeeker) (err error) {
			output, err = s.client.CreateMultipartUpload(ctx, input)
			return err
		},
	})
	u.attempts += out.attempts
	if err != nil {
		return out, certain(err)
	}
	u.id, u.reported = aws.ToString(output.UploadId), output.ServerSideEncryption != ""
	if u.reported {
		err = u.encrypted(OpCreateMultipartUpload, output.ServerSideEncryption, output.SSEKMSKeyId)
	}
	return out, err
}

// encrypted is [Store.encrypted] for an upload, whose parts all differ alike.
func (u *upload) encrypted(op Op, reported types.ServerSideEncryption, keyID *string) error {
	err := u.store.mismatch(op, u.o.Key, reported, keyID)
	if err == nil {
		return nil
	}
	u.differs.Do(func() { u.store.cfg.Observer.EncryptionDiffers(u.o.Key, err) })
	if u.store.cfg.TolerateEncryption {
		return nil
	}
	return err
}

// sendParts uploads all parts with bounded concurrency. It returns the first
// error, after every part in flight has ended: S3 may store a part that is
// still under way when the upload is aborted.
func (u *upload) sendParts(parent context.Context) error {
	total := u.o.Body.Len()
	n := max(int((total+u.size-1)/u.size), 1)
	u.parts, u.sums = make([]types.CompletedPart, n), make([]partSum, n)

	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	var wg sync.WaitGroup
	slots := make(chan struct{}, u.store.cfg.PartConcurrency)
	var once sync.Once
	var failure error
	for i := range n {
		slots <- struct{}{}
		if ctx.Err() != nil || IsRecalled(u.o.Recalled) {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := u.sendPart(ctx, i); err != nil {
				once.Do(func() {
					failure = err
					cancel(err)
				})
			}
		})
	}
	wg.Wait()
	if failure == nil && parent.Err() != nil {
		err := parent.Err()
		return u.store.newError(OpUploadPart, u.o.Key, classify(parent, err), err)
	}
	if failure == nil && IsRecalled(u.o.Recalled) {
		return u.store.newError(OpUploadPart, u.o.Key, verdict{class: ClassCanceled, reason: errRecalled.Error()}, errRecalled)
	}
	return failure
}

// errRecalled ends an upload of which some records are not to be stored.
var errRecalled = errors.New("some of the records are not ours to store any more")

// sendPart uploads part i, counted from 0, with its own retries.
func (u *upload) sendPart(ctx context.Context, i int) error {
	s, off := u.store, int64(i)*u.size
	n := min(u.size, u.o.Body.Len()-off)
	part := s.checksum.of(u.o.Body, off, n)
	sum := s.checksum.sums(part)
	number := aws.Int32(int32(i + 1))
	input := s3.UploadPartInput{
		Bucket: aws.String(s.cfg.Bucket), Key: aws.String(u.o.Key),
		UploadId: aws.String(u.id), PartNumber: number,
		ContentLength: aws.Int64(n), ContentMD5: sum.md5,
		ChecksumCRC32C: sum.crc32c, ChecksumCRC64NVME: sum.crc64nvme, ChecksumSHA256: sum.sha256,
		ExpectedBucketOwner: optional(s.cfg.ExpectedBucketOwner),
	}
	var output *s3.UploadPartOutput
	out, err := s.do(ctx, request{
		op: OpUploadPart, key: u.o.Key, size: n, recalled: u.o.Recalled,
		send: func(ctx context.Context, watch func(io.ReadSeeker) io.ReadSeeker) (err error) {
			attempt := input
			attempt.Body = watch(u.o.Body.Section(off, n))
			output, err = s.client.UploadPart(ctx, &attempt)
			return err
		},
	})
	if err == nil && !u.reported {
		err = u.encrypted(OpUploadPart, output.ServerSideEncryption, output.SSEKMSKeyId)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.attempts += out.attempts
	if err != nil {
		return err
	}
	u.sums[i] = part
	u.parts[i] = types.CompletedPart{
		ETag: output.ETag, PartNumber: number,
		ChecksumCRC32C: sum.crc32c, ChecksumCRC64NVME: sum.crc64nvme, ChecksumSHA256: sum.sha256,
	}
	return nil
}

func (u *upload) complete(ctx context.Context) (Result, outcome, error) {
	s := u.store
	whole, err := u.settled()
	if err != nil {
		return Result{}, outcome{}, s.newError(OpCompleteMultipartUpload, u.o.Key, verdict{class: ClassInvalid, reason: err.Error()}, err)
	}
	input := &s3.CompleteMultipartUploadInput{
		Bucket: aws.String(s.cfg.Bucket), Key: aws.String(u.o.Key), UploadId: aws.String(u.id),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
		IfNoneMatch:     s.ifNoneMatch(u.o),
		ChecksumType:    s.checksum.multipartType(),
		ChecksumCRC32C:  whole.crc32c, ChecksumCRC64NVME: whole.crc64nvme,
		ExpectedBucketOwner: optional(s.cfg.ExpectedBucketOwner),
	}
	var output *s3.CompleteMultipartUploadOutput
	out, err := s.do(ctx, request{
		op: OpCompleteMultipartUpload, key: u.o.Key, patience: completePatience, conditional: input.IfNoneMatch != nil, recalled: u.o.Recalled,
		send: func(ctx context.Context, _ func(io.ReadSeeker) io.ReadSeeker) (err error) {
			output, err = s.client.CompleteMultipartUpload(ctx, input)
			return err
		},
	})
	u.attempts += out.attempts
	if err != nil {
		if errors.Is(err, errDamaged) {
			s.withdraw(ctx, u.o.Key)
			err, out = certain(err), outcome{}
		}
		return Result{}, out, err
	}
	return Result{ETag: aws.ToString(output.ETag), VersionID: aws.ToString(output.VersionId)}, out, nil
}

// abort removes the parts. It runs on a context of its own, because the most
// frequent reason to abort is that the caller's has ended. Its failure is
// reported to the observer only: the upload's own error matters more.
func (u *upload) abort(ctx context.Context) {
	s := u.store
	limit := abortTimeout
	if ctx.Err() != nil {
		limit = hurriedAbort
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	_, err := s.do(ctx, request{
		op: OpAbortMultipartUpload, key: u.o.Key,
		send: func(ctx context.Context, _ func(io.ReadSeeker) io.ReadSeeker) error {
			_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
				Bucket: aws.String(s.cfg.Bucket), Key: aws.String(u.o.Key), UploadId: aws.String(u.id),
				ExpectedBucketOwner: optional(s.cfg.ExpectedBucketOwner),
			})
			return err
		},
	})
	if err != nil && !errors.Is(err, errStaleUpload) {
		s.cfg.Observer.UploadLeft(u.o.Key, err)
	}
}
