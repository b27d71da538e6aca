// Package minio runs MinIO, an S3 server that encrypts, as a child process for
// integration tests: with a key of its own, or with the keys of a [KeyService]
// of the test, which can be disabled and taken away while data is written.
// MinIO's licence is the AGPL, so that it is only ever run, never linked. Build
// with the tag "integration"; the binary is found in $MINIO.
package minio
