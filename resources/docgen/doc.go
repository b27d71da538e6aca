// Command docgen writes the reference of the s3_destination output: a page for
// people and a JSON schema for editors, both from the registered specification,
// so that they cannot drift from what the program accepts. It also draws which
// package imports which into docs/architecture.md.
package main
