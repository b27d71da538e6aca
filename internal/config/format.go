package config

import (
	"io"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// Formats are the values of file_format.
var Formats = []string{"csv", "csv+gzip", "json", "json+gzip", "parquet", "avro"}

// Format is how objects of data are written.
type Format struct {
	// Name is a value of file_format.
	Name, Extension, ContentType, ContentEncoding string
	// NewEncoder returns an encoder; each serves one goroutine at a time.
	NewEncoder func() encode.Encoder
	// Identify tells the records of different schemas apart; nil when all
	// records of a partition may share a file.
	Identify func(*record.Record) (string, error)
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

// format is everything about the content of objects. The settings of formats
// that are not chosen have no effect.
type format struct {
	name                         string
	csv                          csv.Config
	json                         json.Config
	gzipLevel                    int
	columnar                     columnar
	contentType, contentEncoding string
}

func (f *format) choice() settings {
	return settings{
		word("file_format", &f.name, Formats...).
			doc("The format of the objects, which also decides their extension. `json` is newline-delimited unless `json.layout` says otherwise."),
	}
}

// options are those of formats made of text.
func (f *format) options() settings {
	return settings{
		choice("separator", &f.csv.Separator, is("comma", byte(',')), is("semicolon", byte(';')), is("tab", byte('\t'))).
			doc("The character between CSV cells. Only for csv formats.").
			or("comma"),
		object("csv", "Options of the csv formats.",
			flag("header", &f.csv.Header).
				doc("Begin every object with a row of column names.").
				or(true),
		).advanced(),
		object("json", "Options of the json formats.",
			choice("layout", &f.json.Layout, is("lines", json.Lines), is("array", json.Array)).
				doc("`lines` writes one record a line, `array` one JSON array an object.").
				or("lines"),
		).advanced(),
		between("compression_level", &f.gzipLevel, 1, 9).
			doc("The gzip level of `csv+gzip` and `json+gzip`, from 1 (fast) to 9 (small).").
			or(5).advanced(),
	}
}

// headers are what the store is told about the content.
func (f *format) headers() settings {
	return settings{
		text("content_type", &f.contentType).
			doc("The content type; empty means that of the format.").
			or("").advanced(),
		text("content_encoding", &f.contentEncoding).
			doc("A content encoding to store with the objects. Empty by default, even for gzip, because clients would silently decompress what the name says is compressed.").
			or("").advanced(),
	}
}

// complete chooses the encoder.
func (f *format) complete(c *Config, r *reader) {
	c.Format = f.chosen(c, r)
	c.Format.Name, c.Format.ContentEncoding = f.name, f.contentEncoding
	if f.contentType != "" {
		c.Format.ContentType = f.contentType
	}
	if f.name != "csv" && f.name != "csv+gzip" && f.csv.Separator != ',' {
		r.warn("separator: it has no effect on this file_format: write csv or csv+gzip, or remove it")
	}
	if f.name != "parquet" && f.name != "avro" && f.columnar.binaryStrings {
		r.warn("use_binary_strings: it has no effect on this file_format: write parquet or avro, or remove it")
	}
}

func (f *format) chosen(c *Config, r *reader) Format {
	switch f.name {
	case "csv":
		return Format{Extension: ".csv", ContentType: "text/csv", NewEncoder: f.csvEncoder(c.Columns, false), ratio: csvRatio}
	case "csv+gzip":
		return Format{Extension: ".csv.gz", ContentType: gzipType, NewEncoder: f.csvEncoder(c.Columns, true), ratio: csvRatio * gzipRatio}
	case "json":
		return Format{Extension: ".json", ContentType: f.jsonType(), NewEncoder: f.jsonEncoder(c.Columns, false), ratio: 1}
	case "json+gzip":
		return Format{Extension: ".json.gz", ContentType: gzipType, NewEncoder: f.jsonEncoder(c.Columns, true), ratio: gzipRatio}
	case "parquet":
		return f.columnar.parquetFormat(c, r)
	case "avro":
		return f.columnar.avroFormat(c, r)
	}
	return Format{} // not in the list, as Benthos says
}

const gzipType = "application/gzip"

func (f *format) csvEncoder(columns *source.Columns, gzip bool) func() encode.Encoder {
	conf := f.csv
	conf.Columns, conf.Gzip, conf.GzipLevel = columns, gzip, f.gzipLevel
	return func() encode.Encoder { return csv.New(conf) }
}

func (f *format) jsonEncoder(columns *source.Columns, gzip bool) func() encode.Encoder {
	conf := f.json
	conf.Columns, conf.Gzip, conf.GzipLevel = columns, gzip, f.gzipLevel
	return func() encode.Encoder { return json.New(conf) }
}

func (f *format) jsonType() string {
	if f.json.Layout == json.Array {
		return "application/json"
	}
	return "application/x-ndjson"
}

// broken stands for an encoder that could not be made although one like it
// had been: it fails its records instead of the process.
type broken struct{ err error }

// Encode fails.
func (b broken) Encode(io.Writer, []record.Record, int64) (encode.Result, error) {
	return encode.Result{}, b.err
}

// newDeadLetterEncoder returns the encoder of dead letters, whatever the format
// of data is.
func newDeadLetterEncoder() encode.Encoder { return json.New(json.Config{Layout: json.Lines}) }
