package output

import (
	"context"
	"sync/atomic"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
)

// Register adds the output to Benthos' global environment.
func Register() error {
	if err := config.RegisterLint(); err != nil {
		return err
	}
	return service.RegisterBatchOutput(config.Name, config.Spec(), construct)
}

// redirect is where outputs that are made later write to; nil for their buckets.
var redirect atomic.Pointer[string]

// LandIn has the outputs that are made later write to a directory instead of their
// buckets.
func LandIn(dir string) { redirect.Store(&dir) }

func construct(parsed *service.ParsedConfig, res *service.Resources) (
	out service.BatchOutput, policy service.BatchPolicy, maxInFlight int, err error,
) {
	conf, err := config.Parse(parsed)
	if err != nil {
		return nil, policy, 0, err
	}
	if dir := redirect.Load(); dir != nil {
		if err := conf.LandIn(*dir); err != nil {
			return nil, policy, 0, err
		}
	}
	o, err := New(context.Background(), conf, res)
	if err != nil {
		return nil, policy, 0, err
	}
	return o, conf.Batching, conf.MaxInFlight, nil
}
