package config

import (
	"fmt"
	"math"
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
