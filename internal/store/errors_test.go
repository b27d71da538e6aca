package store

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestAnswersAreClassified(t *testing.T) {
	t.Parallel()
	cases := []struct {
		status  int
		code    string
		message string
		class   Class
		tries   int // how often it is tried when it never passes, with 2 retries
	}{
		{403, "AccessDenied", "Access Denied", ClassDenied, 1},
		{403, "AccessDenied", "User: x is not authorized to perform: kms:GenerateDataKey on resource: y", ClassKMS, 1},
		{403, "AllAccessDisabled", "", ClassDenied, 1},
		{403, "AccessDenied", "S3 API Request made to Console port. S3 Requests should be sent to API port.", ClassNotS3, 1},
		{403, "QuotaExceeded", "", ClassDenied, 1},
		{507, "XMinioStorageFull", "Storage backend has reached its minimum free drive threshold.", ClassDenied, 1},
		{403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", ClassCredentials, 2},
		{403, "SignatureDoesNotMatch", "", ClassCredentials, 1},
		{400, "InvalidToken", "", ClassCredentials, 2},
		{403, "InvalidTokenId", "The security token included in the request is invalid", ClassCredentials, 2},
		{400, "ExpiredToken", "", ClassCredentials, 2},
		{400, "ExpiredTokenException", "", ClassCredentials, 2},
		{400, "TokenRefreshRequired", "", ClassCredentials, 2},
		{401, "", "", ClassCredentials, 1},
		{403, "RequestTimeTooSkewed", "", ClassClockSkew, 2},
		{404, "NoSuchBucket", "", ClassNoBucket, 1},
		{404, "", "", ClassNoBucket, 1},
		{400, "InvalidBucketName", "", ClassNoBucket, 1},
		{301, "PermanentRedirect", "", ClassWrongRegion, 1},
		{307, "TemporaryRedirect", "", ClassWrongRegion, 1},
		{301, "", "", ClassWrongRegion, 1},
		{400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-3'", ClassWrongRegion, 1},
		{400, "AuthorizationHeaderMalformed", "a non-empty Access Key (AKID) must be provided in the credential.", ClassCredentials, 1},
		{400, "IllegalLocationConstraintException", "", ClassWrongRegion, 1},
		{503, "SlowDown", "", ClassThrottled, 3},
		{503, "ServiceUnavailable", "", ClassThrottled, 3},
		{503, "", "", ClassThrottled, 3},
		{429, "", "", ClassThrottled, 3},
		{400, "RequestLimitExceeded", "", ClassThrottled, 3},
		{500, "InternalError", "", ClassNetwork, 3},
		{502, "", "", ClassNetwork, 3},
		{504, "Whatever", "", ClassNetwork, 3},
		{400, "RequestTimeout", "", ClassNetwork, 3},
		{400, "IncompleteBody", "", ClassNetwork, 3},
		{408, "", "", ClassNetwork, 3},
		{425, "", "", ClassNetwork, 3},
		{409, "ConditionalRequestConflict", "", ClassNetwork, 3},
		{409, "OperationAborted", "", ClassNetwork, 3},
		{400, "BadDigest", "", ClassInvalid, 2},
		{400, "XAmzContentSHA256Mismatch", "", ClassInvalid, 2},
		{400, "KMS.DisabledException", "", ClassKMS, 1},
		{400, "KMS.NotFoundException", "", ClassKMS, 1},
		{400, "KMS.InvalidStateException", "", ClassKMS, 1},
		{404, "kms:KeyNotFound", "", ClassKMS, 1},
		{400, "KMS.ThrottlingException", "", ClassThrottled, 3},
		{500, "KMS.InternalException", "", ClassKMS, 3},
		{500, "kms:KeyGenerationFailed", "failed to generate data key with KMS key", ClassKMS, 3},
		{403, "kms:NotAuthorized", "insufficient permissions to perform KMS operation", ClassKMS, 1},
		{400, "InvalidArgument", "Server Side Encryption with AWS KMS managed key requires HTTP header", ClassKMS, 1},
		{400, "InvalidArgument", "something else", ClassInvalid, 1},
		{400, "EntityTooLarge", "", ClassInvalid, 1},
		{400, "KeyTooLongError", "", ClassInvalid, 1},
		{400, "InvalidStorageClass", "", ClassInvalid, 1},
		{405, "MethodNotAllowed", "", ClassInvalid, 1},
		{418, "NeverHeardOf", "", ClassInvalid, 1},
		{501, "NotImplemented", "A header you provided implies functionality that is not implemented", ClassInvalid, 1},
		{412, "PreconditionFailed", "", ClassExists, 1},
		{412, "", "", ClassExists, 1},
	}
	for _, c := range cases {
		t.Run(http.StatusText(c.status)+" "+c.code, func(t *testing.T) {
			server := s3test.StartT(t, s3test.Config{})
			s := newStore(t, server, func(cfg *Config) { cfg.Retry.MaxRetries = 2 })
			server.Faults.Add(s3test.Rule{Do: s3test.Fail(c.status, c.code, c.message)})
			_, err := s.Put(t.Context(), Object{Key: "k", Body: BodyOf([]byte("x"))})
			require.Equal(t, c.class, ClassOf(err), "%v", err)
			assert.Equal(t, c.tries, server.Count("PutObject"))
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.code == "NotImplemented", errors.Is(err, ErrNotImplemented))
			if c.class.DestinationLevel() && c.class != ClassNetwork {
				assert.NotEmpty(t, e.Advice)
			}
		})
	}
}

func TestUnreachableStores(t *testing.T) {
	t.Parallel()
	plain := s3test.StartT(t, s3test.Config{})
	secure := s3test.StartT(t, s3test.Config{TLS: true})
	stopped, err := s3test.Start(s3test.Config{})
	require.NoError(t, err)
	stopped.Close()
	for name, c := range map[string]struct {
		endpoint string
		advice   string
		unknown  bool
	}{
		"nobody listens":    {stopped.URL, "nothing answers there", false},
		"no such host":      {"http://no-such-host.invalid", "does not resolve", false},
		"unknown authority": {secure.URL, "certificate is not trusted", false},
		"http behind https": {"https" + plain.URL[len("http"):], "speaks http", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, plain, func(cfg *Config) { cfg.Endpoint = c.endpoint; cfg.Retry.MaxRetries = 1 })
			_, err := put(t.Context(), s, "k", []byte("x"))
			require.Equal(t, ClassNetwork, ClassOf(err), "%v", err)
			require.ErrorContains(t, err, c.advice)
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.unknown, e.OutcomeUnknown)
		})
	}
}

