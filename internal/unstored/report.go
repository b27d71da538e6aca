// Package unstored keeps count of the records that an output was given and that
// are not in the bucket, so that a process can say at its end what is missing.
package unstored

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/store"
)

// Report is what outputs had taken over, or could not take over, and have not
// stored when they ended. The zero value means that nothing is missing.
type Report struct {
	// Batches is how many calls ended, or still wait, without an
	// acknowledgement; Records is what they brought, and Since when the oldest
	// of them arrived.
	Batches, Records int
	Since            time.Time
	// Returned is how many records were given back to the input as failed, and
	// have not been stored since; at least so many.
	Returned int
	// Unreached: an output ended that never reached its destination. What the
	// input had read for it nobody can tell.
	Unreached bool
	// Class and Cause are why, and Destination where they should have gone.
	Class       store.Class
	Cause       string
	Destination string
}

// Any reports whether there is anything to tell.
func (u Report) Any() bool { return u.Batches > 0 || u.Returned > 0 || u.Unreached }

// Plus sums up the ends of two outputs. The cause is that of the one with more
// records.
func (u Report) Plus(v Report) Report {
	if !u.Any() {
		return v
	}
	if !v.Any() {
		return u
	}
	sum := u
	if v.Records > u.Records {
		sum = v
	}
	sum.Batches, sum.Records = u.Batches+v.Batches, u.Records+v.Records
	sum.Returned = u.Returned + v.Returned
	sum.Unreached = u.Unreached || v.Unreached
	if sum.Since.IsZero() || !v.Since.IsZero() && v.Since.Before(sum.Since) {
		sum.Since = v.Since
	}
	if !u.Since.IsZero() && u.Since.Before(sum.Since) {
		sum.Since = u.Since
	}
	return sum
}

// String is one line for a log.
func (u Report) String() string {
	var parts []string
	if u.Batches > 0 {
		parts = append(parts, fmt.Sprintf("%s in %s waited to be stored, the oldest since %s",
			several(u.Records, "record", "records"), several(u.Batches, "batch", "batches"), u.Since.UTC().Format(time.RFC3339)))
	}
	if u.Returned > 0 {
		parts = append(parts, fmt.Sprintf("%s had been given back to the input as failed and did not come again",
			several(u.Returned, "record", "records")))
	}
	if u.Unreached {
		parts = append(parts, "the destination was never reached, so that what the input had read is not stored")
	}
	return fmt.Sprintf("Stopped with records that were not stored: %s. Destination: %s. Reason (%s): %s",
		strings.Join(parts, "; "), u.Destination, u.Class, u.Cause)
}

// Log writes the line, with its numbers as fields for logs that are searched.
func (u Report) Log(to *service.Logger) {
	to.With("batches", u.Batches, "records", u.Records, "returned", u.Returned, "class", string(u.Class)).Error(u.String())
}

// Report tells what is not stored, as things are now. unreached says that the
// output has never reached its destination, trouble what keeps records from being
// stored.
func (a *Account) Report(unreached bool, trouble func() (store.Class, error)) Report {
	t := a.cutShort()
	t.add(a.waiting.count())
	returned, failure := a.failed.count()
	r := Report{Batches: t.batches, Records: t.records, Since: t.since, Returned: returned, Unreached: unreached}
	switch {
	case r.Batches > 0 || r.Unreached:
		class, err := trouble()
		r.Class, r.Cause = class, oneLine(err)
	case r.Returned > 0:
		r.Class, r.Cause = store.ClassOf(failure), oneLine(failure)
	}
	return r
}

func oneLine(err error) string {
	if err == nil {
		err = errors.New("unknown")
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

func several(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
