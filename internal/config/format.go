package config

import (
	"errors"
	"fmt"
	"io"

	"github.com/s3-destination/s3-destination/internal/ddl"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
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
	// Columns remembers the columns of datasets; nil for formats without.
	Columns *schema.Registry
	// InBucket says that they are kept in the bucket.
	InBucket bool
	// Table is how engines are told to read objects, but for names, places and
	// columns.
	Table ddl.Table
	// Inference returns a registry that infers columns whatever schema.mode is, and
	// keeps them nowhere; nil for formats without columns.
	Inference func() (*schema.Registry, error)
	// ratio is how many bytes of the object a byte of the record becomes,
	// until objects have been measured. Low is better than high: a first chunk
	// that is too large becomes several full objects, one too small is final.
	ratio float64
	// rowGroup is how much an encoder of parquet collects before it writes; 0
	// for other formats.
	rowGroup int64
}

// Place finds the partition of the i-th record of a batch, and its schema where
// records of a partition may not share a file. It notes the dataset of formats
// with columns in the record. The path is valid until the next call.
func (f *Format) Place(pass *partition.Pass, i int, rec *record.Record) (path []byte, schema string, err error) {
	if path, err = pass.Assign(i, rec); err != nil {
		return nil, "", err //nolint:wrapcheck // says what could not be read
	}
	if f.Columns != nil {
		if rec.Dataset, err = pass.Dataset(i, rec); err != nil {
			return nil, "", err //nolint:wrapcheck // names the setting
		}
	}
	if f.Identify != nil {
		schema, err = f.Identify(rec)
	}
	return path, schema, err
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
	without                      []string // fields of records that are left out
}

func (f *format) choice() settings {
	return settings{
		word("file_format", &f.name, Formats...).
			doc("The format of the objects, which also decides their extension. `json` is newline-delimited unless `json.layout` says otherwise.").
			example("json"), // which create writes
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
				doc("Begin every object with a row of column names. Without it `schema.mode: fixed` must say what the columns are.").
				or(true),
			text("null", &f.csv.Null).
				doc("The text for null, and for a field that a record does not have. Hive and ClickHouse read `\\N`. A string that is the same text is quoted.").
				or("").
				example(`\N`),
			annotated("quote", &f.csv.Quote, map[string]string{
				"minimal": "What would be misread otherwise: strings that hold a separator, a quote, or a line break, or are empty.",
				"strings": "All strings, and lists and objects.",
				"all":     "Everything but null.",
			}).
				doc("Which values are quoted.").
				or("minimal"),
			choice("escape", &f.csv.Backslash, is("double", false), is("backslash", true)).
				doc("How a quote inside of quotes is written: twice (RFC 4180), or with a backslash in front, as backslashes then are, too. OpenCSV, which Hive and Athena read with, takes a backslash for an escape by default.").
				or("double"),
			flag("guard_formulas", &f.csv.GuardFormulas).
				doc("Put an apostrophe in front of strings that begin with `=`, `+`, `-`, `@`, a tab or a carriage return, which spreadsheets would take for formulas.").
				or(false),
			choice("line_ending", &f.csv.CRLF, is("lf", false), is("crlf", true)).
				doc("How a line ends.").
				or("lf"),
		).advanced(),
		object("json", "Options of the json formats.",
			choice("layout", &f.json.Layout, is("lines", json.Lines), is("array", json.Array)).
				doc("`lines` writes one record a line, `array` one JSON array an object.").
				or("lines"),
			flag("strict", &f.json.Strict).
				doc("Take only what every reader of JSON lines takes: objects, nested at most 100 deep, without a field that is there twice. Other records are bad ones; for fields that are there twice see `duplicate_keys`. Without it any JSON value passes as it came.").
				or(true),
			word("duplicate_keys", &f.json.DuplicateKeys, "last", "reject").
				doc("What becomes of a record in which an object has a field twice, where `strict` is set: the last one is written, as it is the last one that names the folder and fills a column, or the record is a bad one. It is counted, and written with its fields in the order of their names.").
				or("last"),
			word("invalid_unicode", &f.json.InvalidUnicode, "replace", "reject").
				doc("What becomes of an escape that stands for half a character (a lone surrogate, such as `\\ud800`), which makes a whole object unreadable for many readers: the replacement character U+FFFD takes its place, or the record is a bad one. A record where two names become equal by that is a bad one in any case.").
				or("replace"),
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
	f.json.Without, f.columnar.schema.Without = f.without, f.without
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
		return Format{Extension: ".csv", ContentType: "text/csv", ratio: csvRatio}.with(f.csvFormat(c, r, false))
	case "csv+gzip":
		return Format{Extension: ".csv.gz", ContentType: gzipType, ratio: csvRatio * gzipRatio}.with(f.csvFormat(c, r, true))
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

// csvFormat is CSV with the columns of the schema. Those about where records come
// from are not among them: CSV has them in front, whatever the others are.
func (f *format) csvFormat(c *Config, r *reader, gzip bool) Format {
	conf := f.csv
	conf.Columns, conf.Gzip, conf.GzipLevel = c.Columns, gzip, f.gzipLevel
	declared := f.columnar.schema
	if !conf.Header && declared.Mode != schema.Fixed {
		r.fail(errors.New("csv.header: it is false, and only declared columns tell readers what is where then: write schema.mode: fixed with schema.fields, or remove it"))
	}
	if declared.OnTypeMismatch == schema.Rescue {
		r.warn("schema.on_type_mismatch: rescue has no effect, because cells of csv take any value: remove it")
		declared.OnTypeMismatch = schema.Widen
	}
	for _, field := range declared.Fields {
		if c.Columns != nil && c.Columns.Has([]byte(field.Name)) {
			r.fail(fmt.Errorf("schema.fields: %w", source.Taken(field.Name)))
		}
	}
	without := *c
	without.Columns = nil
	out := f.columnar.format(&without, r, declared, func(s *schema.Registry) (encode.Encoder, error) {
		own := conf
		own.Schema = s
		return csv.New(own), nil
	})
	out.Table = ddl.Table{
		Format: "csv", Gzip: gzip,
		CSV: ddl.CSV{Separator: conf.Separator, Header: conf.Header, Null: conf.Null, Backslash: conf.Backslash, Typed: out.Columns != nil && out.Columns.Checks()},
	}
	return out
}

// with is the format with the encoder and the columns of another one.
func (f Format) with(other Format) Format {
	f.NewEncoder, f.Columns, f.InBucket, f.Table = other.NewEncoder, other.Columns, other.InBucket, other.Table
	f.Identify, f.Inference = other.Identify, other.Inference
	return f
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
