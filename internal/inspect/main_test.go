package inspect

import (
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
)

// registerOnce makes the output's settings known to Benthos, without anything
// that could run.
var registerOnce = sync.OnceValue(func() error {
	return service.RegisterBatchOutput(config.Name, config.Spec(), nil)
})
