package config

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/buildinfo"
	"github.com/s3-destination/s3-destination/internal/ddl"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/store"
)

// columnar are the options of the formats whose objects have a schema.
type columnar struct {
	parquet       parquet.Config
	avro          avro.Config
	binaryStrings bool
	fieldIDs      bool
	schema        schema.Config
	dataset       string
	inBucket      bool
}

func (f *columnar) settings() settings {
	return append(settings{
		object("parquet", "Options of the format parquet.",
			word("compression", &f.parquet.Compression, "zstd", "snappy", "gzip", "lz4_raw", "none").
				doc("The codec of pages.").
				or("zstd"),
			number("level", &f.parquet.Level).
				doc("The level of zstd (1 to 22) or gzip (1 to 9); `0` means 1 for zstd, and 5 for gzip. Level 3 of zstd makes files 1 to 9 % smaller, in a third more time.").
				or(0),
			size("row_group_size", &f.parquet.RowGroupSize).
				doc("The uncompressed size at which a row group ends. An encoder holds one in memory.").
				or("64MiB"),
			size("page_size", &f.parquet.PageSize).
				doc("About the uncompressed size of a page.").
				or("1MiB"),
			annotated("compatibility", &f.parquet.Compatibility, map[string]string{
				"widest": "For every engine in use, Spark 2.4, Hive 3 and Redshift among them: plain and dictionary encodings only; columns of the type `uuid` are text, those of the type `time` integers (microseconds since midnight).",
				"modern": "For engines of today: integers may be delta encoded, `uuid` and `time` are types of Parquet.",
			}).
				doc("Who must be able to read the files.").
				or("widest"),
			flag("field_ids", &f.fieldIDs).
				doc("Give every column a number, which Iceberg and others find it by, whatever its name is. A column keeps its number, and no other one of its dataset gets it, as long as columns are remembered: set `schema.state`. Off by default, since tools that add files to tables of their own refuse files with such numbers.").
				or(false),
			list("bloom_filters", &f.parquet.BloomColumns).
				doc("The paths of columns that get a bloom filter.").
				or([]any{}).
				example([]any{"user.id", "tags.list.element"}),
		).advanced(),
		object("avro", "Options of the format avro.",
			word("codec", &f.avro.Codec, "snappy", "deflate", "zstandard", "null").
				doc("The codec of blocks.").
				or("snappy"),
			number("level", &f.avro.Level).
				doc("The level of deflate (1 to 9) or zstandard (1 to 22); `0` means the codec's default.").
				or(0),
			size("block_size", &f.avro.BlockSize).
				doc("The uncompressed size at which a block ends.").
				or("128KiB"),
			text("record_name", &f.avro.RecordName).
				doc("The name of the record type.").
				or("Record"),
		).advanced(),
		flag("use_binary_strings", &f.binaryStrings).
			doc("Write text as plain bytes: Parquet columns without the string annotation, Avro fields of the type bytes. Only for parquet and avro.").
			or(false).advanced(),
	}, columns(&f.schema, &f.dataset, &f.inBucket)...)
}

// levels are the highest compression levels of the codecs that have them.
var levels = map[string]int{"zstd": 22, "zstandard": 22, "gzip": 9, "deflate": 9}

// checkLevel looks whether a codec has a compression level; 0 is the default.
func checkLevel(r *reader, setting, codec string, level int) {
	highest := levels[codec]
	switch {
	case level >= 0 && level <= highest:
	case highest == 0:
		r.fail(fmt.Errorf("%s: it has no effect on %s, which has no levels: remove it", setting, codec))
	default:
		r.fail(fmt.Errorf("%s: \"%d\" is no level of %s: write a number from 1 to %d, or 0 for its default", setting, level, codec, highest))
	}
}

func (f *columnar) parquetFormat(c *Config, r *reader) Format {
	conf := f.parquet
	checkLevel(r, "parquet.level", conf.Compression, conf.Level)
	declared := f.schema
	declared.FieldIDs = f.fieldIDs
	if f.fieldIDs && f.schema.State == "" && !f.inBucket {
		r.warn("parquet.field_ids: without schema.state the numbers may stand for other columns after a restart: write schema.state, the path of a file that outlives the process")
	}
	conf.BinaryStrings = f.binaryStrings
	conf.Metadata = footer(c.Trust)
	conf.CreatedBy = buildinfo.Writer()
	conf.Cores = parquet.NewCores(c.Encoders)
	out := f.format(c, r, declared, func(s *schema.Registry) (encode.Encoder, error) { return parquet.New(conf, s) })
	out.Extension, out.ContentType, out.ratio = ".parquet", "application/vnd.apache.parquet", parquetRatio
	out.rowGroup = conf.RowGroupSize
	out.Table = ddl.Table{Format: "parquet", Modern: conf.Compatibility == parquet.Modern, BinaryStrings: f.binaryStrings}
	return out
}

