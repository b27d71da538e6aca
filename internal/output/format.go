package output

import (
	"fmt"
	"io"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

// fileFormats are the values of file_format.
var fileFormats = []string{"csv", "csv+gzip", "json", "json+gzip", "parquet", "avro"}

// defaultMaxFileSize is written with a space, so that it can be told from the
// same size chosen by a user, for whom rule 4 applies.
const defaultMaxFileSize = "128 MB"

// format is how data objects are written.
type format struct {
	name        string
	extension   string
	contentType string
	encoding    string
	newEncoder  func() encode.Encoder
	// identify tells the records of different schemas apart; nil when all
	// records of a partition may share a file.
	identify func(*record.Record) (string, error)
	// ratio is how many bytes of the object a byte of the record becomes,
	// until objects have been measured. Low is better than high: a first chunk
	// that is too large becomes several full objects, one too small is final.
	ratio float64
	// rowGroup is how much an encoder of parquet collects before it writes; 0
	// for other formats.
	rowGroup int64
}

const (
	gzipRatio    = 0.08
	csvRatio     = 0.5
	parquetRatio = 0.06
	avroRatio    = 0.15
)

func (r *reader) format(columns *source.Columns) format {
	var f format
	switch name := r.enum(fieldFileFormat); name {
	case "csv":
		f = format{extension: ".csv", contentType: "text/csv", newEncoder: r.csv(false, columns), ratio: csvRatio}
	case "csv+gzip":
		f = format{extension: ".csv.gz", contentType: "application/gzip", newEncoder: r.csv(true, columns), ratio: csvRatio * gzipRatio}
	case "json":
		f = format{extension: ".json", contentType: r.jsonType(), newEncoder: r.json(false, columns), ratio: 1}
	case "json+gzip":
		f = format{extension: ".json.gz", contentType: "application/gzip", newEncoder: r.json(true, columns), ratio: gzipRatio}
	case "parquet":
		f = r.columnar(columns, r.parquet())
		f.extension, f.contentType, f.ratio = ".parquet", "application/vnd.apache.parquet", parquetRatio
		f.rowGroup = r.size(fieldParquet, fieldRowGroupSize)
	case "avro":
		f = r.columnar(columns, r.avro())
		f.extension, f.contentType, f.ratio = ".avro", "application/avro", avroRatio
	}
	f.name = r.enum(fieldFileFormat)
	if f.name != "csv" && f.name != "csv+gzip" && r.enum(fieldSeparator) != "comma" {
		r.warn("separator has no effect: it is for csv formats only")
	}
	if f.name != "parquet" && f.name != "avro" && r.flag(fieldBinaryStrings) {
		r.warn("use_binary_strings has no effect: it is for the formats parquet and avro only")
	}
	if t := r.str(fieldContentType); t != "" {
		f.contentType = t
	}
	f.encoding = r.str(fieldContentEncoding)
	return f
}

var separators = map[string]byte{"comma": ',', "semicolon": ';', "tab": '\t'}

func (r *reader) csv(gzip bool, columns *source.Columns) func() encode.Encoder {
	conf := csv.Config{
		Separator: separators[r.enum(fieldSeparator)],
		Header:    r.flag(fieldCSV, fieldCSVHeader),
		Gzip:      gzip,
		GzipLevel: r.gzipLevel(),
		Columns:   columns,
	}
	return func() encode.Encoder { return csv.New(conf) }
}

func (r *reader) json(gzip bool, columns *source.Columns) func() encode.Encoder {
	conf := json.Config{Layout: json.Lines, Gzip: gzip, GzipLevel: r.gzipLevel(), Columns: columns}
	if r.enum(fieldJSON, fieldJSONLayout) == "array" {
		conf.Layout = json.Array
	}
	return func() encode.Encoder { return json.New(conf) }
}

func (r *reader) jsonType() string {
	if r.enum(fieldJSON, fieldJSONLayout) == "array" {
		return "application/json"
	}
	return "application/x-ndjson"
}

func (r *reader) gzipLevel() int {
	level := r.num(fieldCompressionLevel)
	if level < 1 || level > 9 {
		r.fail(fmt.Errorf("compression_level must be from 1 to 9, got %d", level))
	}
	return level
}

// levels are the highest compression levels of the codecs that have them.
var levels = map[string]int{"zstd": 22, "zstandard": 22, "gzip": 9, "deflate": 9}

// level reads the compression level of a columnar format; 0 is the default.
func (r *reader) level(object, codecField, levelField string) int {
	codec, level := r.enum(object, codecField), r.num(object, levelField)
	if highest := levels[codec]; level < 0 || level > highest {
		if highest == 0 {
			r.fail(fmt.Errorf("%s.%s must be 0: %s has no levels", object, levelField, codec))
		} else {
			r.fail(fmt.Errorf("%s.%s must be from 1 to %d for %s, or 0 for its default, got %d", object, levelField, highest, codec, level))
		}
		return 0
	}
	return level
}

// columnar completes a format whose objects have a schema. All encoders of the
// destination share what is known about it.
func (r *reader) columnar(columns *source.Columns, construct func(*schema.Registry) (encode.Encoder, error)) format {
	declared := r.schema()
	declared.Columns = columns
	registry, err := schema.New(declared)
	r.fail(err)
	if err != nil {
		return format{}
	}
	if _, err := construct(registry); err != nil {
		r.fail(err)
	}
	f := format{newEncoder: func() encode.Encoder {
		e, err := construct(registry)
		if err != nil {
			return broken{err}
		}
		return e
	}}
	if registry.PerRecord() {
		f.identify = registry.Identity
	}
	return f
}

func (r *reader) parquet() func(*schema.Registry) (encode.Encoder, error) {
	conf := parquet.Config{
		Compression:   r.enum(fieldParquet, fieldCompression),
		Level:         r.level(fieldParquet, fieldCompression, fieldParquetLevel),
		RowGroupSize:  r.size(fieldParquet, fieldRowGroupSize),
		PageSize:      int(r.size(fieldParquet, fieldPageSize)),
		BloomColumns:  read(r, r.conf.FieldStringList, []string{fieldParquet, fieldBloomFilters}),
		BinaryStrings: r.flag(fieldBinaryStrings),
		Metadata:      footer(r.trust()),
		Cores:         parquet.NewCores(r.encoders()),
	}
	return func(s *schema.Registry) (encode.Encoder, error) { return parquet.New(conf, s) }
}

// footer notes in a Parquet file where its records came from, which survives
// when the file is copied without the metadata of the object.
func footer(trust source.Trust) func([]record.Record) []parquet.KeyValue {
	return func(records []record.Record) []parquet.KeyValue {
		ranges, known := trust.Describe(records)[source.MetaRanges]
		if !known {
			return nil
		}
		return []parquet.KeyValue{{Key: "s3_destination.source", Value: ranges}}
	}
}

func (r *reader) avro() func(*schema.Registry) (encode.Encoder, error) {
	conf := avro.Config{
		Codec:         r.enum(fieldAvro, fieldAvroCodec),
		Level:         r.level(fieldAvro, fieldAvroCodec, fieldAvroLevel),
		BlockSize:     int(r.size(fieldAvro, fieldAvroBlockSize)),
		RecordName:    r.str(fieldAvro, fieldAvroRecordName),
		BinaryStrings: r.flag(fieldBinaryStrings),
	}
	return func(s *schema.Registry) (encode.Encoder, error) { return avro.New(conf, s) }
}

// broken stands for an encoder that could not be made although one like it
// had been: it fails its records instead of the process.
type broken struct{ err error }

// Encode fails.
func (b broken) Encode(io.Writer, []record.Record, int64) (encode.Result, error) {
	return encode.Result{}, b.err
}

// deadLetterEncoder writes dead letters.
func deadLetterEncoder() encode.Encoder { return json.New(json.Config{Layout: json.Lines}) }
