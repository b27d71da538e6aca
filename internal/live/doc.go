// Package live is the state of this process as operators want to see it: a page, a
// JSON document, and the types of both. The outputs and inputs of the process are
// asked for it when somebody looks, and not before.
package live
