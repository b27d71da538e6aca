package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The methods of this file are called by the client, one at a time and never
// while a fetch is being taken over.

// assigned takes note of new partitions, and of the generation.
func (s *session) assigned(_ context.Context, client *kgo.Client, added map[string][]int32) {
	<-s.ready
	s.metrics.rebalances.Incr(1)
	if !s.continues(client) {
		return
	}
	for _, tp := range flat(added) {
		s.reader.own(tp)
	}
}

// continues takes note of the membership, and reports whether it is the one in
// which the partitions that we keep were assigned. If it is not, the client has
// joined anew without losing them: somebody else may have had them in between
// and committed further, so that the session ends.
func (s *session) continues(client *kgo.Client) bool {
	member, generation := client.GroupMetadata()
	kept := s.reader.partitions()
	if s.commits.joined(tenure{member, generation}) || len(kept) == 0 {
		return true
	}
	s.end(fmt.Errorf("the group has taken this consumer for a new one, and %d partitions may have been somebody else's in between", len(kept)))
	return false
}

// revoked lets partitions go: what is under way is written now and committed;
// what is not stored in time is withdrawn.
func (s *session) revoked(ctx context.Context, client *kgo.Client, gone map[string][]int32) {
	<-s.ready
	parts := s.reader.leave(flat(gone))
	// A cooperative group revokes in the generation that follows.
	if len(parts) == 0 || !s.continues(client) {
		return
	}
	began := time.Now()
	if s.exact != nil {
		patient, cancel := context.WithTimeout(s.ctx, s.patient)
		s.exact.settled(patient, parts) //nolint:contextcheck // until the session ends
		cancel()
	}
	s.reader.settled(s.ctx, parts, max(s.patient-time.Since(began), 0)) //nolint:contextcheck // until the session ends
	if s.exact != nil {
		s.exact.letGo(s.ctx, parts) //nolint:contextcheck // until the session ends
	} else if err := s.commitLast(context.WithoutCancel(ctx), parts); err != nil {
		s.fault.report("committing offsets before a rebalance", err)
	}
	s.reader.disown(parts)
	s.metrics.revocation.Timing(time.Since(began).Nanoseconds())
}

// lastCommits bounds the commits for partitions that are revoked.
const lastCommits = 5 * time.Second

// commitLast commits until that succeeds, or is refused for good.
func (s *session) commitLast(ctx context.Context, parts []*partition) error {
	ctx, cancel := context.WithTimeout(ctx, lastCommits)
	defer cancel()
	for {
		err := s.commits.commit(ctx, parts)
		if err == nil || !passing(err) || errors.Is(err, errUnanswered) {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// lost lets partitions go that are somebody else's already.
func (s *session) lost(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	s.metrics.lost.Incr(1)
	if parts := flat(gone); s.exact != nil && len(parts) > 0 {
		s.end(fmt.Errorf("%d partitions are somebody else's", len(parts)))
	}
	s.reader.disown(s.reader.leave(flat(gone)))
}

func flat(m map[string][]int32) []topicPartition {
	var all []topicPartition
	for topic, ids := range m {
		for _, id := range ids {
			all = append(all, topicPartition{topic, id})
		}
	}
	return all
}
