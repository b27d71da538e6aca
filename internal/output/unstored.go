package output

import (
	"errors"

	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

// Unstored tells what this output has not stored, as things are now.
func (o *Output) Unstored() unstored.Report {
	never := o.tried.Load() && !o.way.Reached()
	r := o.account.Report(never, o.trouble)
	r.Destination = o.conf.Destination()
	return r
}

// trouble is what keeps records from being stored now.
func (o *Output) trouble() (store.Class, error) {
	if s := o.monitor.Status(); s.State == health.Unhealthy {
		return s.Class, s.Err
	}
	if c := o.watch.Failing(); c != "" {
		return c, errors.New("requests failed until the end")
	}
	return store.ClassCanceled, errors.New("there was not enough time: shutdown_timeout is how long an end may take")
}

// Memory is the memory limit, with what waits beside it, in bytes.
func (o *Output) Memory() int64 { return o.conf.MemoryLimit + o.metrics.Beyond() }
