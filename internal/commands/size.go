package commands

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

// sizeCommand predicts what a configuration makes of a load.
func sizeCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "size",
		Usage:     "Predict the objects, costs and memory of a configuration under a load, and say which setting is in the way",
		ArgsUsage: "CONFIG",
		Description: "Computes how large objects become and why they end, requests and processors and their prices, memory, batches in flight, un-acknowledged records, " +
			"delay, and duplicates after a kill. Nothing is contacted. The formulas are in docs/sizing.md. " +
			"The exit code is 0 when no setting is in the way, 1 when one is, 2 when the configuration or the sample cannot be read.",
		Flags: append([]cli.Flag{
			labelFlag,
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON"},
		}, loadFlags()...),
		Action: func(c *cli.Context) error {
			report, err := sizeReport(c)
			if err != nil {
				return err
			}
			if err := printReport(out, report, c.Bool("json")); err != nil {
				return cli.Exit(fmt.Sprintf("printing the report: %v", err), exitUsage)
			}
			if report.Warned() {
				return cli.Exit("", exitNo)
			}
			return nil
		},
	}
}

// loadFlags describe what arrives.
func loadFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Float64Flag{Name: "rate", Value: 1000, Usage: "records a second, over all processes"},
		&cli.StringFlag{Name: "row-bytes", Value: "1kB", Usage: "the mean size of a record"},
		&cli.IntFlag{Name: "partitions", Value: 1, Usage: "folders and names that get records at the same time"},
		&cli.IntFlag{Name: "kafka-partitions", Value: 1, Usage: "partitions of the topics"},
		&cli.IntFlag{Name: "replicas", Value: 1, Usage: "processes that share the load"},
		&cli.Float64Flag{Name: "cores", Value: 2, Usage: "cores of each process"},
		&cli.IntFlag{Name: "batch-rows", Usage: "records of a batch, where the input's batching policy does not tell"},
		&cli.Float64Flag{Name: "ratio", Usage: "bytes of the object for each byte of a record; the default is that of the format, measured on sample data"},
		&cli.StringFlag{Name: "sample", Usage: "a file of records, one a line, from which row-bytes and ratio are measured"},
		&cli.DurationFlag{Name: "upload", Usage: "how long encoding and storing an object takes; the default is an estimate"},
		&cli.Float64Flag{Name: "put-price", Value: 0.005, Usage: "the price of 1,000 PUT requests, in USD; the default is that of S3 Standard in us-east-1"},
		&cli.Float64Flag{Name: "core-price", Value: 0.045, Usage: "the price of a core for an hour, in USD; the default is that of a virtual core of AWS in us-east-1, on demand"},
	}
}

// sizeReport reads the configuration and the load.
func sizeReport(c *cli.Context) (*sizing.Report, error) {
	found, err := configured(c)
	if err != nil {
		return nil, err
	}
	r := &sizing.Report{}
	r.Destination, r.Input = found.Sizing()
	if n := c.Int("batch-rows"); n > 0 {
		r.Input.BatchRows = n
	}
	if err := readLoad(c, found, r); err != nil {
		return nil, cli.Exit(err.Error(), exitUsage)
	}
	r.Prediction = sizing.Predict(r.Destination, r.Input, r.Load)
	return r, nil
}

// readLoad takes the load from the flags and the sample.
func readLoad(c *cli.Context, found *inspect.Output, r *sizing.Report) error {
	size, err := humanize.ParseBytes(c.String("row-bytes"))
	if err != nil {
		return fmt.Errorf("reading --row-bytes: %q is not a size such as 800 or 2kB", c.String("row-bytes"))
	}
	r.Load = sizing.Load{
		Rate: c.Float64("rate"), RowBytes: float64(size),
		Partitions: c.Int("partitions"), KafkaPartitions: c.Int("kafka-partitions"), Replicas: c.Int("replicas"),
		Upload: c.Duration("upload"), Cores: c.Float64("cores"), RequestPrice: c.Float64("put-price"), CorePrice: c.Float64("core-price"),
	}
	if err := positive(r.Load); err != nil {
		return err
	}
	if !c.IsSet("cores") {
		r.Load.Cores = 0 // nobody has said it, so that too few of them are no mistake
	}
	r.Load.Ratio, _ = sizing.DefaultRatio(r.Destination.Format)
	r.RatioSource = "as on sample data: see --sample"
	if path := c.String("sample"); path != "" {
		if err := readSample(path, found, r); err != nil {
			return err
		}
	}
	switch ratio := c.Float64("ratio"); {
	case ratio < 0:
		return fmt.Errorf("reading --ratio: it must be positive, got %v", ratio)
	case ratio > 0:
		r.Load.Ratio, r.RatioSource = ratio, "as given"
	}
	return nil
}

// positive refuses a load that is none.
func positive(l sizing.Load) error {
	for name, v := range map[string]float64{
		"rate": l.Rate, "row-bytes": l.RowBytes, "partitions": float64(l.Partitions),
		"kafka-partitions": float64(l.KafkaPartitions), "replicas": float64(l.Replicas), "cores": l.Cores,
	} {
		if !(v > 0) {
			return fmt.Errorf("reading --%s: it must be positive, got %v", name, v)
		}
	}
	if l.Upload < 0 || l.Upload > 24*time.Hour || l.RequestPrice < 0 || l.CorePrice < 0 {
		return fmt.Errorf("reading --upload, --put-price and --core-price: none may be negative, nor an upload take longer than a day")
	}
	return nil
}

// readSample measures the size and compression of records.
func readSample(path string, found *inspect.Output, r *sizing.Report) error {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("reading the sample: %w", err)
	}
	defer func() { _ = file.Close() }()
	s, err := found.Measure(file)
	if err != nil {
		return fmt.Errorf("measuring the sample %s: %w", path, err)
	}
	r.Load.RowBytes, r.Load.Ratio = s.RowBytes, s.Ratio
	r.RatioSource = fmt.Sprintf("measured on %s rows of %s partitions", sizing.Count(float64(s.Rows)), sizing.Count(float64(s.Partitions)))
	if s.Refused > 0 {
		r.RatioSource += fmt.Sprintf(", %s of them refused", sizing.Count(float64(s.Refused)))
	}
	return nil
}
