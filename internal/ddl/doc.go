// Package ddl writes the statements by which engines read objects as a table: its
// columns with their types, where it is, and how its files are written.
package ddl
