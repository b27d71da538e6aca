package kafka

import (
	"github.com/s3-destination/s3-destination/internal/best"
	"github.com/s3-destination/s3-destination/internal/live"
)

var _ live.Source = (*Input)(nil)

// Show adds what this input does to the state of the process.
func (in *Input) Show(s *live.State) {
	shown := live.Input{Name: in.name, Group: in.conf.group, Behind: []live.Behind{}}
	if r := in.shown.Load(); r != nil {
		r.show(&shown)
	}
	s.Inputs = append(s.Inputs, shown)
}

// show adds what is assigned and under way.
func (r *reader) show(in *live.Input) {
	r.mu.Lock()
	defer r.mu.Unlock()
	in.Assigned, in.Batches, in.Held = len(r.owned), r.underway, r.bytes
	behind := best.New(live.Head, func(a, b live.Behind) bool { return a.Lag > b.Lag })
	for tp, p := range r.owned {
		lag := p.lag()
		in.Lag += lag
		if lag > 0 {
			behind.Offer(live.Behind{Topic: tp.topic, Partition: tp.id, Lag: lag})
		}
	}
	in.Behind = append(in.Behind, behind.All()...)
}
