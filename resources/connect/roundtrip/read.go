package roundtrip

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// read reads the objects of a kind with the components of Redpanda Connect.
func read(ctx context.Context, store *s3test.Server, o *object) ([]any, error) {
	builder := service.NewStreamBuilder()
	input := fmt.Sprintf(`
aws_s3:
  bucket: %s
  prefix: %s/
  region: %s
  endpoint: %s
  force_path_style_urls: true
  credentials: {id: %s, secret: %s}
  scanner: {%s}
`, store.Bucket, o.folder, s3test.Region, store.URL, store.AccessKey, store.SecretKey, o.scanner)
	var got gathered
	errs := []error{
		builder.SetLoggerYAML("level: ERROR"), builder.AddInputYAML(input), builder.AddConsumerFunc(got.take),
	}
	if o.decode != "" {
		errs = append(errs, builder.AddProcessorYAML(o.decode))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("configuring the stream: %w", err)
	}
	stream, err := builder.Build()
	if err != nil {
		return nil, fmt.Errorf("building the stream: %w", err)
	}
	if err := stream.Run(ctx); err != nil {
		return nil, fmt.Errorf("running the stream: %w", err)
	}
	return got.rows, errors.Join(got.errs...)
}

// gathered are the rows that a stream delivers. A message that a processor
// failed on is taken like any other: refused, it would come again for ever.
type gathered struct {
	mu   sync.Mutex
	rows []any
	errs []error
}

func (g *gathered) take(_ context.Context, m *service.Message) error {
	err := m.GetError()
	var row any
	if err == nil {
		row, err = m.AsStructured()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		g.errs = append(g.errs, err)
		return nil
	}
	g.rows = append(g.rows, row)
	return nil
}
