package schema

import "github.com/s3-destination/s3-destination/internal/source"

// sourceTypes are the types of source columns.
var sourceTypes = map[source.Column]Type{
	source.Topic: String, source.Partition: Int32, source.Offset: Int64,
	source.Timestamp: Timestamp, source.Key: String, source.Headers: JSON,
}

// sourceFields returns the fields of source columns. All may be null: not
// every input knows where its records came from.
func sourceFields(c *source.Columns) []Field {
	fields := make([]Field, c.Len())
	for i := range fields {
		fields[i] = Field{Name: c.Name(i), Type: sourceTypes[c.Column(i)], Optional: true, Source: i + 1}
	}
	return fields
}
