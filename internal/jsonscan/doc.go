// Package jsonscan reads JSON documents in place: a strict RFC 8259 cursor
// that hands out keys, strings and numbers as slices of the document, without
// building maps and without allocating. The encoders feed columns, cells and
// fields from it, and the partitioner finds single fields with Find.
//
// Strict means: one grammar, no trailing commas, no raw control characters in
// strings, valid UTF-8, and at most MaxDepth levels of nesting so that hostile
// input cannot exhaust the stack. Apart from UTF-8 and depth a document is
// accepted exactly when encoding/json accepts it. An escaped lone surrogate
// (\ud800) is accepted; it is replaced by U+FFFD when a string is unescaped
// and passed on as it is in raw text, which is what encoding/json does.
package jsonscan
