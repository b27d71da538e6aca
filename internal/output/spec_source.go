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
		service.NewStringEnumField(fieldSourceTrust, "auto", "metadata", "off").
			Description("Whose word about topic, partition and offset is taken: they decide `{{source_range}}`, the metadata `s3d-source` and source columns. `auto` takes them from Kafka inputs, which store partition and offset as numbers; text is not believed, because every client of an HTTP input can send metadata of that name. `metadata` believes text as well, for records that come through something that turns metadata into text. `off` uses none.").
			Default("auto").Advanced(),
	}
}
