// Package interop reads what the encoders write with engines that are too
// large to be dependencies of the project: DuckDB here, pyarrow and fastavro
// in read_python.py. It is a module of its own for that reason.
package interop
