// Command docgen writes the reference of the output s3_destination, of the inputs
// s3_destination_kafka and s3_destination_http and of the scanner s3_destination_records:
// a page for people and a JSON schema for editors each, from the registered specification,
// so that they cannot drift from what the program accepts. It also draws which
// package imports which into docs/architecture.md, and the figures of
// docs/benchmarks.md into a chart.
package main
