// Package httpinput is the Benthos input s3_destination_http: a server that takes
// records in the bodies of POST requests, and answers each request when its records
// are acknowledged. The http_server of Benthos makes a batch of every request; this
// input makes one of the requests that wait, which is what it saves.
//
// A request is a [post] from its body on. The handler cuts it into records and queues
// it, ReadBatch gathers what is queued into one batch, and the acknowledgement of the
// batch answers every request in it by the fate of its own records, as far as it is known.
package httpinput
