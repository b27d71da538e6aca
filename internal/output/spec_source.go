package output

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/source"
)

func sourceFields() []*service.ConfigField {
	return []*service.ConfigField{
		service.NewStringListField(fieldSourceColumns).
			Description("Columns to add to each record about where in Kafka it came from: `topic`, `partition`, `offset`, `timestamp`, `key`, `headers`, or `all`. They are null for records of other inputs. A record that has a field of such a name itself is a bad record.").
			Default([]any{}).
			Example([]any{"topic", "partition", "offset"}).
			Example([]any{source.All}),
		service.NewStringField(fieldSourcePrefix).
			Description("What the names of these columns begin with.").
			Default(source.DefaultPrefix).Advanced().
			Example("_kafka_"),
	}
}
