package output

import (
	"context"
	"errors"
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/spool"
)

// SpoolDir is the directory of the spool of the output with that label, in
// streams mode of that stream.
func SpoolDir(conf *config.Config, stream, label string) string {
	return spoolDir(conf.Spool.Path, stream, label)
}

// DrainSpool stores everything that is in the spool of an output, and returns when
// nothing is left in it.
func DrainSpool(ctx context.Context, conf *config.Config, stream, label string, progress func(spool.Stats)) error {
	o, err := New(ctx, conf, service.MockResources())
	if err != nil {
		return err
	}
	o.stream, o.label = stream, label
	err = o.drainSpool(ctx, progress)
	return errors.Join(err, o.Close(context.WithoutCancel(ctx)))
}

func (o *Output) drainSpool(ctx context.Context, progress func(spool.Stats)) error {
	if v := o.monitor.Check(ctx); v.Err != nil {
		return fmt.Errorf("%s: %w", o.conf.Destination(), v.Err)
	}
	if err := o.connectSpool(ctx); err != nil {
		return err
	}
	return o.spooled.Load().courier.Empty(ctx, progress)
}
