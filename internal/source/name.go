package source

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/s3-destination/s3-destination/internal/record"
)

// NoRange is the name of the ranges of an object whose records are not from
// Kafka.
const NoRange = "no-source"

// maxName is how long the name of the ranges may become.
const maxName = 200

// RangeName returns the ranges of the records as part of a file name, as far as
// their coordinates are trusted:
// TOPIC+PARTITION+FIRST-LAST for each Kafka partition, by topic and number,
// joined by "_". Offsets have at least ten digits, so that names of one
// partition are in order. Where that would exceed maxName bytes, the ranges
// that fit are followed by and-N-more-HASH, of which the hash covers all: other
// ranges have another name. The same records always have the same name.
func (t Trust) RangeName(records []record.Record) string {
	ranges := t.collect(records)
	if len(ranges) == 0 {
		return NoRange
	}
	all := sorted(ranges)
	items := make([]string, len(all))
	total := len(all) - 1 // separators
	for i, p := range all {
		r := ranges[p]
		items[i] = fmt.Sprintf("%s+%d+%010d-%010d", confined(p.topic), p.number, r.first, r.last)
		total += len(items[i])
	}
	if total > maxName {
		items = shortened(items)
	}
	return strings.Join(items, "_")
}

// shortened replaces the ranges that do not fit.
func shortened(items []string) []string {
	hash := sha256.New()
	for _, item := range items {
		_, _ = hash.Write([]byte(item + "_")) // a hash never fails
	}
	digest := hex.EncodeToString(hash.Sum(nil)[:4])
	const longestRest = len("and-4294967295-more-00000000")
	fit, size := 0, longestRest
	for _, item := range items {
		if size += len(item) + 1; size > maxName {
			break
		}
		fit++
	}
	rest := fmt.Sprintf("and-%d-more-%s", len(items)-fit, digest)
	return append(items[:fit:fit], rest)
}

// confined encodes what the name of a Kafka topic cannot have: metadata may
// come from elsewhere.
func confined(topic string) string {
	var b strings.Builder
	for i := range len(topic) {
		c := topic[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if letter || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
