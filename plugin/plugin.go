// Package plugin adds the output s3_destination, the scanner s3_destination_records
// and the input s3_destination_http to Benthos and Redpanda Connect when it is imported:
//
//	import _ "github.com/s3-destination/s3-destination/plugin"
//
// A program that ends on a signal should call [Drain] when it arrives, before
// or beside the shutdown of its streams.
//
// Package plugin/kafka adds the Kafka input, plugin/commands the subcommands; neither is
// linked by a program that does not import it. Metrics need an exporter, such as that of
// the package public/components/prometheus of Redpanda Connect.
//
// The database of time zones comes along, about 0.4 MB of the program, because
// the setting timezone has to mean the same in an image that has none.
package plugin

import (
	"errors"
	_ "time/tzdata" // for machines without a database of time zones

	"github.com/s3-destination/s3-destination/internal/httpinput"
	"github.com/s3-destination/s3-destination/internal/lifecycle"
	"github.com/s3-destination/s3-destination/internal/output"
	"github.com/s3-destination/s3-destination/internal/scanner"
)

func init() {
	if err := errors.Join(output.Register(), scanner.Register(), httpinput.Register()); err != nil {
		panic(err) // two components of the same name: a mistake of the program
	}
}

// Drain makes every s3_destination of this process write what it holds now,
// and whatever still arrives, instead of waiting for fuller objects. It returns
// at once and is safe to call more than once and from a signal handler's
// goroutine. Without it a graceful shutdown takes as long as idle_timeout or
// max_age, because Benthos does not tell an output that its input is closing.
func Drain() { lifecycle.Drain() }
