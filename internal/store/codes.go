package store

import "strings"

// codePrecondition: a condition of the request does not hold (412).
const codePrecondition = "PreconditionFailed"

// codeConditionalConflict: two conditional writes to one key met (409).
const codeConditionalConflict = "ConditionalRequestConflict"

// byCode judges the error codes that S3, KMS, STS and the compatible stores are
// known to use, and reports whether it knew this one. Source:
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func byCode(v *verdict, message string) bool {
	if isKMS(v.code) {
		byKMSCode(v)
		return true
	}
	switch v.code {
	case codePrecondition:
		// If-None-Match found an object. On Complete it may hide in a 200.
		v.class, v.is = ClassExists, ErrExists
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired",
		// MinIO says this of an expired session, AWS of a token that does not
		// belong to the key: both are cured by fresh credentials, if by anything.
		"InvalidAccessKeyId", "InvalidToken", "InvalidTokenId", "InvalidClientTokenId", "UnrecognizedClientException":
		v.class, v.retry = ClassCredentials, retryRefresh
	case "SignatureDoesNotMatch", "InvalidSecurity", "NotSignedUp", "CredentialsNotSupported",
		"MissingSecurityHeader", "AuthFailure", "MissingAuthenticationToken", "IncompleteSignature",
		"InvalidSignatureException", "AccountProblem", "XMinioAdminInvalidAccessKey", "XAdminUserNotFound":
		// The secret is wrong or the account is: the next try is no better.
		v.class = ClassCredentials
	case "AccessDenied", "AccessDeniedException", "AllAccessDisabled", "AccessForbidden", "Forbidden",
		"UnauthorizedAccess", "InvalidPayer":
		v.class = ClassDenied
		switch {
		case strings.Contains(message, "API port"):
			// "S3 API Request made to Console port. S3 Requests should be sent
			// to API port.": MinIO's console says so with a code of S3's.
			v.class, v.advice = ClassNotS3, "set endpoint to the port of the store's S3 API: this is that of its console"
		case mentionsKMS(message):
			// "... is not authorized to perform: kms:GenerateDataKey": S3 lets
			// us write, the key does not.
			v.class = ClassKMS
		}
	case "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull":
		// Ceph and MinIO; no policy is at fault.
		v.class, v.is, v.advice = ClassDenied, errFull, "the store is full, or the quota of the bucket or of its user is used up: free space, or raise the quota"
	case "NoSuchBucket":
		v.class = ClassNoBucket
	case "InvalidBucketName":
		v.class, v.advice = ClassNoBucket, "correct the name of the bucket"
	case "SecondLevelDomainForbidden":
		// Alibaba Cloud OSS, to the name of a bucket in the path.
		v.class, v.advice = ClassNoBucket, "set force_path_style_urls to false: this store wants the bucket in the host name"
	case "NoSuchKey", "NotFound":
		v.class, v.is = ClassInvalid, ErrNotFound
	case "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed",
		"IllegalLocationConstraintException", "InvalidRegion":
		v.class = ClassWrongRegion
		if v.region == "" {
			v.region = regionFrom(message)
		}
		if v.code == "AuthorizationHeaderMalformed" && v.region == "" && !strings.Contains(message, "region") {
			// The other way to malform it: an impossible access key.
			v.class = ClassCredentials
		}
	case "RequestTimeTooSkewed", "RequestInTheFuture":
		// The SDK has learnt the difference from this answer and signs the next
		// request with it.
		v.class, v.retry = ClassClockSkew, retryOnce
	default:
		return byTransientCode(v) || byInvalidCode(v, message)
	}
	return true
}

const adviceDamaged = "the store received other bytes than were sent: a proxy or faulty hardware changes them"

// byTransientCode judges the codes that pass by themselves.
func byTransientCode(v *verdict) bool {
	switch v.code {
	case "SlowDown", "SlowDownRead", "SlowDownWrite", "ServiceUnavailable", "Throttling", "ThrottlingException",
		"ThrottledException", "RequestThrottled", "RequestThrottledException", "RequestLimitExceeded",
		"TooManyRequests", "TooManyRequestsException", "TooManyRequestsExpection", "BandwidthLimitExceeded",
		"PriorRequestNotComplete", "Busy":
		// Documented as a refusal, yet gateways use the same words for less.
		v.class, v.retry, v.sent = ClassThrottled, retryBackoff, true
	case "InternalError", "InternalFailure", "InternalServerError", "XMinioServerNotInitialized", "BadGateway", "GatewayTimeout",
		"XMinioBackendDown", "IDPCommunicationError":
		// S3's own trouble. Complete reports it inside a 200 as well.
		v.class, v.retry, v.sent = ClassNetwork, retryBackoff, true
	case "RequestTimeout", "RequestTimeoutException", "IncompleteBody":
		// Our bytes came too slowly or not at all, so nothing was stored.
		v.class, v.retry = ClassNetwork, retryBackoff
	case "OperationAborted", codeConditionalConflict:
		// 409: another write to the same key is in progress; when it is done we
		// learn who won.
		v.class, v.retry = ClassNetwork, retryBackoff
	case "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest":
		// Bytes were damaged on the way, which does not happen twice; if it
		// does, the damage is ours.
		v.class, v.retry = ClassInvalid, retryOnce
		v.advice = adviceDamaged
	default:
		return false
	}
	return true
}

