package s3test

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// stores are services and servers that mean well, each with its own idea of S3.
func stores() []Mode {
	return []Mode{
		{
			Name:     "aws",
			About:    "Amazon S3 honours conditions on PutObject and Complete, and echoes checksum and encryption",
			Source:   "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html",
			Store:    always(echoChecksums),
			Settings: "checksum: crc32c\nencryption: {mode: sse-s3}\n",
			Single:   Once(), Multipart: Once(),
		},
		{
			Name:   "minio",
			About:  "MinIO does as S3 does, and names no encryption when an upload is completed",
			Source: "https://docs.min.io/enterprise/aistor-object-store/developers/s3-api-compatibility/",
			Single: Once(), Multipart: Once(),
		},
		{
			Name:     "minio-without-kms",
			About:    "MinIO without a key service answers 501 to every encryption that is asked for, conditional or not",
			Source:   "https://github.com/minio/minio/blob/master/cmd/api-errors.go",
			Store:    always(refuseEncryption),
			Settings: "encryption: {mode: sse-s3}\n",
			Single:   Refused("invalid", "KMS is not configured", "encryption.mode"), Multipart: Refused("invalid", "KMS is not configured", "encryption.mode"),
		},
		{
			Name:   "ceph-radosgw",
			About:  "Ceph's gateway, LocalStack and others honour If-None-Match on PutObject and ignore it on Complete",
			Source: "https://github.com/ministackorg/ministack/pull/1435",
			Store:  always(only(ignoreCondition, "CompleteMultipartUpload")),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "moto",
			About:  "moto's Complete sees objects that PutObject stored, and not those of earlier multipart uploads",
			Source: "https://github.com/getmoto/moto/issues/9028",
			Store:  blindToMultipart,
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "seaweedfs-3.96",
			About:  "SeaweedFS up to 3.96, S3Proxy up to 2.5 and many gateways accept every condition and ignore it",
			Source: "https://github.com/seaweedfs/seaweedfs/issues/7153",
			Store:  always(ignoreCondition),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "seaweedfs-4.16",
			About:  "SeaweedFS 4.16 looks first and writes later: of writers at the same moment, all succeed",
			Source: "https://github.com/seaweedfs/seaweedfs/issues/8800",
			Store:  lookThenWrite,
			Single: Once(), Multipart: Once(),
		},
		{
			Name:    "gcs",
			About:   "Google Cloud Storage changes Accept-Encoding before it verifies the signature, and has no If-None-Match for writes",
			Source:  "https://github.com/aws/aws-sdk-go-v2/issues/1816",
			Gateway: always(refuseSignedAcceptEncoding),
			Store:   always(ignoreCondition),
			Single:  Once(), Multipart: Once(),
		},
		{
			Name:   "backblaze-b2",
			About:  "Backblaze B2 refuses x-amz-checksum headers, which are off by default for an endpoint",
			Source: "https://github.com/iterate-ch/cyberduck/issues/16107",
			Store:  always(refuseChecksums),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:     "backblaze-b2-checksum",
			About:    "Backblaze B2 with a checksum asked for",
			Source:   "https://github.com/home-assistant/core/issues/143995",
			Store:    always(refuseChecksums),
			Settings: "checksum: crc32c\n",
			Single:   Refused("invalid", "Unsupported header", "set checksum to", "none"), Multipart: Refused("invalid", "Unsupported header", "set checksum to", "none"),
		},
		{
			Name:   "oss",
			About:  "Alibaba Cloud OSS answers 501 NotImplemented to If-None-Match",
			Source: "https://github.com/tobi/walgit/issues/67",
			Store:  always(conditionNotImplemented(http.StatusNotImplemented)),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "oss-400",
			About:  "Alibaba Cloud OSS in other regions answers the same with status 400",
			Source: "https://github.com/poco-ai/Agentero/issues/362",
			Store:  always(conditionNotImplemented(http.StatusBadRequest)),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "r2",
			About:  "Cloudflare R2 wants all parts but the last of one size",
			Source: "https://github.com/apache/opendal/issues/2904",
			Store:  equalParts,
			Single: Once(), Multipart: Once(),
		},
		{
			Name:     "versitygw",
			About:    "VersityGW takes encryption headers and ignores them: what was asked for is not done, and nothing says so",
			Source:   "https://github.com/versity/versitygw",
			Store:    always(forgetEncryption),
			Settings: "encryption: {mode: sse-s3}\n",
			Single:   Refused("invalid", "encryption.on_mismatch"), Multipart: Refused("invalid", "encryption.on_mismatch"),
		},
		{
			Name:   "conflicts",
			About:  "S3 answers 409 ConditionalRequestConflict while another write of the key is under way; an upload must be begun anew",
			Source: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html",
			Store:  conflictOnce,
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "slow-down",
			About:  "S3 throttles: every other request is answered with 503 SlowDown",
			Source: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html",
			Store:  everyOther(SlowDown(0)),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "no-multipart",
			About:  "Some gateways have no multipart uploads, and answer 501",
			Source: "https://github.com/wpnpeiris/nats-s3/issues/68",
			Store: always(only(Fail(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented"),
				"CreateMultipartUpload")),
			Single: Once(), Multipart: Refused("invalid", "multipart", "upload.multipart_threshold"),
		},
	}
}

func ignoreCondition(x *Exchange) {
	x.R.Header.Del("If-None-Match")
	x.R.Header.Del("If-Match")
	pass(x)
}

// conditional reports whether a write is on a condition.
func conditional(r *http.Request) bool {
	return r.Method != http.MethodGet && (r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Match") != "")
}

func hasChecksum(r Request) (name string) {
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-Checksum-") || strings.HasPrefix(name, "X-Amz-Sdk-Checksum-") {
			return name
		}
	}
	return ""
}

