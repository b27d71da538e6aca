package config

import (
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// registerOnce makes the settings known to Benthos, without anything that could
// run.
var registerOnce = sync.OnceValue(func() error {
	if err := RegisterLint(); err != nil {
		return err
	}
	return service.RegisterBatchOutput(Name, Spec(), nil)
})
