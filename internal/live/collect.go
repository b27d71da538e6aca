package live

import (
	"cmp"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/buildinfo"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Source is an output or an input of the process.
type Source interface {
	// Show adds to a state.
	Show(s *State)
}

// shown are those that are shown.
var shown = struct {
	sync.Mutex
	started time.Time
	all     map[Source]struct{}
}{started: time.Now(), all: map[Source]struct{}{}}

// Add has a source shown until the returned function is called.
func Add(s Source) (remove func()) {
	shown.Lock()
	defer shown.Unlock()
	shown.all[s] = struct{}{}
	return func() {
		shown.Lock()
		defer shown.Unlock()
		delete(shown.all, s)
	}
}

// Now asks every source of the process.
func Now(now time.Time) *State {
	shown.Lock()
	sources := make([]Source, 0, len(shown.all))
	for s := range shown.all {
		sources = append(sources, s)
	}
	shown.Unlock()
	return of(now, sources)
}

func of(now time.Time, sources []Source) *State {
	s := &State{
		Format: Format, Version: buildinfo.Version(), At: now, Started: shown.started.UTC(),
		Outputs: []Output{}, Inputs: []Input{},
	}
	s.Memory, s.MemoryLimit = memory()
	for _, source := range sources {
		source.Show(s) // reckons from a time that no change of the clock has moved
	}
	s.At = now.UTC()
	slices.SortFunc(s.Outputs, func(a, b Output) int { return a.compare(b.Name) })
	slices.SortFunc(s.Inputs, func(a, b Input) int { return a.compare(b.Name) })
	for i := range s.Outputs {
		s.Outputs[i].complete()
	}
	return s
}

// complete brings lists into order, and makes none of them null. What comes from data
// becomes readable, as partitions are.
func (o *Output) complete() {
	o.Health.Error = template.Readable(o.Health.Error)
	for i := range o.Bad {
		o.Bad[i].Reason = template.Readable(o.Bad[i].Reason)
	}
	o.Rolled = append([]Rolled{}, o.Rolled...)
	o.Bad = append([]Bad{}, o.Bad...)
	o.Places = append([]string{}, o.Places...)
	o.Partitions = append([]Partition{}, o.Partitions...)
	slices.SortStableFunc(o.Rolled, func(a, b Rolled) int { return cmp.Compare(b.Objects, a.Objects) })
	slices.SortStableFunc(o.Bad, func(a, b Bad) int { return cmp.Compare(b.Records, a.Records) })
	slices.SortStableFunc(o.Partitions, func(a, b Partition) int { return cmp.Compare(b.Age, a.Age) })
}

func (n Name) compare(m Name) int {
	return cmp.Or(cmp.Compare(n.Stream, m.Stream), cmp.Compare(n.Label, m.Label), cmp.Compare(n.Path, m.Path))
}

// String names it for people.
func (n Name) String() string {
	name := cmp.Or(n.Label, n.Path)
	if n.Stream != "" {
		name = n.Stream + ": " + name
	}
	return name
}

// memory is what the process has from the system without what it gave back, and the
// limit of the garbage collector.
func memory() (taken, limit int64) {
	values := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(values)
	taken = int64(values[0].Value.Uint64() - values[1].Value.Uint64())
	if limit = debug.SetMemoryLimit(-1); limit == math.MaxInt64 {
		limit = 0
	}
	return taken, limit
}
