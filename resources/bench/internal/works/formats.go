package works

import "github.com/s3-destination/s3-destination/resources/bench/internal/dataset"

// Format is a file format with its default codec, or with another one.
type Format struct {
	// Name is what tables call it.
	Name string
	// ID selects it on the command line. With the default codec it is the value
	// of file_format.
	ID     string
	Fields string
	// Rate is the expected thousands of rows of clicks per CPU second.
	Rate float64
}

// Formats are all formats.
var Formats = []Format{
	{"CSV", "csv", "file_format: csv", 300},
	{"CSV+gzip", "csv+gzip", "file_format: csv+gzip", 120},
	{"JSON lines", "json", "file_format: json", 400},
	{"JSON+gzip", "json+gzip", "file_format: json+gzip", 140},
	{"Parquet zstd", "parquet", "file_format: parquet", 220},
	{"Parquet snappy", "parquet-snappy", "file_format: parquet\nparquet:\n  compression: snappy", 320},
	{"Avro snappy", "avro", "file_format: avro", 250},
}

// Weight is how much more a record of a data set takes than one of clicks, about.
func Weight(d dataset.Name) float64 {
	if d == dataset.Wide {
		return 3
	}
	return 1
}

// ByFieldAndDate are fields of s3_destination that divide clicks by a field and
// the date of each record.
const ByFieldAndDate = "\n" + oursPartitioned
