// Package s3test runs an S3 server inside the process, on a loopback port and
// in memory, that fails on demand: any request can be refused, delayed, hung,
// cut off, or carried out with its answer lost. Signatures, session tokens and
// payload hashes are verified for real.
//
// It serves tests and the demo alike, so nothing in it needs a *testing.T.
package s3test
