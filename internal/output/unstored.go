package output

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/store"
)

// Unstored is what outputs had taken over, or could not take over, and have not
// stored when they ended. The zero value means that nothing is missing.
type Unstored struct {
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
func (u Unstored) Any() bool { return u.Batches > 0 || u.Returned > 0 || u.Unreached }

// plus sums up the ends of two outputs. The cause is that of the one with more
// records.
func (u Unstored) plus(v Unstored) Unstored {
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
func (u Unstored) String() string {
	var parts []string
	if u.Batches > 0 {
		parts = append(parts, fmt.Sprintf("%s in %s waited to be stored, the oldest since %s",
			plural(u.Records, "record"), plural(u.Batches, "batch"), u.Since.UTC().Format(time.RFC3339)))
	}
	if u.Returned > 0 {
		parts = append(parts, fmt.Sprintf("%s had been given back to the input as failed and did not come again",
			plural(u.Returned, "record")))
	}
	if u.Unreached {
		parts = append(parts, "the destination was never reached, so that what the input had read is not stored")
	}
	return fmt.Sprintf("Stopped with records that were not stored: %s. Destination: %s. Reason (%s): %s",
		strings.Join(parts, "; "), u.Destination, u.Class, u.Cause)
}

// Log writes the line, with its numbers as fields for logs that are searched.
func (u Unstored) Log(to *service.Logger) {
	to.With("batches", u.Batches, "records", u.Records, "returned", u.Returned, "class", string(u.Class)).Error(u.String())
}

// unstored tells what this output has not stored, as things are now.
func (o *Output) unstored() Unstored {
	t := o.account.unstored()
	t.add(o.backlog.waiting())
	returned, failure := o.account.failed.count()
	u := Unstored{
		Batches: t.batches, Records: t.records, Since: t.since, Returned: returned,
		Unreached: o.tried.Load() && !o.reached.Load(),
	}
	if !u.Any() {
		return u
	}
	if u.Batches > 0 || u.Unreached {
		u.Class, u.Cause = o.trouble()
	} else {
		u.Class, u.Cause = store.ClassOf(failure), oneLine(failure)
	}
	u.Destination = o.conf.destination()
	return u
}

// trouble is what keeps records from being stored now.
func (o *Output) trouble() (store.Class, string) {
	if s := o.monitor.Status(); s.State == health.Unhealthy {
		return s.Class, oneLine(s.Err)
	}
	if c := o.watch.failing(); c != "" {
		return c, "requests failed until the end"
	}
	return store.ClassCanceled, "there was not enough time: shutdown_timeout is how long an end may take"
}

func oneLine(err error) string {
	if err == nil {
		err = errors.New("unknown")
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// destination names bucket and server for people.
func (c *Config) destination() string {
	if c.store.Endpoint != "" {
		return fmt.Sprintf("bucket %s at %s", c.store.Bucket, c.store.Endpoint)
	}
	return fmt.Sprintf("bucket %s of S3, region %s", c.store.Bucket, c.store.Region)
}
