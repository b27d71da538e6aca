package config

import (
	"fmt"
	"strings"

	"github.com/s3-destination/s3-destination/internal/source"
)

// origin is what is told about where in Kafka records come from.
type origin struct {
	columns []string
	prefix  string
	trust   string
}

func (o *origin) settings() settings {
	return settings{
		list("include_source_columns", &o.columns).
			doc("Columns to add to each record about where in Kafka it came from: `topic`, `partition`, `offset`, `timestamp`, `key`, `headers`, or `all`. They are null for records of other inputs. A record that has a field of such a name itself is a bad record.").
			or([]any{}).
			example([]any{"topic", "partition", "offset"}).
			example([]any{source.All}),
		text("source_column_prefix", &o.prefix).
			doc("What the names of these columns begin with.").
			or(source.DefaultPrefix).advanced().
			example("_kafka_"),
		word("source_coordinates", &o.trust, "auto", "metadata", "off").
			doc("Whose word about topic, partition and offset is taken: they decide `{{source_range}}`, the metadata `s3d-source` and source columns. `auto` takes them from Kafka inputs, which store partition and offset as numbers; text is not believed, because every client of an HTTP input can send metadata of that name. `metadata` believes text as well, for records that come through something that turns metadata into text. `off` uses none.").
			or("auto").advanced(),
	}
}

func (o *origin) complete(c *Config, r *reader) {
	trust, err := source.ParseTrust(o.trust)
	if err != nil {
		r.fail(fmt.Errorf("source_coordinates: %w", err))
	}
	columns, err := source.NewColumns(o.columns, o.prefix)
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", o.wrong(err), err))
	}
	if len(o.columns) == 0 && o.prefix != source.DefaultPrefix {
		r.warn("source_column_prefix: it has no effect without include_source_columns: write that, or remove it")
	}
	c.Trust, c.Columns = trust, columns.Trusting(trust)
}

// wrong is the setting that an error about the columns is about.
func (o *origin) wrong(err error) string {
	if strings.Contains(err.Error(), "not a prefix") {
		return "source_column_prefix"
	}
	return "include_source_columns"
}
