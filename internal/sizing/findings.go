package sizing

import (
	"fmt"
	"math"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// Level says how much a finding matters.
type Level string

// The levels of findings.
const (
	// Warning means that a setting keeps objects from what max_file_size and
	// max_age ask for, or that the process does not keep up.
	Warning Level = "warning"
	// Advice means that it works, and could be better.
	Advice Level = "advice"
)

// Finding is something to change.
type Finding struct {
	Level Level `json:"level"`
	// Setting is the field to change, as a path in the configuration.
	Setting string `json:"setting"`
	// Text says what happens, and to what the setting should be changed.
	Text string `json:"text"`
}

// Limits from which on something is worth a word.
const (
	smallShare    = 0.1              // of the cap
	manyPerSecond = 1000             // records, in batches of one
	margin        = 1.2              // on top of what is needed
	longAge       = 30 * time.Minute // nobody likes to wait longer
)

// PutsPerPrefix is how many PUT requests a second S3 takes at least under one
// prefix: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
const PutsPerPrefix = 3500

// findings looks at what the load meets.
func (m *model) findings(p *Prediction) []Finding {
	var all []Finding
	looks := []func(*Prediction) *Finding{
		m.skips, m.ordered, m.tooFewUnacknowledged, m.tooFewSlots, m.tooLittleMemory, m.tooManyPartitions, m.tooSlow,
		m.tooFewCores, m.smallObjects, m.manyRequests, m.singleRecords, m.noPeriod, m.muchBeside,
	}
	if m.d.Spool > 0 {
		looks = []func(*Prediction) *Finding{
			m.skips, m.tooFewSlots, m.tooLittleMemoryForObject, m.tooManyPartitions, m.tooSlow, m.tooFewCores, m.smallObjects, m.manyRequests,
			m.singleRecords, m.noPeriod, m.tooSmallDisk,
		}
	}
	for _, look := range looks {
		if f := look(p); f != nil {
			all = append(all, *f)
		}
	}
	return all
}

func warn(setting, format string, args ...any) *Finding {
	return &Finding{Level: Warning, Setting: setting, Text: fmt.Sprintf(format, args...)}
}

func advise(setting, format string, args ...any) *Finding {
	return &Finding{Level: Advice, Setting: setting, Text: fmt.Sprintf(format, args...)}
}

// cut says what an object is that something ended too early.
func (m *model) cut(p *Prediction) string {
	return fmt.Sprintf("objects end at %s instead of %s", Size(p.Bytes), Size(m.ownEnd().rows*m.stored))
}

func (m *model) skips(*Prediction) *Finding {
	if !m.in.Skips {
		return nil
	}
	return warn("input."+m.in.Kind,
		"records can be lost when Kafka partitions move to another process, or the process loses its session: this input can commit the offsets of records that were not stored. Use the input s3_destination_kafka: see docs/kafka.md, Which input")
}

func (m *model) ordered(p *Prediction) *Finding {
	if m.in.OrderedBytes == 0 || p.Reason != chunk.Idle {
		return nil
	}
	return warn("input."+m.in.Kind+".unordered_processing.enabled",
		"the ordered mode hands over one batch of %s a Kafka partition and waits until it is stored, so that %s: set it to true, with a checkpoint_limit of %s",
		Size(float64(m.in.OrderedBytes)), m.cut(p), Count(roundUp(margin*p.Unacknowledged)))
}

func (m *model) tooFewUnacknowledged(p *Prediction) *Finding {
	limit := float64(m.in.CheckpointLimit)
	if m.in.OrderedBytes > 0 || limit == 0 || p.Unacknowledged <= limit {
		return nil
	}
	path := "input." + m.in.Kind + ".checkpoint_limit"
	if m.in.Kind == "redpanda" {
		path = "input.redpanda.unordered_processing.checkpoint_limit"
	}
	text := fmt.Sprintf("%s records of a Kafka partition wait until their objects are stored, and %s may: the input stops, everything is written when it has been silent for idle_timeout, and %s. Raise it to %s",
		Count(p.Unacknowledged), Count(limit), m.cut(p), Count(roundUp(margin*p.Unacknowledged)))
	if most := m.burst() * float64(m.kafka) / m.silence(); m.rate > most {
		text += fmt.Sprintf(". With %s no more than about %s rows/s get through", Count(limit), Count(most*m.works))
	}
	return warn(path, "%s", text)
}

func (m *model) tooFewSlots(p *Prediction) *Finding {
	if m.d.MaxInFlight <= 0 || p.InFlight <= float64(m.d.MaxInFlight) {
		return nil
	}
	end := ""
	if p.Reason == chunk.Saturation {
		end = ", and " + m.cut(p)
	}
	if m.in.Grows && m.in.Kafka {
		return warn("max_in_flight",
			"%s batches wait, at least one of each Kafka partition, and %s may: some are held back until others are stored%s. Raise it to %s, or read fewer Kafka partitions in a process",
			Count(p.InFlight), Count(float64(m.d.MaxInFlight)), end, Count(roundUp(margin*p.InFlight)))
	}
	other := fmt.Sprintf("make batches larger than %s rows", Count(m.batchRows))
	if m.batchRows < 2 {
		other = "batch at the input"
	}
	if m.d.AutoInFlight {
		return warn("max_in_flight",
			"%s batches wait until their objects are stored, and %s full ones have room in memory_limit (auto): when all slots are taken everything is written%s. Lower the count or byte_size of the batching policy, or raise memory_limit to %s",
			Count(p.InFlight), Count(float64(m.d.MaxInFlight)), end, Size(roundUp(float64(m.d.MemoryLimit)*margin*p.InFlight/float64(m.d.MaxInFlight))))
	}
	return warn("max_in_flight",
		"%s batches wait until their objects are stored, and %s may: when all slots are taken everything is written%s. Raise it to %s, or %s",
		Count(p.InFlight), Count(float64(m.d.MaxInFlight)), end, Count(roundUp(margin*p.InFlight)), other)
}

func (m *model) tooLittleMemory(p *Prediction) *Finding {
	if p.HeldNeeded <= float64(m.d.MemoryLimit) || m.d.MemoryLimit <= 0 {
		return nil
	}
	other := fmt.Sprintf("lower max_file_size to %s", Size(roundDown(m.pressure(m.ownEnd()).rows*m.stored)))
	if m.ownEnd().reason == chunk.Age {
		other = "lower max_age to " + Duration(m.d.MaxAge.Seconds()*float64(m.d.MemoryLimit)/p.HeldNeeded)
	}
	end := ""
	if p.Reason == chunk.Memory {
		end = ", so that " + m.cut(p)
	}
	return warn("memory_limit", "%s of records, with what they cost, wait for objects to end, and %s may%s. Raise it to %s, or %s",
		Size(m.needed(m.ownEnd())), Size(m.d.room()), end, Size(roundUp(p.HeldNeeded)), other)
}

func (m *model) tooManyPartitions(p *Prediction) *Finding {
	if m.d.MaxOpenPartitions == 0 || m.l.Partitions <= m.d.MaxOpenPartitions {
		return nil
	}
	return warn("max_open_partitions", "%s partitions get records at once and %s may be open, so that objects end after %s rows: raise it, or split less",
		Count(float64(m.l.Partitions)), Count(float64(m.d.MaxOpenPartitions)), Count(p.Rows))
}

func (m *model) tooSlow(p *Prediction) *Finding {
	if p.Uploads <= float64(m.d.Workers) {
		return nil
	}
	return warn("upload.concurrency", "%s objects a second of %s each need %s on their way at once, and %d may be: raise it to %s, or make objects larger (max_age, fewer partitions)",
		Count(m.rate/p.Rows), Size(p.Bytes), Count(p.Uploads), m.d.Workers, Count(roundUp(margin*p.Uploads)))
}

func (m *model) tooFewCores(p *Prediction) *Finding {
	given := m.l.Cores * m.works
	if p.CPU.Cores <= Busy*given {
		return nil
	}
	more := m.moreCores(&p.CPU)
	there := fmt.Sprintf("there are %s", Count(given))
	if !m.told {
		there = fmt.Sprintf("%s are assumed (--cores says how many each process has)", Count(given))
	}
	switch {
	case p.CPU.Cores <= given:
		return advise("replicas", "%s cores are busy, and %s, which leaves little for peaks: %s", Count(p.CPU.Cores), there, more)
	case !m.told || p.CPU.Cores <= off*given:
		return advise("replicas", "%s cores are needed, within a factor of %d, and %s, so that records may come faster than they are stored: %s",
			Count(p.CPU.Cores), off, there, more)
	}
	return warn("replicas", "%s cores are needed, and there are %s, so that records come faster than they are stored: %s",
		Count(p.CPU.Cores), Count(given), more)
}

// moreCores says how a load gets the cores that it needs: by processes, as far as
// each has a Kafka partition to read.
func (m *model) moreCores(c *CPU) string {
	most := m.working(c.Processes)
	if most == c.Processes {
		return fmt.Sprintf("run %s, or give each more cores", plural(int(most), "process"))
	}
	return fmt.Sprintf("a Kafka partition is read by one process, and there are %s. Raise the partitions to %s or more and run as many processes, or run %s with %s cores each",
		Count(most), Count(c.Processes), Count(most), Count(roundUp(c.Cores/Busy/most)))
}

func (m *model) smallObjects(p *Prediction) *Finding {
	limit := float64(m.d.MaxFileSize)
	if p.Reason != chunk.Age || limit <= 0 || p.Bytes >= smallShare*limit {
		return nil
	}
	text := fmt.Sprintf("objects are %s, %.2g %% of max_file_size (%s), because max_age (%s) ends them",
		Size(p.Bytes), 100*p.Bytes/limit, Size(limit), Duration(m.d.MaxAge.Seconds()))
	if tenfold := m.age(smallShare * limit); tenfold <= longAge {
		text += fmt.Sprintf(": with %s they would be a tenth of it", Duration(tenfold.Seconds()))
	} else {
		text += ": fewer partitions, or a longer max_age, make them larger"
	}
	return advise("max_age", "%s", text)
}

func (m *model) manyRequests(p *Prediction) *Finding {
	if p.Requests/day < PutsPerPrefix/2 {
		return nil
	}
	return advise("max_age", "%s requests a second are near what S3 takes under one prefix (%s): make objects larger, or put what varies at the beginning of folder",
		Count(p.Requests/day), Count(PutsPerPrefix))
}

func (m *model) singleRecords(*Prediction) *Finding {
	if m.batchRows >= 2 || m.rate < manyPerSecond {
		return nil
	}
	return advise("input", "every record is a batch of its own, which costs as much as a batch of a thousand: batch at the input, or wrap it into batched")
}

func (m *model) noPeriod(*Prediction) *Finding {
	for path, b := range map[string]Batching{"input." + m.in.Kind + ".batching.period": m.in.Batching, "output.s3_destination.batching.period": m.d.Batching} {
		if b.Count > 1 && b.Period <= 0 {
			return advise(path, "without it a batch waits for its %d records however long that takes, at the end of the input for ever: set it to 1s", b.Count)
		}
	}
	return nil
}

func (m *model) muchBeside(p *Prediction) *Finding {
	limit := float64(m.d.MemoryLimit)
	if limit <= 0 || m.beside() <= limit || 2*margin*p.InFlight > float64(m.d.MaxInFlight) {
		return nil
	}
	return advise("max_in_flight", "while S3 is slow up to %s of batches wait beside memory_limit (%s), which does not count them; %s slots are enough",
		Size(m.beside()), Size(limit), Count(roundUp(margin*p.InFlight)))
}

// roundUp and roundDown give a setting that a person would write: two digits.
func roundUp(v float64) float64   { return round(v, math.Ceil) }
func roundDown(v float64) float64 { return round(v, math.Floor) }

func round(v float64, how func(float64) float64) float64 {
	if v <= 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return how(v/unit*(1-1e-12)) * unit
}
