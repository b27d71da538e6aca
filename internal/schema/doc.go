// Package schema is the model of what columns the files of a destination have:
// declared in the configuration, read from a record's metadata, or learned from
// the records themselves. Each dataset has a Memory, shared by all encoders of a
// destination, that learns records as transactions and only ever grows and
// widens, so that no column moves or changes its type back and forth between
// files. A Registry finds it, bounds how many there are, and keeps them in a file
// over restarts.
package schema
