// Package model explores the protocol by which delivery is exactly once: every
// order in which consumers of a small group can cut, seal, commit, upload, crash
// and go on as zombies, while commits and uploads stay under way for as long as
// they like and answers are lost.
//
// In every state no record is in two objects, and none below a committed offset
// is in no object. From every state a new consumer that takes over everything,
// while all that is under way still arrives, ends with each record in exactly
// one object. Each rule can be broken, and then one of these does not hold.
//
// What is simplified: a commit and its answer are one step, or the answer is
// lost; a consumer that keeps partitions hears of a rebalance at once, one that
// loses all of them never does.
package model
