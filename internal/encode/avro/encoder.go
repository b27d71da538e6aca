package avro

import (
	"errors"
	"fmt"
	"io"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

const (
	// DefaultBlockSize is the default of Config.BlockSize: large enough for
	// the codecs, small enough for the cache.
	DefaultBlockSize = 128 << 10
	// DefaultRecordName is the default of Config.RecordName. A record that is
	// named record, in lower case, confuses readers.
	DefaultRecordName = "Record"

	// maxPlans bounds for how many schemas an encoder keeps plans.
	maxPlans = 8
)

// Config are the settings of the format.
type Config struct {
	// Codec is snappy (the default), deflate, zstandard or null.
	Codec string
	// Level is the level of deflate (1 to 9) or zstandard (1 to 22); 0 is the
	// default.
	Level int
	// BlockSize is the number of uncompressed bytes at which a block ends; 0
	// means DefaultBlockSize.
	BlockSize int
	// BinaryStrings makes strings bytes.
	BinaryStrings bool
	// RecordName is the Avro name of the records; empty means
	// DefaultRecordName.
	RecordName string
	// Metadata is noted in the header of every file. Keys that begin with
	// "avro." are reserved.
	Metadata []KeyValue
}

// KeyValue is one entry of a file's metadata.
type KeyValue struct{ Key, Value string }

// Encoder writes Avro object container files. It implements encode.Encoder.
type Encoder struct {
	config   Config
	registry *schema.Registry
	codec    *codec
	plans    []*plan
	writer   writer
	// ratio is the size of the last block in proportion to what is in it.
	ratio float64
	// taken is the record of each row of the current block.
	taken []int
}

var _ encode.Encoder = (*Encoder)(nil)

// New returns an encoder that takes the schema of its files from registry,
// which it shares with the other encoders of a destination.
func New(config Config, registry *schema.Registry) (*Encoder, error) {
	if config.BlockSize == 0 {
		config.BlockSize = DefaultBlockSize
	}
	if config.BlockSize < 0 || config.BlockSize > 1<<30 {
		return nil, fmt.Errorf("the block size %d is not between 1 byte and 1 GiB", config.BlockSize)
	}
	if config.RecordName == "" {
		config.RecordName = DefaultRecordName
	}
	if schema.AvroName(config.RecordName) != config.RecordName {
		return nil, fmt.Errorf("the record name %q is not a valid Avro name", config.RecordName)
	}
	c, err := newCodec(config.Codec, config.Level)
	if err != nil {
		return nil, err
	}
	registry.UseAvroNames()
	return &Encoder{config: config, registry: registry, codec: c}, nil
}

// Encode implements encode.Encoder. When a schema change shows after blocks
// were written, the file ends before it: a file has one schema.
func (e *Encoder) Encode(w io.Writer, records []record.Record, limit int64) (encode.Result, error) {
	f := &file{encoder: e, out: w, records: records, limit: limit}
	f.begin()
	if f.memory == nil {
		return f.result(), nil
	}
	known, final := f.memory.Schema(), false
	err := f.write(known, final)
	for errors.Is(err, errLearn) {
		// All records are learned from, also those that were taken already: what
		// columns become must not depend on which of them did not fit.
		memory := f.memory
		known, final = memory.Learn(known, f.own())
		f = &file{encoder: e, out: w, records: records, limit: limit}
		f.begin()
		f.memory = memory // even if it was forgotten meanwhile
		err = f.write(known, final)
	}
	if err != nil {
		return encode.Result{}, err
	}
	return f.result(), nil
}

// plan returns the plan for a schema; nil for a schema without fields.
func (e *Encoder) plan(s *schema.Schema, policy schema.Policy) (*plan, error) {
	if len(s.Fields) == 0 {
		return nil, nil
	}
	for _, p := range e.plans {
		// Another dataset may have the same fields.
		if p.schema == s || p.schema.Fingerprint() == s.Fingerprint() {
			return p, nil
		}
	}
	p, err := newPlan(s, e.config.RecordName, e.config.BinaryStrings, policy)
	if err != nil {
		return nil, err
	}
	if len(e.plans) == maxPlans {
		e.plans = append(e.plans[:0], e.plans[1:]...)
	}
	e.plans = append(e.plans, p)
	return p, nil
}