func (f *columnar) avroFormat(c *Config, r *reader) Format {
	conf := f.avro
	checkLevel(r, "avro.level", conf.Codec, conf.Level)
	conf.BinaryStrings = f.binaryStrings
	out := f.format(c, r, f.schema, func(s *schema.Registry) (encode.Encoder, error) { return avro.New(conf, s) })
	out.Extension, out.ContentType, out.ratio = ".avro", "application/avro", avroRatio
	out.Table = ddl.Table{Format: "avro", BinaryStrings: f.binaryStrings}
	return out
}

// format is one whose objects have a schema. All encoders of the destination
// share what is known about it.
func (f *columnar) format(c *Config, r *reader, declared schema.Config, construct func(*schema.Registry) (encode.Encoder, error)) Format {
	declared.MaxMemory = c.MemoryLimit / columnsShare
	declared.Columns = c.Columns
	if f.declaredWrong(r) {
		return Format{}
	}
	registry, err := schema.New(declared)
	if err == nil {
		_, err = construct(registry)
	}
	r.fail(aboutColumns(err))
	if registry == nil {
		return Format{}
	}
	out := Format{NewEncoder: func() encode.Encoder {
		e, err := construct(registry)
		if err != nil {
			return broken{err}
		}
		return e
	}}
	out.Columns, out.InBucket = registry, f.inBucket
	f.checkRemember(c, r)
	out.Inference = func() (*schema.Registry, error) {
		return schema.New(schema.Config{
			InferTimestamps: declared.InferTimestamps, InferMaps: declared.InferMaps, Zone: declared.Zone, Numbers: declared.Numbers,
			MaxColumns: declared.MaxColumns, OnCaseCollision: declared.OnCaseCollision, Without: declared.Without,
		})
	}
	switch {
	case f.dataset != "":
		// Records of one folder may be of several datasets then.
		out.Identify = func(rec *record.Record) (string, error) {
			own, err := registry.Identity(rec)
			return rec.Dataset.Name() + "\x00" + own, err
		}
	case registry.PerRecord():
		out.Identify = registry.Identity
	}
	return out
}

// checkRemember looks at what columns in the bucket do not go with.
func (f *columnar) checkRemember(c *Config, r *reader) {
	switch {
	case !f.inBucket:
	case f.schema.State != "":
		r.fail(errors.New("schema.state: it and schema.remember: bucket exclude each other, because the columns are in the bucket then: remove one of them"))
	case c.Spool.On():
		r.fail(errors.New("schema.remember: bucket is impossible with a spool, which takes records while the bucket is away: write schema.state, the path of a file beside the spool"))
	case c.Store.Conditions == store.NeverConditions:
		r.fail(errors.New("schema.remember: bucket needs conditional writes, without which processes replace each other's columns: remove conditional_writes: off, or write schema.state"))
	}
}

// declaredWrong looks at the columns that a schema declares, and at where they
// stand, before package schema does.
func (f *columnar) declaredWrong(r *reader) bool {
	before := len(r.errors)
	s := &f.schema
	if s.Mode == schema.Fixed {
		checkColumns("schema.fields", s.Fields, r)
		switch {
		case len(s.Fields) == 0 && slices.ContainsFunc(r.errors, func(e string) bool { return strings.HasPrefix(e, "schema.fields[") }):
		case s.File == "" && len(s.Fields) == 0:
			r.fail(errors.New("schema.fields: they are missing, and schema.mode fixed needs them: write schema.fields or schema.file"))
		case s.File != "" && len(s.Fields) > 0:
			r.fail(errors.New("schema.file: it and schema.fields exclude each other: remove one of them"))
		}
	}
	if s.Mode == schema.Infer && s.OnUnknownField != "" && s.OnUnknownField != schema.Add {
		r.fail(fmt.Errorf("schema.on_unknown_field: %q cannot be when columns are inferred, since every field is unknown at first: write add, or schema.mode: fixed", s.OnUnknownField))
	}
	return len(r.errors) > before
}

// aboutColumns names the setting that an error of the columns comes from, unless
// it does so itself.
func aboutColumns(err error) error {
	switch {
	case err == nil || settingOf.MatchString(err.Error()):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("schema.file: it cannot be read (%w): write the path of an Avro schema", err)
	case strings.Contains(err.Error(), "include_source_columns"):
		return fmt.Errorf("include_source_columns: %w", err)
	case strings.Contains(err.Error(), "block size"):
		return fmt.Errorf("avro.block_size: %w: write a size such as 128KiB", err)
	case strings.Contains(err.Error(), "record name"):
		return fmt.Errorf("avro.record_name: %w: write letters, digits and _, beginning with a letter", err)
	}
	return fmt.Errorf("schema: %w: write columns that the format can hold", err)
}

// columnsShare is the part of memory_limit that the columns of datasets may take.
// It is in the share that is not for records.
const columnsShare = 32

// footer notes in a Parquet file where its records came from, which survives
// when the file is copied without the metadata of the object.
func footer(trust source.Trust) func([]record.Record) []parquet.KeyValue {
	return func(records []record.Record) []parquet.KeyValue {
		ranges, known := trust.Describe(records)[source.MetaRanges]
		if !known {
			return nil
		}
		return []parquet.KeyValue{{Key: parquet.MetaSource, Value: ranges}}
	}
}
