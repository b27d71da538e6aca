// Package health finds out whether the destination accepts data, by doing what
// the output does: writing an object under the configured prefix, with the same
// encryption, checksum and headers as data, and deleting it. What it finds, and
// what uploads tell it, opens and closes a circuit breaker at the entrance of
// the output: while the destination is down, arrivals wait and nothing is lost
// or refused.
package health
