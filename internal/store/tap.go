package store

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Tap is shown every answer of S3 before the SDK reads it, for facts that no
// method of [Store] returns: the clock of the server, the encryption that it
// reports. It must not touch the body, and is called from the goroutine of the
// request.
type Tap func(*http.Response)

type tapped struct {
	next s3.HTTPClient
	tap  Tap
}

// Do implements [s3.HTTPClient].
func (t tapped) Do(r *http.Request) (*http.Response, error) {
	resp, err := t.next.Do(r)
	if err == nil {
		t.tap(resp)
	}
	return resp, err
}
