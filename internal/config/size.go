package config

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// anySize stands for a size that could not be read, so that no other rule is
// violated on its account.
const anySize = 64 << 20

// parseSize reads 128 and 128MB as 128 million bytes, and 128MiB as 2^27.
func parseSize(text string) (int64, error) {
	text = strings.TrimSpace(text)
	if thousands.MatchString(text) {
		return 0, fmt.Errorf("%q has commas: write %s, with a unit such as B or MB", text, strings.ReplaceAll(text, ",", ""))
	}
	if strings.Contains(text, ",") {
		return 0, fmt.Errorf("%q has a comma, which may stand for a point or for thousands: write %s, or the whole number", text, strings.Replace(text, ",", ".", 1))
	}
	if mb, err := strconv.ParseFloat(text, 64); err == nil {
		if mb < 0 || math.IsNaN(mb) || mb > math.MaxInt64/1e7 {
			return 0, fmt.Errorf("%q is no size: write an amount from 0 to one that fits a disk", text)
		}
		return int64(mb * 1e6), nil
	}
	n, err := humanize.ParseBytes(text)
	if err != nil || n > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is no size: write a number of MB (128) or a size with a unit (128MB, 64MiB, 1GiB)", text)
	}
	return int64(n), nil
}

// Bare numbers count megabytes. From these on they look like bytes: few want an
// object of 100 GB, and nobody a page of 4 GB.
const (
	likeBytes      = 100_000
	likeBytesSmall = 4096
)

// smallSizes are settings whose sizes are megabytes at most.
var smallSizes = []string{"parquet.row_group_size", "parquet.page_size", "avro.block_size", "upload.part_size", "health_check.probe_size"}

// checkSize refuses a bare number that looks like bytes, and doubts a unit that
// means bits.
func (r *reader) checkSize(setting, written string, n int64) error {
	written = strings.TrimSpace(written)
	bare, err := strconv.ParseFloat(written, 64)
	if err != nil {
		if bits.MatchString(written) {
			r.warn(fmt.Sprintf("%s: %q is read as bytes, while a small b means bits: write %sB", setting, written, strings.TrimSuffix(written, "b")))
		}
		return nil
	}
	least := float64(likeBytes)
	if slices.Contains(smallSizes, setting) {
		least = likeBytesSmall
	}
	if bare < least {
		return nil
	}
	return fmt.Errorf("%q looks like bytes, and a bare number counts megabytes (this one %s): write %sB if it is bytes (%s), or %sMB if it is megabytes",
		written, humanize.Bytes(uint64(n)), written, humanize.IBytes(uint64(bare)), written)
}

var thousands = regexp.MustCompile(`^\d{1,3}(?:,\d{3}){2,}$`)

var bits = regexp.MustCompile(`^[\d.]+\s*[KMGT]i?b$`)
