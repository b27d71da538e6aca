package parquet

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

const (
	// DefaultRowGroupSize is the default of Config.RowGroupSize. Engines work
	// on row groups in parallel, and an encoder holds one in memory: 64 MiB is
	// the least that Spark and Athena read without waste.
	DefaultRowGroupSize = 64 << 20
	// DefaultPageSize is the default of Config.PageSize.
	DefaultPageSize = 1 << 20

	defaultCreatedBy = "s3-destination version 1.0.0 (build release)"

	// maxPlans bounds for how many schemas an encoder keeps buffers.
	maxPlans = 4
)

// Config are the settings of the format.
type Config struct {
	// Compression is zstd (the default), snappy, gzip, lz4_raw or none.
	Compression string
	// Level is the level of zstd (1 to 22) or gzip (1 to 9); 0 is the default.
	Level int
	// RowGroupSize is the number of uncompressed bytes at which a row group
	// ends; 0 means DefaultRowGroupSize.
	RowGroupSize int64
	// PageSize is about the number of uncompressed bytes of a page; 0 means
	// DefaultPageSize.
	PageSize int
	// BinaryStrings leaves out the annotation of strings, so that readers see
	// plain byte arrays.
	BinaryStrings bool
	// BloomColumns are the paths of columns that get bloom filters, such as
	// "user.id". The elements of a list are at "tags.list.element".
	BloomColumns []string
	// CreatedBy names the program in the footer.
	CreatedBy string
	// Metadata returns what to note in the footer about the records of a file,
	// in order. It may be nil, and is called more than once for a file.
	Metadata func(records []record.Record) []KeyValue
}

// KeyValue is one entry of the footer's metadata.
type KeyValue struct{ Key, Value string }

func (c *Config) setDefaults() error {
	if c.RowGroupSize == 0 {
		c.RowGroupSize = DefaultRowGroupSize
	}
	if c.PageSize == 0 {
		c.PageSize = DefaultPageSize
	}
	if c.CreatedBy == "" {
		c.CreatedBy = defaultCreatedBy
	}
	// A page's size is a 32-bit number, and so are positions in a row group.
	const most = 1 << 30
	if c.RowGroupSize < 0 || c.RowGroupSize > most {
		return fmt.Errorf("row_group_size %d is not between 1 and %d bytes", c.RowGroupSize, most)
	}
	if c.PageSize < 0 || c.PageSize > most {
		return fmt.Errorf("the page size %d is not between 1 and %d bytes", c.PageSize, most)
	}
	return nil
}

// Encoder writes Parquet files. It implements encode.Encoder.
type Encoder struct {
	config   Config
	registry *schema.Registry
	builder  builder
	plans    []*plan
	writer   writer

	// ratio is the size of the last row group in proportion to its buffers, by
	// which the next one is cut to size.
	ratio float64
	// rowRecord is the record of each row of the current row group.
	rowRecord []int
}

var _ encode.Encoder = (*Encoder)(nil)

// New returns an encoder that takes the schema of its files from registry,
// which it shares with the other encoders of a destination.
func New(config Config, registry *schema.Registry) (*Encoder, error) {
	if err := config.setDefaults(); err != nil {
		return nil, err
	}
	c, err := newCompressor(config.Compression, config.Level)
	if err != nil {
		return nil, err
	}
	return &Encoder{
		config: config, registry: registry,
		builder: builder{compressor: c, pageSize: config.PageSize},
	}, nil
}

// Encode implements encode.Encoder. When a schema change shows after row
// groups were written, the file ends before it: a file has one schema.
func (e *Encoder) Encode(w io.Writer, records []record.Record, limit int64) (encode.Result, error) {
	f := &file{encoder: e, out: w, records: records, limit: limit}
	f.begin()
	if f.memory == nil {
		return f.result(), nil
	}
	known := f.memory.Schema()
	err := f.write(known, false)
	if errors.Is(err, errLearn) {
		known = f.memory.Learn(records[f.next:])
		f = &file{encoder: e, out: w, records: records, limit: limit}
		f.begin()
		err = f.write(known, true)
	}
	if err != nil {
		return encode.Result{}, err
	}
	return f.result(), nil
}

// plan returns the plan for a schema; nil for a schema without fields.
func (e *Encoder) plan(s *schema.Schema) *plan {
	if len(s.Fields) == 0 {
		return nil
	}
	for _, p := range e.plans {
		if p.schema == s {
			return p
		}
	}
	p := newPlan(s, e.config.BinaryStrings)
	for _, c := range p.columns {
		c.bloom = slices.Contains(e.config.BloomColumns, pathOf(c.path))
	}
	if len(e.plans) == maxPlans {
		e.plans = append(e.plans[:0], e.plans[1:]...)
	}
	e.plans = append(e.plans, p)
	return p
}

func pathOf(parts []string) string {
	path := ""
	for _, p := range parts {
		path = join(path, p)
	}
	return path
}
