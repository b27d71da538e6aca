// Package schema is the model of what columns the files of a destination have:
// declared in the configuration, read from a record's metadata, or learned from
// the records themselves. Its Memory is shared by all encoders of a destination
// and only ever widens types, so that a column never changes its type back and
// forth between files.
package schema
