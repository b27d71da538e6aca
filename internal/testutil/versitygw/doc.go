// Package versitygw runs a real, strict S3 server, versitygw, as a child
// process for integration tests. Unlike the in-process server it verifies
// regions, every checksum and the sizes of parts, keeps versions, honours locks,
// and enforces the policies of users, roles and buckets. It ignores encryption
// headers in silence. Build with the tag "integration"; the binary is found in
// $VERSITYGW or on the PATH.
package versitygw
