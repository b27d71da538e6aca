package scanner

import (
	"context"
	"io"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// Register adds the scanner to Benthos' global environment.
func Register() error {
	return service.RegisterBatchScannerCreator(Name, Spec(), func(parsed *service.ParsedConfig, _ *service.Resources) (service.BatchScannerCreator, error) {
		conf, err := parse(parsed)
		if err != nil {
			return nil, err
		}
		return &creator{conf}, nil
	})
}

// creator makes a stream of each source.
type creator struct{ conf *config }

// Create implements service.BatchScannerCreator. Nothing is read before the
// first batch is asked for.
func (c *creator) Create(source io.ReadCloser, ack service.AckFunc, details *service.ScannerSourceDetails) (service.BatchScanner, error) {
	return service.AutoAggregateBatchScannerAcks(newStream(c.conf, source, details), ack), nil
}

// Close implements service.BatchScannerCreator.
func (*creator) Close(context.Context) error { return nil }
