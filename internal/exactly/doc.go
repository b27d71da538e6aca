// Package exactly is the part of exactly-once delivery that needs no input and no
// output: what consumers of a group leave in their offset commits, and what their
// successors make of it.
//
// An Epoch says what is to be stored under which keys. A Lane is the owner's side:
// it makes epochs of the records that arrive, and says what to commit and what may
// be uploaded then. A Takeover is the successor's: it forms the same objects again,
// to be stored under the same keys. The rules R1 to R11 are those of package model;
// the code names a rule where it is enforced.
package exactly
