package store

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// waiting makes "Expect: 100-continue", which the SDK sends with bodies of 2 MiB
// and more, mean something: the SDK gives its requests no version of the
// protocol, and net/http waits for an answer only where that is 1.1. Without it
// a body is sent although the store refuses the request by its headers (the key
// is taken, the rate is too high), and that answer may be lost when the store
// closes the connection under the body.
type waiting struct{ aws.HTTPClient }

// Do implements [aws.HTTPClient].
func (w waiting) Do(r *http.Request) (*http.Response, error) {
	if r.ProtoMajor == 0 {
		r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	}
	return w.HTTPClient.Do(r)
}
