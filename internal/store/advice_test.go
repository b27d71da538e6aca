package store

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestAnErrorIsOneSentence: what, where, why, how often, and what to do. Where it
// was asked is said only where it is doubtful that S3 was there.
func TestAnErrorIsOneSentence(t *testing.T) {
	at := Error{Op: OpPutObject, Bucket: "b", Key: "k", Address: "http://host", reason: "because"}
	edit := func(edit func(*Error)) *Error {
		e := at
		edit(&e)
		return &e
	}
	for want, e := range map[string]*Error{
		"uploading s3://b/k: denied: because":                                  edit(func(e *Error) { e.Class, e.Attempts = ClassDenied, 1 }),
		"uploading s3://b/k: denied: because (after 2 attempts)":               edit(func(e *Error) { e.Class, e.Attempts = ClassDenied, 2 }),
		"uploading s3://b/k: denied: because: ask":                             edit(func(e *Error) { e.Class, e.Advice = ClassDenied, "ask" }),
		"uploading s3://b/k at http://host: network: because":                  edit(func(e *Error) { e.Class = ClassNetwork }),
		"uploading s3://b/k at http://host: not_s3: because":                   edit(func(e *Error) { e.Class = ClassNotS3 }),
		"uploading s3://b/k at http://host: invalid: because":                  edit(func(e *Error) { e.Class, e.is = ClassInvalid, errTooLarge }),
		"uploading s3://b/k: network: because":                                 edit(func(e *Error) { e.Class, e.Address = ClassNetwork, "" }),
		"listing s3://b: invalid: because":                                     edit(func(e *Error) { e.Op, e.Key, e.Class = OpListObjects, "", ClassInvalid }),
		"starting the multipart upload of s3://b/k: invalid: because":          edit(func(e *Error) { e.Op, e.Class = OpCreateMultipartUpload, ClassInvalid }),
		"completing the multipart upload of s3://b/k: invalid: because":        edit(func(e *Error) { e.Op, e.Class = OpCompleteMultipartUpload, ClassInvalid }),
		"aborting the multipart upload of s3://b/k: invalid: because":          edit(func(e *Error) { e.Op, e.Class = OpAbortMultipartUpload, ClassInvalid }),
		"deleting s3://b/k: invalid: because":                                  edit(func(e *Error) { e.Op, e.Class = OpDeleteObject, ClassInvalid }),
		"looking at s3://b/k: invalid: because":                                edit(func(e *Error) { e.Op, e.Class = OpHeadObject, ClassInvalid }),
		"GetBucketLocation s3://b/k: invalid: because":                         edit(func(e *Error) { e.Op, e.Class = "GetBucketLocation", ClassInvalid }),
		"uploading a part of s3://b/k: throttled: because (after 12 attempts)": edit(func(e *Error) { e.Op, e.Class, e.Attempts = OpUploadPart, ClassThrottled, 12 }),
	} {
		assert.Equal(t, want, e.Error())
	}
	cause := errors.New("cause")
	both := &Error{Err: cause, is: ErrNotFound}
	require.ErrorIs(t, both, cause)
	require.ErrorIs(t, both, ErrNotFound)
	assert.Equal(t, []error{cause}, (&Error{Err: cause}).Unwrap())
}

