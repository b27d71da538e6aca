// Package chunk collects the records of many write calls into chunks, one for
// each partition, decides when a chunk is rolled into an object, and settles
// every call when all of its records are durable or refused.
//
// It guarantees that a record is part of exactly one object or is reported
// back with an error, that an object never exceeds the size cap unless one
// record alone does, and that records inside an object keep the order in which
// their calls arrived.
//
// A chunk goes from state to state (see state); the ledger is the one place
// that moves it and counts. Records are never handled one by one: what a call
// brings for a partition is a run, and a chunk is a list of runs. Calls have
// stages of their own, which the book counts.
package chunk
