package store

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// exchange is one attempt of one request: what is asked, and what became known
// about who is asked.
type exchange struct {
	op  Op
	key string
	// began is when the attempt did.
	began time.Time
	// waits is how many times the usual an answer is waited for.
	waits int
	clock
	// address is scheme and host of the server that is asked; nil before the
	// request leaves, which it does not before there are credentials.
	address atomic.Pointer[string]
	// connected: there is a connection to the server, or to the proxy.
	connected atomic.Bool
	// fromS3: the answer is that of S3, or of a store like it.
	fromS3 bool
}

type exchangeKey struct{}

// context marks the requests that the SDK makes for this attempt.
func (x *exchange) context(ctx context.Context) context.Context {
	return x.traced(context.WithValue(ctx, exchangeKey{}, x))
}

// exchangeOf finds the attempt that a request of the SDK belongs to; nil when
// it is none of ours.
func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// asked notes where a request goes.
func (x *exchange) asked(r *http.Request) {
	address := r.URL.Scheme + "://" + r.URL.Host
	x.address.Store(&address)
}

// where is the address of the server; empty when nothing was sent.
func (x *exchange) where() string {
	if address := x.address.Load(); address != nil {
		return *address
	}
	return ""
}
