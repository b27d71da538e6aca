// Package release looks at what the scripts beside it make with goreleaser,
// cyclonedx-gomod and go-licenses, and reads what those cannot: the headers of
// the linked files. See docs/releasing.md.
package release
