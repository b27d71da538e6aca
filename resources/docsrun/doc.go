// Package docsrun tries what the pages tell readers to do: every command of
// every sh fence runs in a clean clone, against an S3 server and a Kafka
// cluster in the test process; every configuration is linted by the binary;
// every Go program compiles; every JSON text is JSON.
//
// The first steps of README.md run in an empty directory, as a newcomer has it.
//
// A fence is run unless [Listed] names it, with the reason why not. So a fence
// that no longer works fails, and so does a new one that nobody thought of.
//
//	make docs-run
package docsrun
