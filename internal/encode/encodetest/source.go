package encodetest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

const timeLayout = "2006-01-02T15:04:05.000Z"

// SourceColumns returns all source columns with the usual names, for the
// Columns of a Subject.
func SourceColumns() *source.Columns {
	c, err := source.NewColumns([]string{source.All}, source.DefaultPrefix)
	if err != nil {
		panic(err)
	}
	return c
}

// Metadata is that of a record, under the names of the Kafka inputs.
type Metadata map[string]any

// MetaGetMut implements record.Metadata.
func (m Metadata) MetaGetMut(key string) (any, bool) {
	v, ok := m[key]
	return v, ok
}

// header is of the same form as a header of the Kafka client.
type header struct {
	Key   string
	Value []byte
}

// origin is where a document of a test comes from, and how rows show that. It
// follows from the document alone.
type origin struct {
	meta record.Metadata
	want map[string]any
}

func originOf(doc []byte) origin {
	h := fnv.New64a()
	_, _ = h.Write(doc)
	n := h.Sum64()
	if n%11 == 0 {
		return origin{} // from elsewhere
	}
	at := time.UnixMilli(int64(n % 4_000_000_000_000)).UTC()
	topic, partition, offset := []string{"orders", "page.views-2"}[n%2], int(n>>8%7), int(n>>16%1_000_000_000_000)
	meta := Metadata{
		"kafka_topic": topic, "kafka_partition": partition, "kafka_offset": offset,
		"kafka_timestamp_ms": at.UnixMilli(), "kafka_timestamp_unix": at.Unix(),
	}
	want := map[string]any{
		"kafka_topic": topic, "kafka_partition": partition, "kafka_offset": offset, "kafka_timestamp": at.Format(timeLayout),
	}
	var key []byte
	switch n >> 4 % 4 {
	case 0:
		key = fmt.Appendf(nil, "customer, \"%d\"\n", n%1000)
		want["kafka_key"] = string(key)
	case 1:
		key = []byte{0, 0, byte(n), 0xFF}
		want["kafka_key"] = "base64:" + base64.StdEncoding.EncodeToString(key)
	case 2:
		key = []byte("base64:x")
		want["kafka_key"] = "base64:YmFzZTY0Ong="
	}
	meta["kafka_key"] = key
	if n>>6%3 > 0 {
		meta["__rpcn_kafka_headers"] = []header{
			{"trace", fmt.Appendf(nil, "t-%d", n%100)},
			{"by", []byte("a")},
			{"by", []byte{0xC3}},
			{"none", nil},
		}
		text, _ := json.Marshal(map[string]any{
			"trace": fmt.Sprintf("t-%d", n%100), "by": []any{"a", "base64:ww=="}, "none": nil,
		})
		want["kafka_headers"] = string(text)
	}
	return origin{meta: meta, want: want}
}

// metaOf is the metadata of a document.
func metaOf(doc []byte) record.Metadata { return originOf(doc).meta }

// records wraps documents as records that arrived as bytes, with metadata
// where the subject has columns for it.
func (s *Subject) records(docs [][]byte) []record.Record { return s.withOrigin(Records(docs), docs) }

// structured wraps documents as records that a processor has parsed.
func (s *Subject) structured(docs [][]byte) []record.Record {
	return s.withOrigin(Structured(docs), docs)
}

func (s *Subject) withOrigin(records []record.Record, docs [][]byte) []record.Record {
	if s.Columns == nil {
		return records
	}
	for i := range records {
		records[i].Meta = metaOf(docs[i])
	}
	return records
}

// expectSource adds to an expected row what its source columns must be.
func (s *Subject) expectSource(want map[string]any, doc []byte) {
	if s.Columns == nil {
		return
	}
	for name, v := range originOf(doc).want {
		want[name] = v
	}
}

// taken are records that have a field of the name of a column.
func taken(name string) []record.Record {
	escaped := fmt.Sprintf(`\u%04x%s`, name[0], name[1:])
	return []record.Record{
		{Raw: []byte(`{"i":1,"` + name + `":"x"}`)},
		{Raw: []byte(`{"` + name + `":null,"i":1}`)},
		{Raw: []byte(`{"` + escaped + `":[1]}`)},
		{Value: map[string]any{"i": 1, name: nil}},
	}
}
