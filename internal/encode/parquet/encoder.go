package parquet

import (
	"errors"
	"fmt"
	"io"

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

	defaultCreatedBy = "s3-destination version 0.0.0 (build unknown)"

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
	// Compatibility is Widest unless set.
	Compatibility Compatibility
	// Cores, shared by the encoders of a destination, let one Encode call build
	// several row groups at once where cores are idle; nil and fewer than two
	// mean one after the other. Each core at work holds one row group. Records
	// that fill two row groups of 16 MiB are then divided evenly, so that row
	// groups may be smaller than RowGroupSize, but not than 16 MiB (where
	// RowGroupSize is not, and but for the last one of a file). How they are
	// divided does not depend on how many cores happen to be idle.
	Cores *Cores
}

// Compatibility says who must be able to read the files.
type Compatibility string

// Who must be able to read the files.
const (
	// Widest is for every engine in use, Spark 2.4 and Hive 3 among them: only
	// plain and dictionary encodings, no columns of the types UUID and TIME.
	Widest Compatibility = "widest"
	// Modern is for engines of today: delta encodings, and those types.
	Modern Compatibility = "modern"
)

// KeyValue is one entry of the footer's metadata.
type KeyValue struct{ Key, Value string }

func (c *Config) setDefaults() error {
	if c.RowGroupSize == 0 {
		c.RowGroupSize = DefaultRowGroupSize
	}
	if c.PageSize == 0 {
		c.PageSize = DefaultPageSize
	}
	if c.Compatibility == "" {
		c.Compatibility = Widest
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
	*worker
	registry *schema.Registry

	// ratio is the size of the last row group in proportion to its buffers, by
	// which the next one is cut to size.
	ratio float64
	// density is the size of the buffers of the last large row group in
	// proportion to its records.
	density float64
}

var _ encode.Encoder = (*Encoder)(nil)

// New returns an encoder that takes the schema of its files from registry,
// which it shares with the other encoders of a destination.
func New(config Config, registry *schema.Registry) (*Encoder, error) {
	if err := config.setDefaults(); err != nil {
		return nil, err
	}
	w, err := newWorker(&config)
	if err != nil {
		return nil, err
	}
	return &Encoder{worker: w, registry: registry}, nil
}

// Encode implements encode.Encoder. When a schema change shows after row
// groups were written, the file ends before it: a file has one schema.
func (e *Encoder) Encode(w io.Writer, records []record.Record, limit int64) (encode.Result, error) {
	e.config.Cores.enter()
	defer e.config.Cores.leave()
	f := e.file(w, records, limit)
	f.begin()
	if f.memory == nil {
		return f.result(), nil
	}
	known, final := f.memory.Schema(), false
	err := f.write(known, final)
	for errors.Is(err, errLearn) {
		// All records are learned from, also those that were taken already: what
		// columns become must not depend on which of them did not fit.
		known, final = f.memory.Learn(known, f.own())
		f = e.again(f)
		err = f.write(known, final)
	}
	if err != nil {
		return encode.Result{}, err
	}
	return f.result(), nil
}

// again returns the file as it was when it began.
func (e *Encoder) again(f *file) *file {
	fresh := e.file(f.out, f.records, f.limit)
	fresh.begin()
	fresh.memory = f.memory // even if it was forgotten meanwhile
	return fresh
}

func (e *Encoder) file(w io.Writer, records []record.Record, limit int64) *file {
	return &file{
		encoder: e, out: w, limit: limit,
		intake: intake{worker: e.worker, registry: e.registry, records: records},
	}
}
