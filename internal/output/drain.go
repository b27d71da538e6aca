package output

import (
	"context"
	"errors"
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spooled"
)

// DrainSpool stores everything that is in the spool of an output, and returns when
// nothing is left in it.
func DrainSpool(ctx context.Context, conf *config.Config, stream, label string, progress func(spool.Stats)) error {
	o, err := build(ctx, conf, service.MockResources(), identity{stream: stream, label: label, drains: true})
	if err != nil {
		return err
	}
	err = o.drainSpool(ctx, progress)
	return errors.Join(err, o.Close(context.WithoutCancel(ctx)))
}

func (o *Output) drainSpool(ctx context.Context, progress func(spool.Stats)) error {
	if v := o.monitor.Check(ctx); v.Err != nil {
		return fmt.Errorf("%s: %w", o.conf.Destination(), v.Err)
	}
	w, is := o.way.(*spooled.Way)
	if !is {
		return errors.New("the output has no spool: set spool.path")
	}
	if err := o.Connect(ctx); err != nil {
		return err
	}
	return w.Empty(ctx, progress)
}
