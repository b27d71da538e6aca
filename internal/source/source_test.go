package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/record"
)

type meta map[string]any

func (m meta) MetaGetMut(key string) (any, bool) { v, ok := m[key]; return v, ok }

func from(topic string, partition, offset any) record.Record {
	return record.Record{Meta: meta{record.KafkaTopic: topic, record.KafkaPartition: partition, record.KafkaOffset: offset}}
}

func TestRangesOfAnObject(t *testing.T) {
	got := AnyMetadata.Describe([]record.Record{
		from("b", 1, 7), from("a", 0, 12), from("a", "0", "3"), from("a", int32(2), int64(5)), from("a", 0, 4), {},
	})
	assert.Equal(t, map[string]string{MetaRanges: "a/0:3-12 a/2:5-5 b/1:7-7"}, got)
}

func TestRecordsFromElsewhereHaveNoRanges(t *testing.T) {
	for name, r := range map[string]record.Record{
		"no metadata":    {},
		"another input":  {Meta: meta{"path": "x"}},
		"a broken topic": {Meta: meta{record.KafkaTopic: 1}},
		"no offset":      {Meta: meta{record.KafkaTopic: "t", record.KafkaPartition: 1}},
		"no number":      {Meta: meta{record.KafkaTopic: "t", record.KafkaPartition: "x", record.KafkaOffset: 1}},
	} {
		assert.Nil(t, AnyMetadata.Describe([]record.Record{r}), name)
	}
	assert.Nil(t, AnyMetadata.Describe(nil))
}

func TestRangesFitIntoMetadata(t *testing.T) {
	var records []record.Record
	for i := range 1000 {
		records = append(records, from("a-rather-long-topic-name", i, i*1000))
	}
	text := AnyMetadata.Describe(records)[MetaRanges]
	assert.LessOrEqual(t, len(text), 1300)
	assert.Regexp(t, `^a-rather-long-topic-name/0:0-0 .* and \d+ more$`, text)
	assert.Equal(t, 1000, strings.Count(text, "/")+count(text))
}

func count(text string) (more int) {
	_, _ = fmt.Sscanf(text[strings.LastIndex(text, " and "):], " and %d more", &more)
	return more
}
