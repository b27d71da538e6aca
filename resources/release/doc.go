// Package release has tests of what the scripts beside it make with goreleaser,
// cyclonedx-gomod and go-licenses. They also read what those cannot: the headers
// of the linked files. With the tag release they run the scripts. See
// docs/releasing.md.
package release
