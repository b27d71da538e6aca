// Package source tells where records came from: the ranges of Kafka offsets
// that an object holds, for its metadata and its name, so that an auditor can
// tell what has landed and what may be double; and columns with the coordinates
// of each record.
package source

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/record"
)

// MetaRanges is the metadata key of the ranges.
const MetaRanges = "s3d-source"

// maxRanges bounds the text: S3 allows 2 KB of user metadata for an object.
const maxRanges = 1200

// partition is one partition of a topic.
type partition struct {
	topic  string
	number int64
}

// offsets are what an object holds of a partition. Between first and last
// there may be offsets that other objects hold.
type offsets struct{ first, last int64 }

// Describe returns the ranges of the records as object metadata, nil when they
// carry no Kafka coordinates. The text lists topic/partition:first-last,
// separated by blanks; when it would be too long, the rest is counted.
func Describe(records []record.Record) map[string]string {
	ranges := collect(records)
	if len(ranges) == 0 {
		return nil
	}
	return map[string]string{MetaRanges: render(ranges)}
}

func collect(records []record.Record) map[partition]offsets {
	ranges := map[partition]offsets{}
	for i := range records {
		p, offset, ok := coordinates(records[i].Meta)
		if !ok {
			if i == 0 {
				return nil // not from Kafka: do not look at the others
			}
			continue
		}
		r, known := ranges[p]
		if !known {
			r = offsets{first: offset, last: offset}
		}
		ranges[p] = offsets{first: min(r.first, offset), last: max(r.last, offset)}
	}
	return ranges
}

// coordinates reads where a record came from.
func coordinates(meta record.Metadata) (p partition, offset int64, ok bool) {
	topic, ok := record.Lookup(meta, record.KafkaTopic)
	if !ok {
		return p, 0, false
	}
	if p.topic, ok = record.Text(topic); !ok {
		return p, 0, false
	}
	if p.number, ok = integer(meta, record.KafkaPartition); !ok {
		return p, 0, false
	}
	offset, ok = integer(meta, record.KafkaOffset)
	return p, offset, ok
}

// integer reads a number.
func integer(meta record.Metadata, key string) (int64, bool) {
	v, ok := record.Lookup(meta, key)
	if !ok {
		return 0, false
	}
	return record.Integer(v)
}

// sorted returns the partitions by topic and number.
func sorted(ranges map[partition]offsets) []partition {
	all := make([]partition, 0, len(ranges))
	for p := range ranges {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b partition) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.number, b.number))
	})
	return all
}

func render(ranges map[partition]offsets) string {
	all := sorted(ranges)
	var text strings.Builder
	for i, p := range all {
		r := ranges[p]
		item := fmt.Sprintf("%s/%d:%d-%d", p.topic, p.number, r.first, r.last)
		if text.Len()+len(item) > maxRanges {
			fmt.Fprintf(&text, " and %d more", len(all)-i)
			break
		}
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(item)
	}
	return text.String()
}
