package config

import (
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/spool"
)

// Spool says where records are kept from their acknowledgement until their object
// is stored.
type Spool struct {
	// Path is the directory below which each output has one of its own; empty for
	// no spool.
	Path string
	// MaxSize is how many bytes it may take.
	MaxSize  int64
	OnDamage spool.OnDamage

	sizeText, damageText string // as they are written
}

// On reports whether there is one.
func (s *Spool) On() bool { return s.Path != "" }

const (
	defaultSpoolSize = "10GiB"
	defaultOnDamage  = "quarantine"
	// largestSegment is how large files of its journal become, and smallestSegment
	// how small, for a small spool.
	largestSegment, smallestSegment = 64 << 20, 1 << 20
	// largestReserve bounds what is kept free, so that objects can be sealed and
	// landed when the disk is full.
	largestReserve = 128 << 20
	// mostMarks is how many records are recognised that come again, at most. Each
	// segment of the journal begins with all of them, twice, and has perMark bytes
	// for each.
	mostMarks, perMark = 1 << 18, 256
)

func (s *Spool) settings() settings {
	return settings{
		object("spool", "Keep records on local disk from their acknowledgement until their object is stored. Records are then acknowledged as soon as they are synced to that disk, `memory_limit` is a cache, and after a crash objects are stored again under the same keys with the same bytes. It costs a disk, which holds the only copy of what is not stored yet. See [the spool](../spool.md).",
			text("path", &s.Path).
				doc("The directory for it, such as `/var/lib/s3-destination`, on a disk that outlives the process. Each output has one of its own in it, by the name of its label. Empty means no spool.").
				or(""),
			size("max_size", &s.MaxSize).as(&s.sizeText).
				doc("How much of the disk an output may take. When all of it is taken, calls wait until objects have been stored. A bare number is in MB.").
				or(defaultSpoolSize),
			choice("on_damage", &s.OnDamage, is("quarantine", spool.Quarantine), is("stop", spool.Stop)).as(&s.damageText).
				doc("What happens when something in it cannot be read: `quarantine` moves it aside, names what is lost, and goes on; `stop` does not start.").
				or(defaultOnDamage),
		).advanced(),
	}
}

// complete checks the rules between the spool and the other settings.
func (s *Spool) complete(c *Config, r *reader) {
	if !s.On() {
		if s.sizeText != defaultSpoolSize || s.damageText != defaultOnDamage {
			r.warn("spool.path: it is empty, so that the other settings of the spool have no effect: write a directory, or remove them")
		}
		return
	}
	if c.Chunks.OnBadRecord == chunk.Reject {
		r.fail(errors.New("on_bad_record: \"reject\" is impossible with a spool, because a record is acknowledged before it is encoded: write dead_letter or drop"))
	}
	if c.Chunks.OnRefusedObject == chunk.ObjectToDeadLetters {
		r.fail(errors.New("on_refused_object: \"dead_letter\" is impossible with a spool, where refused objects wait on disk: write retry"))
	}
	if s.MaxSize < c.MemoryLimit {
		r.fail(fmt.Errorf("spool.max_size: %q is less than memory_limit: write %s or more", s.sizeText, humanize.IBytes(uint64(c.MemoryLimit))))
	} else if c.Chunks.MaxFileSize > s.MaxSize/4 {
		r.warn(fmt.Sprintf("spool.max_size: %q holds less than four objects of max_file_size, so that it is full before they are: write a larger one", s.sizeText))
	}
	c.Store.Retry.MaxElapsed = 0 // no object is given up: records were acknowledged
	if c.Layout != nil && !c.Layout.Uses("uuid") {
		r.warn("file_name: after a crash an object may be found under its own key, and whether it is ours is told by its metadata: " +
			"grant s3:GetObject, or write {{uuid}} into the name, or such an object is stored twice")
	}
}

// SpoolOptions are the limits of the spool of an output.
func (c *Config) SpoolOptions() spool.Options {
	// A quarter of the memory is for records that are not spilled, which calls may
	// fill to the double while they are: see package courier for the rest.
	const cache = 8
	s := &c.Spool
	segment := min(max(s.MaxSize/64, smallestSegment), largestSegment)
	return spool.Options{
		Destination: c.Destination(),
		MaxSize:     s.MaxSize,
		Reserve:     min(max(s.MaxSize/32, 2*smallestSegment), largestReserve),
		Memory:      c.Chunks.MemoryLimit / cache,
		SegmentSize: segment,
		Remember:    int(min(segment/perMark, mostMarks)),
		OnDamage:    s.OnDamage,
	}
}
