package output

import (
	"fmt"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/json"
)

// fileFormats are the values of file_format.
var fileFormats = []string{"csv", "csv+gzip", "json", "json+gzip"}

const defaultMaxFileSize = "128MB"

// format is how data objects are written.
type format struct {
	name        string
	extension   string
	contentType string
	encoding    string
	newEncoder  func() encode.Encoder
	// ratio is how many bytes of the object a byte of the record becomes,
	// until objects have been measured. Low is better than high: a first chunk
	// that is too large becomes several full objects, one too small is final.
	ratio float64
}

const (
	gzipRatio = 0.12
	csvRatio  = 0.5
)

func (r *reader) format() format {
	f := format{name: r.str(fieldFileFormat), ratio: 1}
	level := r.num(fieldCompressionLevel)
	if level < 1 || level > 9 {
		r.fail(fmt.Errorf("compression_level must be from 1 to 9, got %d", level))
	}
	separator, header := separators[r.str(fieldSeparator)], r.flag(fieldCSV, fieldCSVHeader)
	layout := json.Lines
	if r.str(fieldJSON, fieldJSONLayout) == "array" {
		layout = json.Array
	}
	csvEncoder := func(gzip bool) func() encode.Encoder {
		return func() encode.Encoder {
			return csv.New(csv.Config{Separator: separator, Header: header, Gzip: gzip, GzipLevel: level})
		}
	}
	jsonEncoder := func(gzip bool) func() encode.Encoder {
		return func() encode.Encoder {
			return json.New(json.Config{Layout: layout, Gzip: gzip, GzipLevel: level})
		}
	}
	jsonType := "application/x-ndjson"
	if layout == json.Array {
		jsonType = "application/json"
	}
	switch f.name {
	case "csv":
		f.extension, f.contentType, f.newEncoder, f.ratio = ".csv", "text/csv", csvEncoder(false), csvRatio
	case "csv+gzip":
		f.extension, f.contentType, f.newEncoder, f.ratio = ".csv.gz", "application/gzip", csvEncoder(true), csvRatio*gzipRatio
	case "json":
		f.extension, f.contentType, f.newEncoder = ".json", jsonType, jsonEncoder(false)
	case "json+gzip":
		f.extension, f.contentType, f.newEncoder, f.ratio = ".json.gz", "application/gzip", jsonEncoder(true), gzipRatio
	}
	if f.extension != ".csv" && f.extension != ".csv.gz" && separator != ',' {
		r.warn("separator has no effect: it is for csv formats only")
	}
	if t := r.str(fieldContentType); t != "" {
		f.contentType = t
	}
	f.encoding = r.str(fieldContentEncoding)
	return f
}

var separators = map[string]byte{"comma": ',', "semicolon": ';', "tab": '\t'}

// deadLetterEncoder writes dead letters.
func deadLetterEncoder() encode.Encoder { return json.New(json.Config{Layout: json.Lines}) }