func TestRightRegionIsNamed(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	server.Faults.Add(s3test.Rule{Times: 1, Do: s3test.Redirect("ap-south-1")})
	_, err := put(t.Context(), s, "k", []byte("x"))
	require.ErrorContains(t, err, "set region to ap-south-1")
	server.Faults.Add(s3test.Rule{Times: 1, Do: s3test.Fail(400, "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong; expecting 'eu-west-3'")})
	_, err = put(t.Context(), s, "k", []byte("x"))
	require.ErrorContains(t, err, "set region to eu-west-3")
}

func TestBadObjectsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	s := newStore(t, server, nil)
	for name, o := range map[string]Object{
		"no key":            {},
		"long key":          {Key: string(make([]byte, 1025))},
		"not UTF-8":         {Key: "a\xff"},
		"reserved metadata": {Key: "k", Metadata: map[string]string{"S3D-Identity": "x"}},
		"bad metadata":      {Key: "k", Metadata: map[string]string{"a b": "x"}},
	} {
		_, err := s.Put(t.Context(), o)
		require.Equal(t, ClassInvalid, ClassOf(err), name)
	}
	assert.Empty(t, server.Requests(""))
}

func TestClassOf(t *testing.T) {
	assert.Empty(t, ClassOf(nil))
	assert.Equal(t, ClassInvalid, ClassOf(errors.New("other")))
	assert.Equal(t, ClassKMS, ClassOf(errors.Join(context.Canceled, &Error{Class: ClassKMS})))
}

func TestClassesThatOpenTheBreaker(t *testing.T) {
	for _, c := range []Class{ClassCredentials, ClassDenied, ClassKMS, ClassNoBucket, ClassWrongRegion, ClassThrottled, ClassClockSkew, ClassNetwork} {
		assert.True(t, c.DestinationLevel(), c)
	}
	for _, c := range []Class{ClassInvalid, ClassCanceled, ClassExists, "", "new"} {
		assert.False(t, c.DestinationLevel(), c)
	}
	assert.True(t, ClassThrottled.Retryable())
	assert.False(t, ClassDenied.Retryable())
}

// A statement in a policy helps where a right is missing, and nowhere else: a
// key that is disabled wants to be enabled.
func TestOnlyMissingRightsAreMattersOfPolicies(t *testing.T) {
	for _, c := range []struct {
		status        int
		code, message string
		missing       bool
		advice        string
	}{
		{403, "AccessDenied", "Access Denied", true, "allow s3:PutObject on arn:aws:s3:::landing/*"},
		{403, "AccessDenied", "User: x is not authorized to perform: kms:GenerateDataKey on resource: y", true, "kms:GenerateDataKey"},
		{400, "KMS.DisabledException", "arn:aws:kms:... is disabled.", false, "enable the key again in KMS"},
		{400, "KMS.NotFoundException", "Invalid keyId", false, "correct encryption.kms_key: there is no such key"},
		{404, "kms:KeyNotFound", "key with given key ID does not exist", false, "correct encryption.kms_key: there is no such key"},
		{400, "KMS.KMSInvalidStateException", "arn:aws:kms:... is pending deletion.", false, "look at the state of the key"},
		{500, "kms:KeyGenerationFailed", "failed to generate data key with KMS key", false, "the key service itself fails"},
		{403, "SignatureDoesNotMatch", "", false, "check the access key"},
		{403, "QuotaExceeded", "", false, "free space, or raise the quota"},
		{400, "XMinioAdminBucketQuotaExceeded", "Bucket quota exceeded", false, "free space, or raise the quota"},
		{403, "AccessDenied", "S3 API Request made to Console port. S3 Requests should be sent to API port.", false, "set endpoint to the port of the store's S3 API"},
	} {
		server := s3test.StartT(t, s3test.Config{})
		server.Faults.Add(s3test.Rule{Do: s3test.FailAfterBody(c.status, c.code, c.message)})
		_, err := put(t.Context(), newStore(t, server, nil), "k", []byte("x"))
		assert.Equal(t, c.missing, MissingRight(err), c.code)
		assert.ErrorContains(t, err, c.advice)
	}
	assert.False(t, MissingRight(errors.New("something else")))
}

func TestTheRightToTagIsNamedWhereTagsAreWritten(t *testing.T) {
	server := s3test.StartT(t, s3test.Config{})
	server.Faults.Deny("PutObject")
	s := newStore(t, server, func(c *Config) { c.Tags = map[string]string{"team": "orders"} })
	_, err := put(t.Context(), s, "k", []byte("x"))
	require.ErrorContains(t, err, "allow s3:PutObject and s3:PutObjectTagging on arn:aws:s3:::landing/*")
}
