package output

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/redpanda-data/benthos/v4/public/service"
)

// reader reads fields of a parsed configuration and collects what is wrong
// with them, so that reading them all needs no branch for each.
type reader struct {
	conf *service.ParsedConfig
	findings
}

func read[T any](r *reader, get func(...string) (T, error), path []string) T {
	v, err := get(path...)
	r.fail(err)
	return v
}

func (r *reader) str(path ...string) string { return read(r, r.conf.FieldString, path) }

// enum reads one of several words. Benthos accepts them in any case.
func (r *reader) enum(path ...string) string { return strings.ToLower(r.str(path...)) }

func (r *reader) num(path ...string) int   { return read(r, r.conf.FieldInt, path) }
func (r *reader) flag(path ...string) bool { return read(r, r.conf.FieldBool, path) }

func (r *reader) strings(path ...string) map[string]string {
	return read(r, r.conf.FieldStringMap, path)
}

// duration reads a duration that must not be negative.
func (r *reader) duration(path ...string) time.Duration {
	d := read(r, r.conf.FieldDuration, path)
	if d < 0 {
		r.fail(fmt.Errorf("%s must not be negative, got %s", dotted(path), d))
	}
	return d
}

// count reads a number that must be at least a minimum.
func (r *reader) count(minimum int, path ...string) int {
	n := r.num(path...)
	if n < minimum {
		r.fail(fmt.Errorf("%s must be at least %d, got %d", dotted(path), minimum, n))
	}
	return n
}

// size reads an amount of bytes, where a bare number counts megabytes.
func (r *reader) size(path ...string) int64 {
	text := r.str(path...)
	n, err := parseSize(text)
	if err != nil {
		r.fail(fmt.Errorf("reading %s: %w", dotted(path), err))
		return anySize
	}
	return n
}

// anySize stands for a size that could not be read, so that no other rule is
// violated on its account.
const anySize = 64 << 20

// parseSize reads 128 and 128MB as 128 million bytes, and 128MiB as 2^27.
func parseSize(text string) (int64, error) {
	text = strings.TrimSpace(text)
	if mb, err := strconv.ParseFloat(text, 64); err == nil {
		if mb < 0 || math.IsNaN(mb) || mb > math.MaxInt64/1e7 {
			return 0, fmt.Errorf("size %q must be between 0 and an amount that fits a disk", text)
		}
		return int64(mb * 1e6), nil
	}
	n, err := humanize.ParseBytes(text)
	if err != nil || n > math.MaxInt64/2 {
		return 0, fmt.Errorf("size %q is not a number of MB (128) or a size with a unit (128MB, 64MiB, 1GiB)", text)
	}
	return int64(n), nil
}

func dotted(path []string) string { return strings.Join(path, ".") }
