package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// endsInterval is how often the brokers are asked where partitions end: what
// fetches say is old when nothing is fetched for want of memory.
const endsInterval = 10 * time.Second

// watchEnds keeps the ends of partitions up to date, for the lag.
func (s *session) watchEnds(committed bool) {
	admin := kadm.NewClient(s.client)
	tick := time.NewTicker(endsInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		topics := s.reader.topics()
		if len(topics) == 0 {
			continue // none would stand for all
		}
		list := admin.ListEndOffsets
		if committed {
			list = admin.ListCommittedOffsets
		}
		ctx, cancel := context.WithTimeout(s.ctx, endsInterval)
		ends, _ := list(ctx, topics...) // those that failed are not in it; fetches report what is wrong
		cancel()
		s.reader.ends(ends)
	}
}

// topics returns those of which partitions are owned.
func (r *reader) topics() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := map[string]bool{}
	var all []string
	for tp := range r.owned {
		if !known[tp.topic] {
			known[tp.topic] = true
			all = append(all, tp.topic)
		}
	}
	return all
}

// ends notes where partitions end.
func (r *reader) ends(all kadm.ListedOffsets) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all.Each(func(o kadm.ListedOffset) {
		if p := r.owned[topicPartition{o.Topic, o.Partition}]; p != nil && o.Err == nil {
			p.end = o.Offset
		}
	})
}
