package httpinput

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/sizing"
)

// Name is what the input is called in configurations.
const Name = sizing.OwnHTTP

const (
	fieldAddress   = "address"
	fieldPath      = "path"
	fieldFormat    = "format"
	fieldTimeout   = "timeout"
	fieldMetaQuery = "metadata_query"
	fieldMetaHead  = "metadata_headers"
	fieldRateLimit = "rate_limit"
	fieldAuth      = "auth"
	fieldUser      = "username"
	fieldPassword  = "password"
	fieldToken     = "bearer_token"
	fieldTLS       = "tls"
	fieldCert      = "cert_file"
	fieldKey       = "key_file"
	fieldClientCA  = "client_ca_file"
	fieldBody      = "max_body_bytes"
	fieldRequests  = "max_requests"
	fieldBuffered  = "max_buffered_bytes"
	fieldRead      = "read_timeout"
)

// Spec describes the configuration of the input.
func Spec() *service.ConfigSpec {
	return service.NewConfigSpec().
		Categories("Network").
		Summary("Takes records by HTTP, for the output s3_destination in the same pipeline, and answers a request when its records are stored.").
		Description(description).
		Fields(
			service.NewStringField(fieldAddress).
				Description("Where the server listens, as host:port. It is not the server of Benthos, which has `/metrics` and `/ready`.").
				Example("0.0.0.0:4196").Example("127.0.0.1:4196"),
			service.NewStringField(fieldPath).
				Description("The path that takes records. A path that ends in `/` takes all paths below it, too.").
				Default("/post"),
			service.NewStringAnnotatedEnumField(fieldFormat, map[string]string{
				formatAuto:   "`lines` where the content type is `application/x-ndjson`, `application/ndjson`, `application/jsonl`, `application/x-jsonlines` or `application/json-lines`. Otherwise `json_array` where the body begins with a bracket, and `json` where it does not.",
				formatLines:  "A record is a line, and empty lines are skipped. A line is not looked at: the output refuses one that is no JSON, alone.",
				formatJSON:   "Records are JSON values one behind the other, with any white space between them or none.",
				formatArray:  "Records are the elements of a JSON array, or of several arrays behind each other.",
				formatSingle: "The body is one record, as it is.",
			}).
				Description("How the records of a body are told apart.").
				Default(formatAuto),
			service.NewDurationField(fieldTimeout).
				Description("How long a request waits for its answer. It must be longer than `max_age` and an upload, except with a `spool`.").
				Default("30s"),
			service.NewStringListField(fieldMetaQuery).
				Description("Parameters of the URL that become metadata of the records, by their names. Without a name here clients can set no metadata.").
				Default([]any{}).Example([]string{"tenant"}),
			service.NewStringListField(fieldMetaHead).
				Description("Headers of the request that become metadata of the records, by the names as they are written here.").
				Default([]any{}).Example([]string{"X-Tenant"}),
			service.NewStringField(fieldRateLimit).
				Description("The label of a `rate_limit` resource, which is asked for each request.").
				Default(""),
			service.NewObjectField(fieldAuth,
				service.NewStringField(fieldUser).Description("The name for basic authentication.").Optional(),
				service.NewStringField(fieldPassword).Description("The password for it.").Optional().Secret(),
				service.NewStringField(fieldToken).Description("A token that clients send as `Authorization: Bearer TOKEN`.").Optional().Secret(),
			).Description("What clients must send. With both a name and a token either is enough; with neither everybody may send records. A setting that is written and empty is refused."),
			service.NewObjectField(fieldTLS,
				service.NewStringField(fieldCert).Description("The file of the server's certificate, in PEM, with those between it and its root. It is read when the input starts.").Default(""),
				service.NewStringField(fieldKey).Description("The file of its key.").Default(""),
				service.NewStringField(fieldClientCA).Description("The file of the roots of clients' certificates. With it only clients with such a certificate are served.").Default(""),
			).Description("HTTPS instead of HTTP, with HTTP/2."),
			service.NewStringField(fieldBody).
				Description("The largest body, after decompression. It is at most `max_buffered_bytes`.").
				Default("16MiB"),
			service.NewIntField(fieldRequests).
				Description("How many requests may wait for their answers at once, 1,000,000 at most. There may be twice as many connections; more are closed.").
				Default(10_000).Advanced(),
			service.NewStringField(fieldBuffered).
				Description("Bytes of records that may wait for their answers, with what each of them costs in memory. A request that is alone may exceed it by its body. Headers (16 KiB of a request at most), connections, and the decoders of zstd (8 MiB for each processor) come on top. `auto` is the sum of `memory_limit` of the outputs `s3_destination` in this process.").
				Default("auto").Example("256MiB").Advanced(),
			service.NewDurationField(fieldRead).
				Description("How long a client may take to send a request.").
				Default("30s").Advanced(),
		)
}

const description = `
A request is answered when all of its records are acknowledged: by the output without a
` + "`spool`" + ` when they are in S3, and with one when they are on disk. Requests that
wait at the same time share a batch, so that no ` + "`batching`" + ` is needed, and none of them
waits for another to come while there are few.

Bodies may be compressed (` + "`Content-Encoding: gzip`, `zstd`" + `). Records are parts of the
body and stay as they are; neither ` + "`unarchive`" + ` nor ` + "`decompress`" + ` is needed.

### Answers

| status | why | what was stored |
|---|---|---|
| 200 | all records are acknowledged | all |
| 400 | the body cannot be cut into records, or not be decompressed; the answer says where | nothing |
| 401 | no or wrong ` + "`auth`" + ` | nothing |
| 404, 405 | another path, another method than POST | nothing |
| 408 | the request has not come completely within ` + "`read_timeout`" + `, or the connection broke | nothing |
| 413 | the body is larger than ` + "`max_body_bytes`" + `, or has more records than there is memory for | nothing |
| 415 | a content encoding that is not known | nothing |
| 422 | the output has refused a record (` + "`on_bad_record: reject`" + `); the answer says why | the other records, where the output is the only one |
| 429 | ` + "`rate_limit`" + `; ` + "`Retry-After`" + ` says when to try again | nothing |
| 502 | the pipeline has taken the records, and has not stored all of them, as when S3 refuses them for good | perhaps a part |
| 503 | too much waits (` + "`max_requests`, `max_buffered_bytes`" + `), the pipeline takes nothing for ` + "`timeout`" + `, the process stops before it has taken the request, or the connection broke before that; ` + "`Retry-After`" + ` says when to try again | nothing |
| 504 | the pipeline has taken the records, and has not acknowledged them after ` + "`timeout`" + `, or before the process ended | perhaps all, later |

A stop answers requests that are still being sent at once, with 503. It does not wait for the
rest of them, because the pipeline takes nothing more. A request that is refused for another reason gets
that answer, and its rest is not waited for either. Requests that it has taken are answered when their records are stored.

A client that sends again after 502, 504 or a lost connection may have its records stored twice.

A request that shared a batch with a refused record is answered 200 or 422 by its own
records where nobody can mistake them. Where ` + "`s3_destination`" + ` is not the only output of the pipeline,
where it has ` + "`batching`" + `, and where processors drop or merge records, it may be answered 502.

### Metadata

` + "`http_server_request_path`, `http_server_remote_ip` and `http_server_user_agent`" + `, as the
` + "`http_server`" + ` of Benthos names them, and what ` + "`metadata_query` and `metadata_headers`" + ` name.
` + "`s3_destination_http_request`" + ` is a number that the records of a request share.

Use ` + "`http_server`" + ` for websockets, for multipart bodies, for answers that processors
make, and for pages in browsers (CORS).`