// TestWhatToDo: each class has its advice, and what is known better replaces it.
func TestWhatToDo(t *testing.T) {
	s := newStore(t, s3test.StartT(t, s3test.Config{}), func(c *Config) { c.Region = "eu-west-3" })
	const better = "do this"
	for _, c := range []struct {
		v    verdict
		want string // a part of it; empty for none
	}{
		{verdict{class: ClassCredentials, advice: better}, "check the access key"},
		{verdict{class: ClassDenied}, "allow s3:PutObject on arn:aws:s3:::landing/* for this identity"},
		{verdict{class: ClassDenied, advice: better}, better},
		{verdict{class: ClassKMS}, "check encryption.kms_key"},
		{verdict{class: ClassKMS, advice: better}, better},
		{verdict{class: ClassNoBucket}, "create the bucket landing"},
		{verdict{class: ClassNoBucket, advice: better}, better},
		{verdict{class: ClassWrongRegion}, "it is not eu-west-3"},
		{verdict{class: ClassWrongRegion, region: "ap-south-1"}, "set region to ap-south-1"},
		{verdict{class: ClassThrottled}, "spread keys over more prefixes"},
		{verdict{class: ClassClockSkew}, "NTP"},
		{verdict{class: ClassNotS3, advice: better}, better},
		{verdict{class: ClassNetwork, advice: better, status: 500}, better},
		{verdict{class: ClassNetwork, status: 500}, "the store itself fails"},
		{verdict{class: ClassNetwork, status: 499}, ""},
		{verdict{class: ClassNetwork}, ""},
		{verdict{class: ClassInvalid, is: ErrNotImplemented}, "lacks a feature"},
		{verdict{class: ClassInvalid, is: ErrNotImplemented, advice: better}, better},
		{verdict{class: ClassInvalid, advice: better}, better},
		{verdict{class: ClassInvalid}, ""},
		{verdict{class: ClassCanceled, advice: better}, ""},
		{verdict{class: ClassExists, advice: better}, ""},
	} {
		got := s.advice(OpPutObject, c.v)
		assert.Equal(t, c.want == "", got == "", "%+v: %s", c.v, got)
		assert.Contains(t, got, c.want, "%+v", c.v)
	}
}

func TestWhichErrorsAreMattersOfRights(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&Error{Class: ClassDenied}, true},
		{&Error{Class: ClassDenied, is: errFull}, false},
		{&Error{Class: ClassKMS, Code: "AccessDenied"}, true},
		{&Error{Class: ClassKMS, Code: "KMS.DisabledException"}, false},
		{&Error{Class: ClassInvalid, Code: "AccessDenied"}, false},
		{errors.New("AccessDenied"), false},
	} {
		assert.Equal(t, c.want, MissingRight(c.err), "%+v", c.err)
	}
}

// TestVerdictsDependOnWhatWasAsked: the same answer means something else to
// another operation.
func TestVerdictsDependOnWhatWasAsked(t *testing.T) {
	const lock = "Access Denied because object protected by object lock"
	notFound := verdict{class: ClassInvalid, is: ErrNotFound}
	for _, c := range []struct {
		what string
		op   Op
		v    verdict
		want verdict
	}{
		{"a lock", OpPutObject, verdict{class: ClassDenied, reason: lock}, verdict{class: ClassExists, is: ErrExists, reason: lock}},
		{"a lock of parts", OpCompleteMultipartUpload, verdict{class: ClassDenied, reason: "WORM protected"}, verdict{class: ClassExists, is: ErrExists, reason: "WORM protected"}},
		{"a lock and no write", OpDeleteObject, verdict{class: ClassDenied, reason: lock}, verdict{class: ClassDenied, reason: lock}},
		{"words of a lock", OpPutObject, verdict{class: ClassInvalid, reason: lock}, verdict{class: ClassInvalid, reason: lock}},
		{"no lock", OpPutObject, verdict{class: ClassDenied, reason: "no"}, verdict{class: ClassDenied, reason: "no"}},
		{"no multipart", OpUploadPart, verdict{is: ErrNotImplemented}, verdict{is: ErrNotImplemented, advice: adviceNoMultipart}},
		{"no multipart", OpCreateMultipartUpload, verdict{is: ErrNotImplemented}, verdict{is: ErrNotImplemented, advice: adviceNoMultipart}},
		{"no multipart", OpCompleteMultipartUpload, verdict{is: ErrNotImplemented}, verdict{is: ErrNotImplemented, advice: adviceNoMultipart}},
		{"known better", OpUploadPart, verdict{is: ErrNotImplemented, advice: "x"}, verdict{is: ErrNotImplemented, advice: "x"}},
		{"something else", OpUploadPart, verdict{is: ErrNotFound}, verdict{is: ErrNotFound}},
		{"in one request", OpPutObject, verdict{is: ErrNotImplemented}, verdict{is: ErrNotImplemented}},
		{"a damaged part", OpUploadPart, verdict{is: errDamaged}, verdict{is: errDamaged, retry: retryOnce}},
		{"a damaged object", OpPutObject, verdict{is: errDamaged}, verdict{is: errDamaged}},
		{"a part in doubt", OpUploadPart, verdict{is: ErrExists}, verdict{is: ErrExists}},
		{"no bucket", OpPutObject, notFound, verdict{class: ClassNoBucket}},
		{"no bucket", OpListObjects, notFound, verdict{class: ClassNoBucket}},
		{"no bucket", OpCreateMultipartUpload, verdict{class: ClassInvalid, is: ErrNotFound, code: "NotFound"}, verdict{class: ClassNoBucket, code: "NotFound"}},
		{"a code of its own", OpPutObject, verdict{class: ClassInvalid, is: ErrNotFound, code: "NoSuchWeb"}, verdict{class: ClassInvalid, code: "NoSuchWeb"}},
		{"no object", OpHeadObject, notFound, notFound},
		{"another conflict", OpCompleteMultipartUpload, verdict{retry: retryBackoff, code: "OperationAborted"}, verdict{retry: retryBackoff, code: "OperationAborted"}},
		{"a conflict", OpCompleteMultipartUpload, verdict{retry: retryBackoff, code: codeConditionalConflict}, verdict{is: errStaleUpload, code: codeConditionalConflict}},
		{"a conflict in one request", OpPutObject, verdict{retry: retryBackoff, code: codeConditionalConflict}, verdict{retry: retryBackoff, code: codeConditionalConflict}},
	} {
		assert.Equal(t, c.want, forOp(c.op, c.v), "%s of %s", c.what, c.op)
	}
}

