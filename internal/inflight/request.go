package inflight

// MetaRequest is metadata of a record that came with a request: the number of it, an
// int64. It is not a part of the context, because Benthos gives the messages that a
// processor leaves of a batch the contexts of others.
const MetaRequest = "s3_destination_http_request"

// Failure is that of one record that came with a request, told by the output that had
// the record.
type Failure struct {
	Request int64
	// Refused: the record is a bad one, and fails again when it comes again.
	Refused bool
	// Sole: there is no other output that the record goes to, so that records of the
	// same batch without a failure are stored.
	Sole bool
	Err  error
}

// Error implements error.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the reason.
func (f *Failure) Unwrap() error { return f.Err }
