// Package interop reads what the encoders write with engines that are too
// large to be dependencies of the project: DuckDB and OpenCSV here, those of Python and
// Java in the scripts beside it. It is a module of its own for that reason.
package interop
