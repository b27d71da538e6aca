package output

import (
	"context"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/health"
)

// ConnectionTest runs the probe of the health check.
func (o *Output) ConnectionTest(ctx context.Context) service.ConnectionTestResults {
	var v health.Verdict
	if o.monitor != nil {
		v = o.monitor.Check(ctx)
	} else {
		v = o.prober.Probe(ctx)
	}
	if v.Err != nil {
		return service.ConnectionTestFailed(v.Err).AsList()
	}
	return service.ConnectionTestSucceeded().AsList()
}
