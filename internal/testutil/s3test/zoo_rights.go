package s3test

import "net/http"

// rights are identities that may do less than everything, and buckets that let
// nothing go.
func rights() []Mode {
	return []Mode{
		{
			Name:   "put-only",
			About:  "The least policy, s3:PutObject alone: no list, get, delete or abort",
			Source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html",
			Store:  always(denied("ListObjectsV2", "HeadObject", "GetObject", "DeleteObject", "AbortMultipartUpload", "HeadBucket", "GetBucketLocation")),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "list-denied",
			About:  "A policy without s3:ListBucket",
			Store:  always(denied("ListObjectsV2")),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "head-denied",
			About:  "A policy without s3:GetObject",
			Store:  always(denied("HeadObject", "GetObject")),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "put-denied",
			About:  "A policy that grants everything but s3:PutObject",
			Store:  always(denied("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")),
			Single: Refused("denied", "allow s3:PutObject"), Multipart: Refused("denied", "allow s3:PutObject"),
		},
		{
			Name:   "versioned",
			About:  "A bucket with versions: every write makes a new one, and tells its id",
			Source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
			Store:  always(tellVersion),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:     "object-lock",
			About:    "A bucket with Object Lock demands a checksum with every write",
			Source:   "https://github.com/s3tools/s3cmd/issues/1436",
			Store:    always(demandChecksum),
			Settings: "checksum: crc32c\n",
			Single:   Once(), Multipart: Once(),
		},
		{
			Name:   "object-lock-endpoint",
			About:  "The same behind endpoint, where no checksum is sent by default",
			Source: "https://github.com/versity/versitygw/issues/1776",
			Store:  always(demandChecksum),
			Single: Refused("invalid", "x-amz-checksum", "set checksum"), Multipart: Refused("invalid", "x-amz-checksum", "set checksum"),
		},
		{
			Name:   "worm",
			About:  "A locked bucket without versions refuses to delete and to replace",
			Source: "https://docs.wasabi.com/docs/object-locking",
			Store: both(
				always(only(FailAfterBody(http.StatusForbidden, "AccessDenied", "Object is WORM protected and cannot be overwritten"), "DeleteObject")),
				keepWhatIsThere),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "ceph-quota",
			About:  "Ceph's gateway says QuotaExceeded with status 403, which is no matter of policies",
			Source: "https://docs.ceph.com/en/latest/radosgw/s3/",
			Store: always(only(FailAfterBody(http.StatusForbidden, "QuotaExceeded", ""),
				"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")),
			Single:    Refused("", "QuotaExceeded", "quota").Astray("allow s3:PutObject"),
			Multipart: Refused("", "QuotaExceeded", "quota").Astray("allow s3:PutObject"),
		},
	}
}

func denied(ops ...string) Action {
	return only(FailAfterBody(http.StatusForbidden, "AccessDenied", "Access Denied"), ops...)
}

func tellVersion(x *Exchange) {
	rec := answer(x)
	if rec.Code == http.StatusOK && (x.Req.Op == "PutObject" || x.Req.Op == "CompleteMultipartUpload") {
		rec.Header().Set("X-Amz-Version-Id", "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY")
	}
	say(x.W, rec)
}

// demandChecksum refuses what AWS refuses when a retention applies.
func demandChecksum(x *Exchange) {
	upload := x.Req.Op == "PutObject" || x.Req.Op == "UploadPart"
	if upload && x.R.Header.Get("Content-Md5") == "" && hasChecksum(x.Req) == "" {
		what := map[string]string{"PutObject": "Put Object", "UploadPart": "Put Part"}[x.Req.Op]
		FailAfterBody(http.StatusBadRequest, "InvalidRequest",
			"Content-MD5 OR x-amz-checksum- HTTP header is required for "+what+" requests with Object Lock parameters")(x)
		return
	}
	pass(x)
}

// keepWhatIsThere refuses to replace, whatever the condition says.
func keepWhatIsThere(s *Server) Action {
	return only(func(x *Exchange) {
		if _, there := s.Object(x.Req.Key); there && x.R.Header.Get("If-None-Match") == "" {
			FailAfterBody(http.StatusForbidden, "AccessDenied", "Object is WORM protected and cannot be overwritten")(x)
			return
		}
		pass(x)
	}, "PutObject", "CompleteMultipartUpload")
}
