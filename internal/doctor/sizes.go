package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/store"
)

// What is written to find out whether the size of requests matters: more than
// the megabyte that web servers allow unless told otherwise, and one full part
// of the smallest size with another one.
const (
	midSize  = 2 << 20
	manySize = 5<<20 + 1
	// sizedTimeout bounds each of them, on slow lines as well.
	sizedTimeout = time.Minute
)

// sizes writes larger objects than the health check does: a gateway may refuse
// them, and uploads in parts take other requests and, with a KMS key, other
// rights.
func (d *doctor) sizes(ctx context.Context) {
	mid := health.NewProber(d.store, health.ProbeConfig{Prefix: d.cfg.Probe.Prefix, Label: d.cfg.Probe.Label, Size: midSize})
	d.size(ctx, "write, 2 MiB", Required, "an object of 2 MiB", func(ctx context.Context) error {
		return mid.Probe(ctx).Err
	})
	matters, detail := Recommended, "an object of 5 MiB in two parts; only single records that are larger than max_file_size need it"
	if d.store.InParts(d.cfg.Probe.Largest) {
		matters, detail = Required, "an object of 5 MiB in two parts"
	}
	d.size(ctx, "write in parts", matters, detail, d.writeInParts)
	if d.leftover {
		// What stays must cost nothing.
		_ = step(ctx, func(ctx context.Context) error { return d.prober.Probe(ctx).Err })
	}
}

func (d *doctor) size(ctx context.Context, check string, w Weight, what string, try func(ctx context.Context) error) {
	began := time.Now()
	row := Row{Check: check, Result: Works, Matters: w}
	if err := bounded(ctx, sizedTimeout, try); err != nil {
		row.Result, row.Class, row.Detail = Fails, store.ClassOf(err), err.Error()
		op := store.OpPutObject
		if e := (*store.Error)(nil); errors.As(err, &e) {
			op = e.Op
		}
		row.Fixes = d.fixes(op, err)
	} else {
		row.Detail = fmt.Sprintf("%s, in %v", what, time.Since(began).Round(time.Millisecond))
	}
	d.report.add(row)
}

// writeInParts uploads the object of the health check in parts.
func (d *doctor) writeInParts(ctx context.Context) error {
	key := d.prober.Key()
	o := store.Object{Key: key, Body: store.BodyOf(make([]byte, manySize)), InParts: true}
	_, err := d.store.Put(ctx, o)
	if store.ClassOf(err) == store.ClassDenied && d.store.Conditional(manySize) == store.Shown {
		o.IfNoneMatch = true // a policy may demand it, as data is written with it
		_, err = d.store.Put(ctx, o)
	}
	if errors.Is(err, store.ErrExists) {
		err = nil // which is looked at when all else is well
	}
	if err == nil {
		_ = d.store.Delete(ctx, key) // reported by the check of its own
	}
	return err //nolint:wrapcheck // says all there is to say
}