// echoChecksums repeats the checksum where S3 does and gofakes3 does not.
func echoChecksums(x *Exchange) {
	name, value := "X-Amz-Checksum-Crc32c", x.R.Header.Get("X-Amz-Checksum-Crc32c")
	if value == "" || (x.Req.Op != "UploadPart" && x.Req.Op != "CompleteMultipartUpload") {
		pass(x)
		return
	}
	rec := answer(x)
	if rec.Code == http.StatusOK && x.Req.Op == "UploadPart" {
		rec.Header().Set(name, value)
	}
	if rec.Code == http.StatusOK && x.Req.Op == "CompleteMultipartUpload" {
		end := []byte("</CompleteMultipartUploadResult>")
		sum := fmt.Appendf(nil, "<ChecksumCRC32C>%s</ChecksumCRC32C><ChecksumType>FULL_OBJECT</ChecksumType>", value)
		rec.Body = bytes.NewBuffer(bytes.Replace(rec.Body.Bytes(), end, append(sum, end...), 1))
	}
	say(x.W, rec)
}

// refuseEncryption refuses what asks for encryption: the server has taken the
// headers off the request by now, and noted them in its answer.
func refuseEncryption(x *Exchange) {
	if x.W.Header().Get(encryptionHeader) != "" {
		FailAfterBody(http.StatusNotImplemented, "NotImplemented", "Server side encryption specified but KMS is not configured")(x)
		return
	}
	pass(x)
}

func forgetEncryption(x *Exchange) {
	x.W.Header().Del(encryptionHeader)
	pass(x)
}

const encryptionHeader = "X-Amz-Server-Side-Encryption"

// blindToMultipart remembers which objects Complete made.
func blindToMultipart(*Server) Action {
	var completed firsts
	return only(func(x *Exchange) {
		if !completed.first(x.Req.Key) {
			x.R.Header.Del("If-None-Match")
		}
		pass(x)
	}, "CompleteMultipartUpload")
}

// raceWindow lies between the look and the write of a store without locks: long
// enough that writers which begin together meet in it on a busy machine too.
const raceWindow = 300 * time.Millisecond

func lookThenWrite(s *Server) Action {
	return func(x *Exchange) {
		if x.R.Header.Get("If-None-Match") == "" {
			pass(x)
			return
		}
		if _, there := s.Object(x.Req.Key); there {
			FailAfterBody(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")(x)
			return
		}
		time.Sleep(raceWindow)
		ignoreCondition(x)
	}
}

// refuseSignedAcceptEncoding stands for a front end that appends ",gzip(gfe)"
// to the header, so that the signature is over another value.
func refuseSignedAcceptEncoding(x *Exchange) {
	_, signed, _ := strings.Cut(x.R.Header.Get("Authorization"), "SignedHeaders=")
	signed, _, _ = strings.Cut(signed, ",")
	if strings.Contains(";"+signed+";", ";accept-encoding;") {
		FailAfterBody(http.StatusForbidden, "SignatureDoesNotMatch", "Access denied.")(x)
		return
	}
	pass(x)
}

func refuseChecksums(x *Exchange) {
	if name := hasChecksum(x.Req); name != "" {
		FailAfterBody(http.StatusBadRequest, "InvalidArgument", fmt.Sprintf("Unsupported header '%s' received for this API call.", strings.ToLower(name)))(x)
		return
	}
	pass(x)
}

func conditionNotImplemented(status int) Action {
	return func(x *Exchange) {
		if conditional(x.R) {
			FailAfterBody(status, "NotImplemented", "A header you provided implies functionality that is not implemented.")(x)
			return
		}
		pass(x)
	}
}

// equalParts refuses an upload whose parts, the last one aside, differ in size.
func equalParts(*Server) Action {
	var mu sync.Mutex
	sizes := map[string]map[int]int64{} // by upload and number
	return func(x *Exchange) {
		id := x.Req.Query.Get("uploadId")
		mu.Lock()
		if x.Req.Op == "UploadPart" {
			n, _ := strconv.Atoi(x.Req.Query.Get("partNumber"))
			if sizes[id] == nil {
				sizes[id] = map[int]int64{}
			}
			sizes[id][n] = x.Req.ContentLength
		}
		uneven := x.Req.Op == "CompleteMultipartUpload" && uneven(sizes[id])
		mu.Unlock()
		if uneven {
			FailAfterBody(http.StatusBadRequest, "InvalidPart", "All non-trailing parts must have the same length.")(x)
			return
		}
		pass(x)
	}
}

func uneven(parts map[int]int64) bool {
	for n, size := range parts {
		if n < len(parts) && size != parts[1] || size > parts[1] {
			return true
		}
	}
	return false
}

// conflictOnce answers the first conditional write of every key with 409.
func conflictOnce(*Server) Action {
	var met firsts
	return only(func(x *Exchange) {
		if conditional(x.R) && met.first(x.Req.Key) {
			FailAfterBody(http.StatusConflict, "ConditionalRequestConflict", "The conditional request cannot succeed due to a conflicting operation against this resource.")(x)
			return
		}
		pass(x)
	}, "PutObject", "CompleteMultipartUpload")
}

// everyOther strikes on the first request, the third, and so on.
func everyOther(do Action) Layer {
	return func(*Server) Action {
		var mu sync.Mutex
		odd := false
		return func(x *Exchange) {
			mu.Lock()
			odd = !odd
			strike := odd
			mu.Unlock()
			if strike {
				do(x)
				return
			}
			pass(x)
		}
	}
}
