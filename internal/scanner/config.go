package scanner

import (
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/redpanda-data/benthos/v4/public/service"
)

// Bounds of the settings, in bytes.
const (
	leastBatch, mostBatch = 4 << 10, 64 << 20
	mostLongest           = 1 << 30
)

// config is a validated configuration of the scanner.
type config struct {
	format, compression string
	separator           byte
	longest, batch      int
}

var separators = map[string]byte{"comma": ',', "semicolon": ';', "tab": '\t', "pipe": '|'}

// parse reads and validates a configuration. The error names every mistake.
func parse(conf *service.ParsedConfig) (*config, error) {
	var errs []error
	text := func(name string) string {
		value, err := conf.FieldString(name)
		errs = append(errs, err)
		return value
	}
	size := func(name string, least, most int) int {
		value := text(name)
		n, err := humanize.ParseBytes(value)
		if err != nil || n < uint64(least) || n > uint64(most) {
			errs = append(errs, fmt.Errorf("%s: %q is no size from %s to %s: write a number with a unit, such as 1MiB",
				name, value, humanize.IBytes(uint64(least)), humanize.IBytes(uint64(most))))
		}
		return int(n)
	}
	c := &config{
		format: text(fieldFormat), compression: text(fieldCompression), separator: separators[text(fieldSeparator)],
		longest: size(fieldLongest, 1, mostLongest), batch: size(fieldBatch, leastBatch, mostBatch),
	}
	if c.format != formatCSV && c.separator != ',' {
		errs = append(errs, fmt.Errorf("%s: it has no effect with %s: %s: write %s: %s, or remove it",
			fieldSeparator, fieldFormat, c.format, fieldFormat, formatCSV))
	}
	return c, errors.Join(errs...)
}

// splitter makes one for a stream.
func (c *config) splitter() splitter {
	switch c.format {
	case JSON:
		return &values{}
	case Array:
		return &elements{}
	case formatCSV:
		return &rows{separator: c.separator, slab: slab{size: 2 * c.batch}}
	default:
		return &lines{}
	}
}
