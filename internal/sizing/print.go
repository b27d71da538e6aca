package sizing

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is a prediction with what it was made from, for people and scripts.
type Report struct {
	Destination Destination
	Input       Input
	Load        Load
	// RatioSource says where the ratio comes from.
	RatioSource string
	Prediction  Prediction
}

// Warned reports whether a setting is in the way.
func (r *Report) Warned() bool {
	for _, f := range r.Prediction.Findings {
		if f.Level == Warning {
			return true
		}
	}
	return false
}

// Write prints the report as a table, with what to change below it.
func (r *Report) Write(w io.Writer) error {
	p, l, d := r.Prediction, r.Load, r.Destination
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { _, _ = fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	row("load", "%s rows/s of %s, into %s%s%s", Count(l.Rate), Size(l.RowBytes), plural(l.Partitions, "partition"),
		r.kafka(), replicas(l.Replicas))
	row("stored", "%.3g bytes for each byte of a record (%s, %s)", l.Ratio, d.Format, r.RatioSource)
	row("objects", "%s, %s rows, ended by %s; one every %s in each partition", Size(p.Bytes), Count(p.Rows), r.reason(), Duration(p.Every.Seconds()))
	if p.FullFrom > 0 {
		row("", "full (max_file_size %s) before max_age from %s rows/s on", Size(float64(d.MaxFileSize)), Count(p.FullFrom))
	}
	row("a day", "%s objects, %s stored, %s PUT requests for %s USD", Count(p.Objects), Size(p.Stored), Count(p.Requests), Money(p.Cost))
	row("requests", "%s PUT/s, of %s that S3 takes under one prefix", Count(p.Requests/day), Count(PutsPerPrefix))
	r.processors(row)
	row("memory", "%s wait at most, of memory_limit %s; %s would be enough; give the container %s", Size(p.Held), Size(float64(d.MemoryLimit)), Size(roundUp(p.HeldNeeded)), Size(roundUp(p.Container)))
	if d.Spool > 0 {
		row("disk", "%s collect, and %s for each hour without S3, of spool.max_size %s", Size(p.Disk), Size(p.DiskOutage), Size(float64(d.Spool)))
	}
	given := "given"
	if d.AutoInFlight {
		given = "by auto"
	}
	row("max_in_flight", "%s needed, %s %s", Count(p.InFlight), Count(float64(d.MaxInFlight)), given)
	if r.Input.CheckpointLimit > 0 {
		row("checkpoint_limit", "%s needed, %s given", Count(p.Unacknowledged), Count(float64(r.Input.CheckpointLimit)))
	}
	row("uploads", "%s at once, %s each; upload.concurrency is %d", Count(p.Uploads), Duration(p.Upload.Seconds()), d.Workers)
	row("delay", "%s at most, %s on average", Duration(p.DelayMost.Seconds()), Duration(p.DelayMean.Seconds()))
	row("duplicates", "%s rows at most, when a process is killed", Count(p.Duplicates))
	if err := t.Flush(); err != nil {
		return err
	}
	for _, f := range p.Findings {
		if _, err := fmt.Fprintf(w, "%s: %s: %s\n", f.Level, f.Setting, f.Text); err != nil {
			return err
		}
	}
	return nil
}

// processors prints what the load takes of processors.
func (r *Report) processors(row func(name, format string, args ...any)) {
	c, l := r.Prediction.CPU, r.Load.sane()
	without := ""
	if !c.InputCounted {
		without = "; the input is not counted"
	}
	row("cpu", "%s cores are busy, of %s for %s USD a day: %sus a record, %sms an object%s", Count(c.Cores),
		Count(l.Cores*float64(l.Replicas)), Money(c.Cost), short(c.Record), short(c.Object), without)
	few := ""
	if r.Input.Kafka && c.Processes > float64(l.KafkaPartitions) {
		few = " and as many Kafka partitions"
	}
	row("processes", "%s needed%s, each at most %.0f %% busy; %s up to %s rows/s", Count(c.Processes), few, 100*Busy, taking(l.Replicas), Count(c.Takes))
}

func taking(n int) string {
	if n == 1 {
		return "1 takes"
	}
	return Count(float64(n)) + " take"
}

func (r *Report) kafka() string {
	if !r.Input.Kafka {
		return ""
	}
	return ", from " + plural(r.Load.KafkaPartitions, "Kafka partition")
}

func replicas(n int) string {
	if n <= 1 {
		return ""
	}
	return fmt.Sprintf(", by %d processes", n)
}

// reason names the rule with its setting.
func (r *Report) reason() string {
	d := r.Destination
	switch reason := string(r.Prediction.Reason); reason {
	case "size":
		return "size (max_file_size " + Size(float64(d.MaxFileSize)) + ")"
	case "age":
		return "age (max_age " + Duration(d.MaxAge.Seconds()) + ")"
	case "records":
		return fmt.Sprintf("records (max_records %d)", d.MaxRecords)
	default:
		return reason
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if strings.HasSuffix(what, "s") {
		what += "e"
	}
	return Count(float64(n)) + " " + what + "s"
}

// flat is the report as JSON: plain numbers, in the units that the names tell.
type flat struct {
	Format      string  `json:"format"`
	Load        Load    `json:"load"`
	RatioSource string  `json:"ratio_source"`
	Objects     objects `json:"objects"`
	Day         aDay    `json:"a_day"`
	Requests    rate    `json:"put_requests"`
	CPU         cpu     `json:"cpu"`
	Memory      memory  `json:"memory"`
	Disk        *disk   `json:"disk,omitempty"`
	InFlight    needed  `json:"max_in_flight"`
	Checkpoint  *needed `json:"checkpoint_limit,omitempty"`
	Uploads     needed  `json:"upload_concurrency"`
	Delay       delay   `json:"delay"`
	Duplicates  float64 `json:"duplicate_rows_after_a_kill"`
	// Findings is never null.
	Findings []Finding `json:"findings"`
}

type objects struct {
	Reason   string  `json:"reason"`
	Rows     float64 `json:"rows"`
	Bytes    float64 `json:"bytes"`
	Every    float64 `json:"every_seconds"`
	FullFrom float64 `json:"full_from_rows_per_second,omitempty"`
}

type aDay struct {
	Objects  float64 `json:"objects"`
	Stored   float64 `json:"stored_bytes"`
	Requests float64 `json:"put_requests"`
	Cost     float64 `json:"put_cost"`
}

type rate struct {
	PerSecond float64 `json:"per_second"`
	Limit     float64 `json:"limit_of_a_prefix"`
}

type cpu struct {
	Record       float64 `json:"record_microseconds"`
	Object       float64 `json:"object_milliseconds"`
	Cores        float64 `json:"busy_cores"`
	Takes        float64 `json:"rows_per_second_at_most"`
	Processes    float64 `json:"processes_needed"`
	Cost         float64 `json:"cost_a_day"`
	InputCounted bool    `json:"input_counted"`
}

type memory struct {
	Held      float64 `json:"held_bytes"`
	Limit     int64   `json:"memory_limit_bytes"`
	Needed    float64 `json:"memory_limit_needed_bytes"`
	Container float64 `json:"container_bytes"`
}

type disk struct {
	Collected float64 `json:"collected_bytes"`
	Outage    float64 `json:"outage_bytes_per_hour"`
	Limit     int64   `json:"max_size_bytes"`
}

type needed struct {
	Needed float64 `json:"needed"`
	Given  int     `json:"given"`
}

type delay struct {
	Most   float64 `json:"most_seconds"`
	Mean   float64 `json:"mean_seconds"`
	Upload float64 `json:"upload_seconds"`
}

// JSON is the report for scripts.
func (r *Report) JSON() ([]byte, error) {
	p, d := r.Prediction, r.Destination
	f := flat{
		Format: d.Format, Load: r.Load.sane(), RatioSource: r.RatioSource,
		Objects:    objects{string(p.Reason), p.Rows, p.Bytes, p.Every.Seconds(), p.FullFrom},
		Day:        aDay{p.Objects, p.Stored, p.Requests, p.Cost},
		Requests:   rate{p.Requests / day, PutsPerPrefix},
		CPU:        cpu(p.CPU),
		Memory:     memory{p.Held, d.MemoryLimit, p.HeldNeeded, p.Container},
		InFlight:   needed{p.InFlight, d.MaxInFlight},
		Uploads:    needed{p.Uploads, d.Workers},
		Delay:      delay{p.DelayMost.Seconds(), p.DelayMean.Seconds(), p.Upload.Seconds()},
		Duplicates: p.Duplicates,
		Findings:   append([]Finding{}, p.Findings...),
	}
	if d.Spool > 0 {
		f.Disk = &disk{p.Disk, p.DiskOutage, d.Spool}
	}
	if r.Input.CheckpointLimit > 0 {
		f.Checkpoint = &needed{p.Unacknowledged, r.Input.CheckpointLimit}
	}
	text, err := json.MarshalIndent(f, "", "  ")
	return append(text, '\n'), err
}

// Size prints bytes as a configuration would have them: 64kB, 32MB, 1.5GB.
func Size(bytes float64) string {
	for _, unit := range []struct {
		name string
		of   float64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if bytes >= 0.9995*unit.of {
			return short(bytes/unit.of) + unit.name
		}
	}
	return short(bytes) + "B"
}

// short prints three digits.
func short(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// Count prints a number with three digits where it is small, and with commas
// where it is large.
func Count(v float64) string {
	if v < 100 {
		return short(v)
	}
	digits := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Money prints an amount with two digits that tell something.
func Money(v float64) string {
	if v >= 1 || v == 0 {
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// Duration prints seconds as a configuration would have them, to three digits.
func Duration(s float64) string {
	d := seconds(s)
	step := time.Millisecond
	for _, unit := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second, time.Minute, time.Hour} {
		if d >= 100*unit {
			step = unit
		}
	}
	return trim(d.Round(step))
}

// trim drops the zero units that time.Duration prints: 5m0s.
func trim(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
