// Package remember keeps the columns of datasets in the bucket, beside the data, so
// that every process which writes there begins with the same ones. It is the shelf of
// package schema: one object for each dataset, replaced only on the condition that it
// is still the one that was read.
package remember
