package output

import (
	"context"
	"fmt"
	"strings"

	"github.com/s3-destination/s3-destination/internal/remember"
)

// keepColumns has the columns of datasets kept in the bucket, if they are to be.
func (o *Output) keepColumns() {
	if !o.conf.Format.InBucket {
		return
	}
	o.columns = remember.New(o.store, remember.Config{
		Prefix: o.conf.Layout.StaticPrefix(), GiveUpAfter: o.conf.Store.Retry.MaxElapsed, Waiting: o.metrics.ColumnsWait,
	})
	format, _, _ := strings.Cut(o.conf.Format.Name, "+")
	o.conf.Format.Columns.Keep(o.columns, format)
}

// proveColumns tells, before the first record, when columns cannot be kept in the
// bucket. Later on that is a warning.
func (o *Output) proveColumns(ctx context.Context) error {
	o.mu.Lock()
	taking := o.chunks != nil
	o.mu.Unlock()
	if o.columns == nil || taking {
		return nil
	}
	if err := o.columns.Prove(ctx); err != nil {
		return fmt.Errorf("%s: %w", o.conf.Destination(), err)
	}
	return nil
}
