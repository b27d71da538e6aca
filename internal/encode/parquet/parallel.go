package parquet

import (
	"sync"
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/schema"
)

const (
	// leastSegment is the least number of buffered bytes that is worth a row
	// group of its own, for those who read it and for those who build it.
	leastSegment = 16 << 20
	// segmentFill is the part of a row group that a segment is cut to: what
	// exceeds a row group would make a small second one.
	segmentFill = 0.9
	// firstDensity is what records are expected to take in buffers in
	// proportion to their size as text, before anything is known.
	firstDensity = 0.5
	// The last tenth of a full file is left for the row group that is cut to
	// fit, unless all records are expected to fit with some room to spare.
	lastGroup = 0.1
	surelyFit = 0.95
)

// together is a row of segments that several workers encode at once, and that
// become part of the file in order.
type together struct {
	file     *file
	schema   *schema.Schema
	segments []*segment

	mu       sync.Mutex
	claimed  int // segments that somebody builds or has built
	appended int // segments that are in the file

	stop    atomic.Bool
	helpers sync.WaitGroup
}

// segments cuts what comes next into segments, nil when that is not worth it.
// The cut follows from the records, the configuration and what the encoder
// learned from the files before, never from who is free to help: so does the
// file.
func (f *file) segments() []*segment {
	width := f.config.Cores.width()
	if width < 2 || f.alone {
		return nil
	}
	size := f.config.RowGroupSize
	least := min(leastSegment, size)
	raw, density := rawSize(f.records[f.next:]), f.encoder.density
	if density == 0 {
		density = firstDensity
	}
	extent := int64(float64(raw) * density)
	if extent < 2*least {
		return nil
	}
	if f.limit > 0 {
		room := f.room()
		if room <= 0 {
			return nil
		}
		if fit := float64(f.buffersFor(room)); float64(extent) > surelyFit*fit {
			extent = int64((1 - lastGroup) * fit)
			raw = min(raw, int64(float64(extent)/density))
		}
		if extent < 2*least {
			return nil
		}
	}
	// Two rounds even out that some cores are slower than others.
	n := max(int(float64(extent)/(segmentFill*float64(size)))+1, 2*width)
	n += (width - n%width) % width
	if most := int(extent / least); n > most {
		n = max(most, 2)
		if n > width {
			n -= n % width
		}
	}
	return cut(f.records, f.next, raw, n)
}

// parallel encodes segments with what help there is. It ends early when one of
// them cannot be taken as it is; the rest of the file is then written one row
// group after the other.
func (f *file) parallel(s *schema.Schema, segments []*segment) error {
	t := &together{file: f, schema: s, segments: segments}
	for i, segment := range segments {
		for _, c := range f.writer.columns {
			segment.waits = append(segment.waits, max(0, c.wait-i))
		}
	}
	before := append([]int(nil), segments[0].waits...)
	err := t.run()
	if t.appended > 0 {
		before = segments[t.appended-1].waits
	}
	for i, c := range f.writer.columns {
		c.wait, c.way = before[i], untold
	}
	return err
}

// run builds and appends. It returns when all helpers have ended.
func (t *together) run() error {
	defer t.helpers.Wait()
	defer t.stop.Store(true)
	for t.appended < len(t.segments) {
		s := t.segments[t.appended]
		if s.ready() {
			taken, err := t.file.append(s)
			if err != nil || !taken {
				return err
			}
			t.mu.Lock()
			t.appended++
			t.mu.Unlock()
			s.parts = nil
			continue
		}
		mine := t.claim()
		t.callHelp()
		if mine != nil {
			mine.build(t.intake(t.file.worker), t.file.config.RowGroupSize)
			continue
		}
		<-s.done
	}
	return nil
}

// claim returns the next segment that nobody builds, nil when there is none or
// when too many wait to be appended: they take memory.
func (t *together) claim() *segment {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.claimed == len(t.segments) || t.claimed-t.appended >= 2*t.file.config.Cores.width() {
		return nil
	}
	t.claimed++
	return t.segments[t.claimed-1]
}

// callHelp starts helpers as long as there are idle cores and segments.
func (t *together) callHelp() {
	cores := t.file.config.Cores
	for cores.spare() {
		s := t.claim()
		if s == nil {
			cores.leave()
			return
		}
		t.helpers.Go(func() { t.help(s) })
	}
}

// help builds segments on a core of its own, beginning with s, until there are
// none or the core is needed by another call of Encode.
func (t *together) help(s *segment) {
	cores := t.file.config.Cores
	w, err := cores.helper(t.file.config)
	if err != nil {
		s.err = err
		close(s.done)
		cores.leave()
		return
	}
	defer cores.rest(w)
	w.use(t.schema, t.file.memory.Policy(), t.file.writer.final)
	for {
		s.build(t.intake(w), t.file.config.RowGroupSize)
		cores.leave()
		if t.stop.Load() || !cores.spare() {
			return
		}
		if s = t.claim(); s == nil {
			cores.leave()
			return
		}
	}
}

// intake returns an intake of the file's records into the columns of a worker.
func (t *together) intake(w *worker) intake {
	f := t.file
	return intake{worker: w, registry: f.registry, memory: f.memory, dataset: f.dataset, records: f.records, stop: &t.stop}
}

// append makes a segment part of the file and reports whether another one may
// follow. When the segment is not as it should be, the file stays as it is.
func (f *file) append(s *segment) (bool, error) {
	switch {
	case s.err != nil:
		return false, s.err
	case s.end == unknown && f.written == 0 && len(s.parts) == 0:
		f.next = s.next
		return false, errLearn
	case s.end != drained:
		f.alone = true
		return false, nil
	}
	for _, p := range s.parts {
		from := f.next
		s.refused = f.adopt(p.next, s.refused)
		size := f.measure(p.block)
		if f.limit > 0 && size > f.limit || len(f.footer.groups) == maxGroups {
			f.back(from)
			f.alone = true
			return false, nil
		}
		if err := f.accept(p.block, p.buffered, from); err != nil {
			return false, err
		}
		if f.full = f.limit > 0 && float64(size) > enough*float64(f.limit); f.full {
			return false, nil
		}
	}
	f.adopt(s.to, s.refused)
	return true, nil
}