// TestWhatAnswersTeach: rights by what is allowed or denied, conditions by what
// is refused for them.
func TestWhatAnswersTeach(t *testing.T) {
	for _, c := range []struct {
		what        string
		op          Op
		conditional bool
		v           verdict
		about       Ability
		want        Known
	}{
		{"a list", OpListObjects, false, verdict{}, List, Shown},
		{"a denied list", OpListObjects, false, verdict{class: ClassDenied}, List, Refuted},
		{"a failure", OpListObjects, false, verdict{class: ClassNetwork}, List, Unknown},
		{"no object", OpHeadObject, false, verdict{class: ClassInvalid, is: ErrNotFound}, Head, Shown},
		{"no upload", OpAbortMultipartUpload, false, verdict{class: ClassInvalid, is: errStaleUpload}, Abort, Shown},
		{"something invalid", OpDeleteObject, false, verdict{class: ClassInvalid}, Delete, Unknown},
		{"a write", OpPutObject, true, verdict{}, ConditionalPut, Unknown},
		{"a proven refusal", OpPutObject, true, verdict{class: ClassExists, proof: true}, ConditionalPut, Shown},
		{"a refusal of a gateway", OpPutObject, true, verdict{class: ClassExists}, ConditionalPut, Unknown},
		{"another proof", OpPutObject, true, verdict{class: ClassDenied, proof: true}, ConditionalPut, Unknown},
		{"no condition", OpPutObject, false, verdict{class: ClassExists, proof: true}, ConditionalPut, Unknown},
		{"not implemented", OpPutObject, true, verdict{is: ErrNotImplemented}, ConditionalPut, Refuted},
		{"not implemented, no condition", OpPutObject, false, verdict{is: ErrNotImplemented}, ConditionalPut, Unknown},
		{"of parts", OpCompleteMultipartUpload, true, verdict{class: ClassExists, proof: true}, ConditionalComplete, Shown},
		{"of no such operation", OpDeleteObject, true, verdict{class: ClassExists, proof: true}, ConditionalPut, Unknown},
	} {
		var l learned
		l.from(request{op: c.op, conditional: c.conditional}, c.v)
		var want Capabilities
		want[c.about] = c.want
		assert.Equal(t, want, l.snapshot(), c.what)
	}
}
