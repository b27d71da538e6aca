// Command docgen writes the reference of the output s3_destination and of the
// input s3_destination_kafka: a page for people and a JSON schema for editors
// each, from the registered specification,
// so that they cannot drift from what the program accepts. It also draws which
// package imports which into docs/architecture.md.
package main
