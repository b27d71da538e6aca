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
// carry no Kafka coordinates that are trusted. The text lists
// topic/partition:first-last, separated by blanks; when it would be too long,
// the rest is counted.
func (t Trust) Describe(records []record.Record) map[string]string {
	ranges := t.collect(records)
	if len(ranges) == 0 {
		return nil
	}
	return map[string]string{MetaRanges: render(ranges)}
}

// looked is how many records are asked before an object is taken for one
// without coordinates. Where inputs are mixed, the others have some.
const looked = 64

func (t Trust) collect(records []record.Record) map[partition]offsets {
	ranges := map[partition]offsets{}
	for i := range records {
		p, offset, ok := t.coordinates(records[i].Meta)
		if !ok {
			if i+1 >= looked && len(ranges) == 0 {
				return nil
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
