package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/exactly"
)

// taking is a takeover that is under way.
type taking struct {
	ledger *exactly.Ledger
	all    []exactly.Fetched
	cancel context.CancelFunc
	gained chan struct{} // closed when the ledger has the partitions
	done   chan struct{} // closed when nothing is done for it any more
}

// takeOver begins to form what predecessors have announced of partitions. Normal
// reading begins with the leader of the record before: the client asks then, and at
// each change of leader, whether the log still has what is below, even if it has not
// fetched anything.
func (a *announcer) takeOver(g *exactly.Ledger, all []exactly.Fetched, logs exactly.Histories, offsets map[string]map[int32]kgo.Offset) {
	a.mu.Lock()
	for _, f := range all {
		if a.of[placeOf(f.Source)] != nil {
			g.End(fmt.Errorf("%s was assigned twice", f.Source))
		}
		a.of[placeOf(f.Source)] = g
	}
	a.mu.Unlock()
	positions := a.begin(g, all)
	a.mu.Lock()
	defer a.mu.Unlock()
	for s, at := range positions {
		offsets[s.Topic][s.ID] = kgo.NewOffset().At(at.Offset).WithEpoch(logs.Upto(s, at).Epoch())
		a.from[placeOf(s)] = at.Offset
	}
}

// cut returns an error if a fetch shows that the log of a partition was cut: what comes
// next are other records, with offsets that are stored or announced.
func (a *announcer) cut(tp topicPartition, p kgo.FetchPartition) error {
	var loss *kgo.ErrDataLoss
	if errors.As(p.Err, &loss) {
		return fmt.Errorf("the brokers have lost records of %s/%d from offset %d on: %w", tp.topic, tp.id, loss.ResetTo, p.Err)
	}
	a.mu.Lock()
	from := a.from[tp]
	a.mu.Unlock()
	if len(p.Records) > 0 && p.Records[0].Offset < from {
		return fmt.Errorf("the brokers have lost records of %s/%d: its log ended below offset %d, from which it was to be read", tp.topic, tp.id, from)
	}
	return nil
}

// begin begins a takeover, and returns where normal reading goes on after it.
func (a *announcer) begin(g *exactly.Ledger, all []exactly.Fetched) map[exactly.Source]exactly.Position {
	s := a.session
	t := exactly.NewTakeover(stamp, all)
	rec, reads, positions := exactly.NewRecovery(g, t), t.Reads(), t.Positions()
	parts := map[string][]int32{}
	for _, f := range all {
		parts[f.Topic] = append(parts[f.Topic], f.ID)
	}
	if len(reads) == 0 {
		if _, err := rec.Finish(s.ctx); err != nil {
			g.End(err)
		}
		s.client.ResumeFetchPartitions(parts)
		return positions
	}
	ctx, cancel := context.WithCancel(s.ctx)
	k := &taking{g, all, cancel, make(chan struct{}), make(chan struct{})}
	a.mu.Lock()
	for _, f := range all {
		a.taking[placeOf(f.Source)] = k
	}
	a.mu.Unlock()
	s.client.PauseFetchPartitions(parts)
	s.wg.Go(func() {
		defer close(k.done)
		defer cancel()
		// Outputs are told last: those that give its records back would end the
		// ledger of a takeover that is begun anew.
		defer rec.Tell()
		err := a.recover(ctx, rec, reads, k)
		switch {
		case err == nil:
			s.client.ResumeFetchPartitions(a.taken(k))
		case ctx.Err() != nil && !k.over():
			rec.Drop()
		case s.ctx.Err() == nil:
			g.End(err)
		}
	})
	return positions
}

// over reports whether the ledger has the partitions.
func (k *taking) over() bool {
	select {
	case <-k.gained:
		return true
	default:
		return false
	}
}

// taken ends a takeover, and returns its partitions that have not gone meanwhile.
func (a *announcer) taken(k *taking) map[string][]int32 {
	a.mu.Lock()
	defer a.mu.Unlock()
	ours := map[string][]int32{}
	for tp, by := range a.taking {
		if by == k {
			delete(a.taking, tp)
			ours[tp.topic] = append(ours[tp.topic], tp.id)
		}
	}
	return ours
}

// settled waits until none of some partitions is being taken over any more.
func (a *announcer) settled(ctx context.Context, parts []*partition) {
	for _, p := range parts {
		a.mu.Lock()
		k := a.taking[p.topicPartition]
		a.mu.Unlock()
		if k == nil {
			continue
		}
		select {
		case <-k.gained:
		case <-k.ledger.Ended():
		case <-ctx.Done():
		}
	}
}

// leave takes partitions out of takeovers. One that has not ended begins anew with
// what is left of it. Were the membership given up for that, the next rebalance would
// come in the middle of somebody else's takeover, and so on without end.
func (a *announcer) leave(gone []*partition) {
	left := map[*taking]bool{}
	a.mu.Lock()
	for _, p := range gone {
		if k := a.taking[p.topicPartition]; k != nil {
			left[k] = true
			delete(a.taking, p.topicPartition)
		}
	}
	a.mu.Unlock()
	for k := range left {
		k.cancel()
		select {
		case <-k.gained:
			continue
		case <-k.done:
		}
		if rest := a.rest(k); len(rest) > 0 {
			a.begin(k.ledger, rest)
		}
	}
}

// rest is what is left of a takeover, which ends with it.
func (a *announcer) rest(k *taking) (all []exactly.Fetched) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range k.all {
		if tp := placeOf(f.Source); a.taking[tp] == k {
			delete(a.taking, tp)
			all = append(all, f)
		}
	}
	return all
}
