package source

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func TestRangeAsANameOfOneKafkaPartition(t *testing.T) {
	assert.Equal(t, "orders+3+0000000042-0000000107",
		AnyMetadata.RangeName([]record.Record{from("orders", 3, 42), from("orders", 3, 107), from("orders", 3, 99), {}}))
	assert.Equal(t, "orders+3+123456789012-123456789012", AnyMetadata.RangeName([]record.Record{from("orders", 3, 123456789012)}))
	assert.Equal(t, "no-source", AnyMetadata.RangeName([]record.Record{{}}))
	assert.Equal(t, "no-source", AnyMetadata.RangeName(nil))
	assert.Equal(t, "..%2Fa%20%C3%A9+0+0000000001-0000000001", AnyMetadata.RangeName([]record.Record{from("../a é", 0, 1)}))
}

func TestRangeAsANameOfSeveral(t *testing.T) {
	records := []record.Record{from("b", 10, 1), from("b", 9, 5), from("a.x_y-z", 0, 7), from("b", 9, 4)}
	assert.Equal(t, "a.x_y-z+0+0000000007-0000000007_b+9+0000000004-0000000005_b+10+0000000001-0000000001", AnyMetadata.RangeName(records))
	slices.Reverse(records)
	assert.Equal(t, "a.x_y-z+0+0000000007-0000000007_b+9+0000000004-0000000005_b+10+0000000001-0000000001", AnyMetadata.RangeName(records))
}

func TestRangeAsANameIsBounded(t *testing.T) {
	var records []record.Record
	for i := range 1000 {
		records = append(records, from("orders", i, i*1000))
	}
	name := AnyMetadata.RangeName(records)
	assert.Regexp(t, `^orders\+0\+0000000000-0000000000_orders\+1\+.*_and-995-more-[0-9a-f]{8}$`, name)
	assert.Equal(t, name, AnyMetadata.RangeName(records), "the same records have the same name")
	records[999] = from("orders", 999, 1)
	assert.NotEqual(t, name, AnyMetadata.RangeName(records), "the hash covers what is not listed")
	assert.Regexp(t, `^and-1-more-[0-9a-f]{8}$`, AnyMetadata.RangeName([]record.Record{from(strings.Repeat("x", 249), 1, 2)}))
}

var allowed = regexp.MustCompile(`^[A-Za-z0-9._+%-]+$`)

// TestAnyRangesHaveANameOfTheirOwn draws records of few partitions, so that
// ranges are often alike.
func TestAnyRangesHaveANameOfTheirOwn(t *testing.T) {
	seen := map[string]string{}
	property.Check(t, func(t *rapid.T) {
		records := make([]record.Record, 0, 30)
		for range rapid.IntRange(1, 30).Draw(t, "records") {
			topic := rapid.SampledFrom([]string{"a", "a_b", "b+0", "a/..", strings.Repeat("long", 20)}).Draw(t, "topic")
			records = append(records, from(topic, rapid.IntRange(0, 12).Draw(t, "partition"), rapid.IntRange(0, 3).Draw(t, "offset")))
		}
		name, full := AnyMetadata.RangeName(records), fmt.Sprint(sorted(AnyMetadata.collect(records)), AnyMetadata.collect(records))
		require.LessOrEqual(t, len(name), maxName)
		require.Regexp(t, allowed, name)
		if other, ok := seen[name]; ok {
			require.Equal(t, other, full, "two ranges of one name")
		}
		seen[name] = full
	})
}
