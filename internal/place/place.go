// Package place is where the objects of an output are: its bucket, or a directory
// instead of it.
package place

import (
	"context"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/directory"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/remember"
	"github.com/s3-destination/s3-destination/internal/store"
)

// Place is where an output writes to.
type Place interface {
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
	return Open(ctx, conf)
}

// Open opens the place that an output with that configuration writes to.
func Open(ctx context.Context, conf *config.Config) (Place, error) {
	if conf.Directory == "" {
		return store.New(ctx, conf.Store)
	}
	return directory.Open(directory.Config{
		Dir: conf.Directory, Conditions: conf.Store.Conditions, Metadata: conf.Store.Metadata,
		ContentType: conf.Store.ContentType, ContentEncoding: conf.Store.ContentEncoding, Observer: conf.Store.Observer,
	})
}
