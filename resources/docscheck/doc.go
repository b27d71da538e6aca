// Package docscheck holds tests that compare hand-written pages with the code:
// the messages, reasons and classes of docs/troubleshooting.md, the
// configurations of docs/migrating.md, and the proofs of docs/guarantees.md.
// [Sentences] finds the sentences of a page, so that none becomes too long.
//
// Fields, metrics and links are compared in resources/docgen; what commands and
// configurations do is tried in resources/docsrun.
package docscheck
