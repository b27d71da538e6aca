package scanner

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/sizing"
)

// Name is what the scanner is called in configurations.
const Name = sizing.OwnScanner

const (
	fieldFormat      = "format"
	fieldCompression = "compression"
	fieldSeparator   = "separator"
	fieldLongest     = "max_record_bytes"
	fieldBatch       = "max_batch_bytes"
)

// Values of format. The first three are those of [Cut], too.
const (
	Lines     = "lines"
	JSON      = "json"
	Array     = "json_array"
	formatCSV = "csv"
)

// Values of compression.
const (
	compressionAuto = "auto"
	compressionNone = "none"
	compressionGzip = "gzip"
	compressionZstd = "zstd"
)

// Spec describes the configuration of the scanner.
func Spec() *service.ConfigSpec {
	return service.NewConfigSpec().
		Summary("Cuts files and streams into batches of records, for the output s3_destination. It is for every input that takes a scanner: file, stdin, aws_s3, sftp and others.").
		Description(description).
		Fields(
			service.NewStringAnnotatedEnumField(fieldFormat, map[string]string{
				Lines:     "A record is a line. Lines end with LF or CRLF, the last one may have no end, and empty lines are skipped.",
				JSON:      "Records are JSON values one behind the other, with any white space between them or none: documents that are printed over several lines, too.",
				Array:     "Records are the elements of a JSON array, or of several arrays behind each other.",
				formatCSV: "The first row names the columns, and each further row becomes a JSON object with a text for each of them. Quotes are those of RFC 4180, so that a value may have line ends.",
			}).
				Description("How records are told apart.").
				Default(Lines),
			service.NewStringAnnotatedEnumField(fieldCompression, map[string]string{
				compressionAuto: "What the first bytes say: those of gzip and zstd cannot begin a text.",
				compressionNone: "The bytes are the records.",
				compressionGzip: "Gzip, of one member or several.",
				compressionZstd: "Zstandard, of one frame or several.",
			}).
				Description("How the bytes are compressed.").
				Default(compressionAuto),
			service.NewStringEnumField(fieldSeparator, "comma", "semicolon", "tab", "pipe").
				Description("What is between two values of `csv`.").
				Default("comma"),
			service.NewStringField(fieldLongest).
				Description("The longest record. A longer one ends the reading of its file with an error, so that a file which is none of this format cannot fill the memory.").
				Default("16MiB").Example("64MiB"),
			service.NewStringField(fieldBatch).
				Description("Bytes that are read at once, whose records are a batch, from 4KiB to 64MiB. A batch has at most 500 records.").
				Default("256KiB").Advanced(),
		)
}

const description = `
The scanners of Benthos hand over one record at a time. This one hands over the
records of a block that was read, up to 500 of them, which takes a fraction of
the time, and neither ` + "`batched`" + ` nor ` + "`batching`" + ` is needed. Records that are there are never
held back to fill a batch: those of a slow stream arrive one by one.

Records are not checked: what is no JSON is refused by the output, alone. A row of CSV
that does not suit the header goes on as it is, with the reason in the metadata
` + "`source_error`" + `; the output refuses it. What cannot be cut any further ends the
reading of a file with an error that names the place: a record that is too long, brackets
that do not close, a header with two columns of one name, gzip or zstd that is damaged or cut
off. All records before that place are handed over, and nothing of what is behind it.
The log has the error, and the input goes on with the next file, or has come to its end
with ` + "`stdin`" + `. An input that deletes or acknowledges what it has read does not do so with a file that failed.

A byte order mark at the beginning is skipped. Values of CSV are text, also where they are
numbers, and an empty one is an empty text.

The records of a batch are parts of one block in memory, which lasts until the
last of them is stored. A processor that drops most records and leaves the others as they are
keeps the memory of all.

### Where a record was

` + "`source`" + ` of a dead letter has, beside the path that the input adds:

- ` + "`source_line`" + `: the line on which the record begins, from 1 on
- ` + "`source_byte`" + `: the number of bytes before it, after decompression
- ` + "`source_error`" + `: what is wrong with a row of CSV

Only the last one is metadata, too: that of each record would take as much memory
as all else beside its payload. So the line and the byte of a record that a processor
has changed are not known.`
