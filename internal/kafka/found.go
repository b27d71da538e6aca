package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/exactly"
)

// This file is how an announcer finds what predecessors have announced.

// fetched takes note of the metadata that was committed for partitions which have
// been assigned.
func (s *session) fetched(_ context.Context, _ *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
	<-s.ready
	a := s.exact
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.metadata)
	note := func(topic string, id int32, text *string) {
		a.metadata[topicPartition{topic, id}] = ""
		if text != nil {
			a.metadata[topicPartition{topic, id}] = *text
		}
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			note(t.Topic, p.Partition, p.Metadata)
		}
	}
	for _, g := range resp.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				note(nameOr(t.Topic, t.TopicID), p.Partition, p.Metadata)
			}
		}
	}
	return nil
}

// nameOr is the name of a topic, or its id where a broker tells no more.
func nameOr(topic string, id [16]byte) string {
	if topic == "" {
		return string(id[:])
	}
	return topic
}

// found reads what was committed for partitions.
func (a *announcer) found(ctx context.Context, offsets map[string]map[int32]kgo.Offset) ([]exactly.Fetched, error) {
	var topics []string
	for t := range offsets {
		topics = append(topics, t)
	}
	if len(topics) == 0 {
		return nil, nil
	}
	admin := kadm.NewClient(a.session.client)
	listed, err := admin.ListTopics(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("asking for topics: %w", err)
	}
	starts, err := admin.ListStartOffsets(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("asking where partitions begin: %w", err)
	}
	ends, err := admin.ListEndOffsets(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("asking where partitions end: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []exactly.Fetched
	for topic, partitions := range offsets {
		a.ids[topic] = listed[topic].ID
		for id, committed := range partitions {
			start, ok := starts.Lookup(topic, id)
			end, also := ends.Lookup(topic, id)
			if !ok || !also || start.Err != nil || end.Err != nil {
				return nil, fmt.Errorf("asking where %s/%d begins and ends: %w", topic, id, errors.Join(start.Err, end.Err))
			}
			f, ok, err := a.decoded(topicPartition{topic, id}, committed.EpochOffset().Offset, start.Offset, end.Offset)
			if err != nil {
				return nil, err
			}
			if ok {
				all = append(all, f)
			}
		}
	}
	slices.SortFunc(all, func(x, y exactly.Fetched) int { return x.Compare(y.Source) })
	return all, nil
}

// decoded is what was committed for a partition that begins and ends at offsets. It
// is nothing for one that is not to be read.
func (a *announcer) decoded(tp topicPartition, committed, start, end int64) (exactly.Fetched, bool, error) {
	f := exactly.Fetched{Source: sourceOf(tp), Print: exactly.PrintOf(a.ids[tp.topic]), Low: committed}
	text, ok := a.metadata[tp]
	if id := a.ids[tp.topic]; !ok {
		text = a.metadata[topicPartition{string(id[:]), tp.id}]
	}
	epochs, err := exactly.Decode(tp.topic, text)
	if err != nil {
		return f, false, fmt.Errorf("reading what the group has announced of %s: %w", f.Source, err)
	}
	other := false
	for i := range epochs {
		if m, ok := epochs[i].Member(f.Source); ok && epochs[i].Lane[m].Print != f.Print {
			other = true
		}
	}
	if committed >= 0 && committed <= end && !other {
		f.Epochs = epochs
		return f, true, nil
	}
	if other {
		a.session.log.Warnf("Topic %s was made again: what is committed of it is of another one, and %s is read from where new partitions are", tp.topic, f.Source)
	}
	switch a.session.conf.start {
	case kgo.NewOffset().AtStart():
		f.Low = start
	case kgo.NewOffset().AtEnd():
		f.Low = end
	default:
		return f, false, nil
	}
	return f, true, nil
}