// byInvalidCode judges the codes that repeat for ever.
func byInvalidCode(v *verdict, message string) bool {
	switch v.code {
	case "NoSuchUpload", "InvalidPart", "InvalidPartOrder":
		// Somebody aborted the upload (a lifecycle rule?) or the store forgot a
		// part: this upload is lost, the object is not.
		v.class, v.is = ClassInvalid, errStaleUpload
	case "NotImplemented", "XNotImplemented":
		v.class, v.is = ClassInvalid, ErrNotImplemented
	case "InvalidArgument", "InvalidRequest", "MissingContentMD5":
		v.class, v.advice = ClassInvalid, checksumAdvice(message)
		if mentionsKMS(message) {
			v.class = ClassKMS
		}
	case "AccessControlListNotSupported":
		// Since 2023 the default of new buckets, which take only this one.
		v.class, v.advice = ClassInvalid, "set acl to bucket-owner-full-control, or remove it: ACLs are switched off for this bucket (Object Ownership)"
	case "EntityTooLarge":
		v.class, v.advice = ClassInvalid, "lower max_file_size"
	case "KeyTooLongError", "KeyTooLong":
		v.class, v.advice = ClassInvalid, "shorten folder or file_name: a key has at most 1024 bytes"
	case "InvalidStorageClass":
		v.class, v.advice = ClassInvalid, "correct storage_class"
	case "InvalidTag":
		v.class, v.advice = ClassInvalid, "correct tags"
	case "MetadataTooLarge":
		v.class, v.advice = ClassInvalid, "user metadata is limited to 2 KB"
	case "EntityTooSmall", "MethodNotAllowed", "InvalidURI", "MalformedXML", "MissingContentLength",
		"ObjectLockConfigurationNotFoundError", "InvalidBucketState", "MaxMessageLengthExceeded":
		v.class = ClassInvalid
	default:
		return false
	}
	return true
}

// isKMS knows AWS ("KMS.DisabledException") and MinIO ("kms:KeyNotFound").
func isKMS(code string) bool {
	return strings.HasPrefix(code, "KMS.") || strings.HasPrefix(strings.ToLower(code), "kms:") ||
		strings.HasPrefix(code, "XMinioKMS") || strings.HasPrefix(code, "XMinioKms")
}

func mentionsKMS(message string) bool {
	lower := strings.ToLower(message)
	return strings.Contains(lower, "kms:") || strings.Contains(lower, "kms key") || strings.Contains(lower, "aws kms")
}

func byKMSCode(v *verdict) {
	v.class = ClassKMS
	switch {
	case strings.Contains(v.code, "Throttl"), strings.Contains(v.code, "LimitExceeded"):
		v.class, v.retry = ClassThrottled, retryBackoff
	case strings.Contains(v.code, "Internal"), strings.Contains(v.code, "DependencyTimeout"),
		strings.Contains(v.code, "KeyUnavailable"), v.status >= 500:
		// KMS hiccups pass; the class stays, since they are not S3's.
		v.retry, v.advice = retryBackoff, "the key service itself fails: check its health, and that the store reaches it"
	case strings.Contains(v.code, "Disabled"):
		v.advice = "enable the key again in KMS, or set encryption.kms_key to another one; no policy is at fault"
	case strings.Contains(v.code, "NotFound"):
		v.advice = "correct encryption.kms_key: there is no such key in the region of the bucket; a key of another account must be given as an ARN"
	case strings.Contains(v.code, "InvalidState"):
		v.advice = "look at the state of the key in KMS: it cannot be used, for example because it is about to be deleted; no policy is at fault"
	}
}

// checksumAdvice recognises the two ways in which a store complains of the
// setting checksum: it wants one, as S3 and others do for buckets with Object
// Lock, or it does not know the one it got.
func checksumAdvice(message string) string {
	lower := strings.ToLower(message)
	switch {
	case strings.Contains(lower, "unsupported header") && strings.Contains(lower, "x-amz-checksum"):
		return "set checksum to md5 or none: this store does not know the headers of the other checksums"
	case strings.Contains(lower, "content-md5"):
		return "set checksum to md5, or to crc32c where the store knows x-amz-checksum headers: a bucket with Object Lock wants one"
	}
	return ""
}
