// Package nettest carries TCP connections over loopback and cuts them on
// demand, as a network does that falls apart: bytes vanish without a word, only
// the answers vanish, or connections are refused. What was on its way when a
// link was lost arrives when it is found again, late, as TCP sends it again.
//
// Like s3test it serves tests and programs alike, so nothing in it needs a
// *testing.T.
package nettest
