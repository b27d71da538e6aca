// Package versitygw runs a real, strict S3 server, versitygw, as a child
// process for integration tests. Unlike the in-process server it verifies
// regions, every checksum and the sizes of parts. Build with the tag
// "integration"; the binary is found in $VERSITYGW or on the PATH.
package versitygw
