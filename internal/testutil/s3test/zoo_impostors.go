package s3test

import (
	"io"
	"net/http"
)

// impostors answer with a success where S3's proof of it is missing.
func impostors() []Mode {
	notS3 := func(words ...string) Verdict { return Refused("not_s3", words...).Astray(astray...) }
	return []Mode{
		{
			Name:    "captive-portal",
			About:   "The page where a network asks to log in: 200 and HTML to everything",
			Source:  "https://www.rfc-editor.org/rfc/rfc8952",
			Gateway: always(page(http.StatusOK, "Welcome! Please log in")),
			Single:  notS3("HTML", "login page"), Multipart: notS3("HTML", "login page"),
		},
		{
			Name:    "minio-console",
			About:   "The port of MinIO's console, which answers with its single page",
			Source:  "https://github.com/minio/minio/issues/12580",
			Gateway: always(page(http.StatusOK, "MinIO Console")),
			Single:  notS3("HTML", "console port"), Multipart: notS3("HTML", "console port"),
		},
		{
			Name:    "default-vhost",
			About:   "A web server without a site for this name answers 200 with an empty body",
			Gateway: always(empty(http.StatusOK)),
			Single:  notS3("ETag"), Multipart: notS3("does not answer like S3"),
		},
		{
			Name:    "no-content",
			About:   "A WebDAV server answers 201 or 204 to PUT, without an ETag",
			Source:  "https://www.rfc-editor.org/rfc/rfc4918#section-9.7",
			Gateway: always(empty(http.StatusCreated)),
			Single:  notS3("201"), Multipart: notS3("201"),
		},
		{
			Name:    "etag-stripped",
			About:   "A proxy that compresses or rewrites answers takes the ETag away",
			Source:  "https://nginx.org/en/docs/http/ngx_http_gzip_module.html",
			Gateway: always(without("Etag")),
			Single:  notS3("ETag"), Multipart: notS3("ETag"),
		},
		{
			Name:      "parts-without-etag",
			About:     "A gateway answers parts with 200 and no ETag, with which nothing can be completed",
			Gateway:   always(only(without("Etag"), "UploadPart")),
			Single:    Once(),
			Multipart: notS3("ETag", "part"),
		},
		{
			Name:      "upload-without-id",
			About:     "A gateway that knows no multipart uploads takes POST for something else and answers 200",
			Gateway:   always(only(empty(http.StatusOK), "CreateMultipartUpload")),
			Single:    Once(),
			Multipart: notS3("UploadId"),
		},
		{
			Name:      "complete-html",
			About:     "Complete passes through a portal that answers with a page",
			Gateway:   always(only(page(http.StatusOK, "Please wait"), "CompleteMultipartUpload")),
			Single:    Once(),
			Multipart: notS3("HTML"),
		},
		{
			Name:      "complete-empty",
			About:     "Complete is answered with 200 and nothing in it",
			Gateway:   always(only(empty(http.StatusOK), "CompleteMultipartUpload")),
			Single:    Once(),
			Multipart: notS3("complet"),
		},
	}
}

// astray is advice that is wrong where something else than S3 has answered.
var astray = []string{"set region", "create the bucket", "check the access key", "allow s3:"}

// page answers like a web server, once it has read the body.
func page(status int, title string) Action {
	return func(x *Exchange) {
		_, _ = io.Copy(io.Discard, x.R.Body)
		html(x.W, status, title)
	}
}

func html(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Server", "nginx")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<!DOCTYPE html>\n<html><head><title>"+title+"</title></head><body><h1>"+title+"</h1></body></html>\n")
}

func empty(status int) Action {
	return func(x *Exchange) {
		_, _ = io.Copy(io.Discard, x.R.Body)
		x.W.WriteHeader(status)
	}
}

// without carries the request out and takes a header of the answer away.
func without(header string) Action {
	return func(x *Exchange) {
		rec := answer(x)
		rec.Header().Del(header)
		say(x.W, rec)
	}
}
