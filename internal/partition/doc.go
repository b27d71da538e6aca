// Package partition finds the partition of a record: it evaluates the
// variables and the date that the templates use and renders them to a path.
//
// # Variables
//
// A variable is a Bloblang interpolated string. The forms that almost every
// configuration consists of are answered from the record's bytes or metadata,
// without parsing the document and without allocating:
//
//	${! json("a.b") }   ${! this.a.b }   ${! meta("x") }   ${! metadata("x") }   ${! @x }
//
// alone or joined with literal text. Everything else is given to Bloblang, once
// per record. Both render the same text, with two differences that reading in
// place brings: of a field that occurs twice in one object the first counts
// (Bloblang: the last), and what lies behind the last field needed is not
// checked (the encoder will). Metadata by which an input says that there is
// nothing, such as a Kafka timestamp of -1, is not there for either.
//
// A value that is missing, null or empty is an empty value, and renders as
// template.DefaultPartition, or refuses the record where the configuration
// demands a value. Bloblang prints "null" for the first two, so a
// computed expression whose whole text is "null" counts as empty too. Inside a
// longer text null stays the word null, as in Bloblang: to keep it apart,
// write the text into the template and leave the variable alone.
//
// # Dates
//
// See [Config] for what date_field accepts and [Assigner] for how values are
// read. A date without a time zone is that calendar date (and hour) as it is
// written; an instant is converted to the configured time zone.
package partition
