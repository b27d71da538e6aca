package httpinput

import "github.com/redpanda-data/benthos/v4/public/service"

// Register adds the input to Benthos' global environment.
func Register() error {
	return service.RegisterBatchInput(Name, Spec(), func(parsed *service.ParsedConfig, res *service.Resources) (service.BatchInput, error) {
		conf, err := parse(parsed)
		if err != nil {
			return nil, err
		}
		return newInput(conf, res), nil
	})
}
