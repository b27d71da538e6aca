package output

import (
	"context"
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/directory"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/remember"
	"github.com/s3-destination/s3-destination/internal/store"
)

// objects is where an output writes to.
type objects interface {
	health.Store     // of the health check
	health.Uploads   // of records
	remember.Objects // of columns
	Landed           // for those who look at it
}

// Landed is what has been written, for those who look at it.
type Landed interface {
	Listing(ctx context.Context, prefix, after string, limit int) ([]store.Listed, error)
	Stat(ctx context.Context, key string) (store.About, error)
	Range(ctx context.Context, key string, off, n int64) ([]byte, error)
	Close()
}

// OpenLanded opens the place that an output with that configuration and label writes
// to.
func OpenLanded(ctx context.Context, conf *config.Config, label string) (Landed, error) {
	conf.Store.Auth.Label = label
	return openObjects(ctx, conf)
}

// redirect is where outputs that are made later write to; nil for their buckets.
var redirect atomic.Pointer[string]

// LandIn has the outputs that are made later write to a directory instead of their
// buckets.
func LandIn(dir string) { redirect.Store(&dir) }

// openObjects opens the place that objects are written to.
func openObjects(ctx context.Context, conf *config.Config) (objects, error) {
	if conf.Directory == "" {
		return store.New(ctx, conf.Store)
	}
	return directory.Open(directory.Config{
		Dir: conf.Directory, Conditions: conf.Store.Conditions, Metadata: conf.Store.Metadata,
		ContentType: conf.Store.ContentType, ContentEncoding: conf.Store.ContentEncoding, Observer: conf.Store.Observer,
	})
}
