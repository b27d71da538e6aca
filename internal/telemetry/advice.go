package telemetry

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// advice says what keeps objects of that median size small, and which setting
// to change. The caller holds the lock.
func (a *adviser) advice(median int64) string {
	missing := float64(a.limits.MaxFileSize) / float64(median)
	meant := fmt.Sprintf("set max_file_size to %s", humanize.Bytes(uint64(4*median)))
	switch a.cause {
	case chunk.Age:
		return a.age(missing, meant)
	case chunk.Partitions:
		return fmt.Sprintf("Most are written early because max_open_partitions (%d) is reached: raise it, or split the records into fewer partitions with the placeholders of folder and file_name.",
			a.limits.MaxOpenPartitions)
	case chunk.Memory:
		return fmt.Sprintf("Most are written early because memory_limit (%s) is reached with %s open: raise it towards %s, split the records into fewer partitions, or %s.",
			humanize.Bytes(uint64(a.limits.MemoryLimit)), plural(a.open.value, "partition"),
			humanize.Bytes(uint64(missing*float64(a.limits.MemoryLimit))), meant)
	case chunk.Saturation:
		return fmt.Sprintf("Most are written early because all batches that max_in_flight (%d) allows are waiting: %s.",
			a.limits.MaxInFlight, a.slots(missing))
	case chunk.Idle:
		if a.stalls.Load() > 0 && a.grows {
			return fmt.Sprintf("Most are written early because memory_limit (%s) is full until records are stored: raise it, or see why storing takes long.", humanize.Bytes(uint64(a.limits.MemoryLimit)))
		}
		if a.stalls.Load() > 0 {
			return "Most are written early because the input waits for acknowledgements: raise the number of un-acknowledged records it allows, checkpoint_limit of a Kafka input."
		}
		return fmt.Sprintf("Most are written early because the input pauses for longer than idle_timeout (%s): raise it beyond the pauses. max_age bounds the delay all the same.", a.limits.IdleTimeout)
	default:
		return "Most end where the schema changes: declare the columns (schema.mode fixed), or give records of different shapes folders of their own."
	}
}

// age is the advice on objects that max_age ends.
func (a *adviser) age(missing float64, meant string) string {
	fill := missing * a.limits.MaxAge.Seconds()
	begin := fmt.Sprintf("Most are written because of max_age (%s)", a.limits.MaxAge)
	switch n := a.open.value; {
	case fill <= longAge.Seconds():
		return fmt.Sprintf("%s, and at this rate one takes %s to fill: raise max_age towards that, or %s if the delay matters more.", begin, howLong(fill), meant)
	case n > 1 && fill/float64(n) <= longAge.Seconds():
		return fmt.Sprintf("%s while the records are split into %s, each of which takes %s to fill: split them less with the placeholders of folder and file_name, raise max_age, or %s if small objects are meant.",
			begin, plural(n, "partition"), howLong(fill), meant)
	default:
		return fmt.Sprintf("%s, and at this rate one takes %s to fill: raise max_age as far as readers can wait, or %s if small objects are meant.", begin, howLong(fill), meant)
	}
}

// slots is the advice on the number of calls. Each of them is a goroutine.
func (a *adviser) slots(missing float64) string {
	const most = 20_000
	if n := missing * float64(a.limits.MaxInFlight); n <= most {
		return fmt.Sprintf("raise it towards %d, or put more records into a batch at the input", int(math.Ceil(n/10)*10))
	}
	return "put more records into a batch at the input, each of which takes one slot, or raise it"
}

func percent(part, whole int64) string {
	share := 100 * float64(part) / float64(whole)
	if share < 0.1 {
		return "less than 0.1 %"
	}
	return strconv.FormatFloat(share, 'f', 1, 64) + " %"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// howLong prints a time in its largest unit.
func howLong(seconds float64) string {
	switch {
	case seconds < 120:
		return fmt.Sprintf("%.0f seconds", seconds)
	case seconds < 2*3600:
		return fmt.Sprintf("%.0f minutes", seconds/60)
	case seconds < 48*3600:
		return fmt.Sprintf("%.0f hours", seconds/3600)
	default:
		return fmt.Sprintf("%.0f days", seconds/86400)
	}
}

// peak is the largest of the latest values of a gauge.
type peak struct {
	value int
	at    time.Time
}

// peakFor is how long a value is remembered that was not reached again.
const peakFor = 10 * time.Minute

func (p *peak) add(n int, now time.Time) {
	if n >= p.value || now.Sub(p.at) > peakFor {
		p.value, p.at = n, now
	}
}
