// Package ststest runs a security token service inside the process: it verifies
// the signature of every call, evaluates trust policies down to sts:ExternalId,
// applies the limits of AWS on sessions and chains, and feeds the keys that it
// issues to an S3 test server, which then verifies them for real.
//
// It exists because no obtainable server evaluates sts:ExternalId.
package ststest
