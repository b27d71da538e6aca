package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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

// found reads what was committed for partitions, and which histories their logs have.
// Partitions that are not to be read it leaves to the client, without an offset.
func (a *announcer) found(ctx context.Context, offsets map[string]map[int32]kgo.Offset) ([]exactly.Fetched, exactly.Histories, error) {
	var topics []string
	for t := range offsets {
		topics = append(topics, t)
	}
	if len(topics) == 0 {
		return nil, nil, nil
	}
	admin := kadm.NewClient(a.session.client)
	listed, err := admin.ListTopics(ctx, topics...)
	if err != nil {
		return nil, nil, fmt.Errorf("asking for topics: %w", err)
	}
	starts, err := admin.ListStartOffsets(ctx, topics...)
	if err != nil {
		return nil, nil, fmt.Errorf("asking where partitions begin: %w", err)
	}
	ends, err := admin.ListEndOffsets(ctx, topics...)
	if err != nil {
		return nil, nil, fmt.Errorf("asking where partitions end: %w", err)
	}
	a.mu.Lock()
	for topic := range offsets {
		a.ids[topic] = listed[topic].ID
	}
	a.mu.Unlock()
	var finds []*find
	logs := exactly.Histories{}
	for topic, partitions := range offsets {
		for id, committed := range partitions {
			start, ok := starts.Lookup(topic, id)
			end, also := ends.Lookup(topic, id)
			if !ok || !also || start.Err != nil || end.Err != nil {
				return nil, nil, fmt.Errorf("asking where %s/%d begins and ends: %w", topic, id, errors.Join(start.Err, end.Err))
			}
			f, err := a.decoded(topicPartition{topic, id}, committed.EpochOffset())
			if err != nil {
				return nil, nil, err
			}
			f.start, f.End = start.Offset, end.Offset
			if !f.other {
				f.Histories(logs)
			}
			finds = append(finds, f)
		}
	}
	if err := a.ask(ctx, logs, offsets); err != nil {
		return nil, nil, err
	}
	var all []exactly.Fetched
	for _, f := range finds {
		if a.placed(f, logs) {
			all = append(all, f.Fetched)
		} else {
			offsets[f.Topic][f.ID] = a.session.conf.start
		}
	}
	slices.SortFunc(all, func(x, y exactly.Fetched) int { return x.Compare(y.Source) })
	return all, logs, nil
}

// find is what was committed for a partition, and where that begins and ends now.
type find struct {
	exactly.Fetched

	start int64
	other bool // what is committed is of an earlier topic of that name
}

// decoded is what was committed for a partition.
func (a *announcer) decoded(tp topicPartition, committed kgo.EpochOffset) (*find, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := a.ids[tp.topic]
	f := &find{Fetched: exactly.Fetched{
		Source: sourceOf(tp), Print: exactly.PrintOf(id), Low: committed.Offset, Leader: exactly.LeaderOf(committed.Epoch),
	}}
	text, ok := a.metadata[tp]
	if !ok {
		text = a.metadata[topicPartition{string(id[:]), tp.id}]
	}
	var err error
	if f.Epochs, err = exactly.Decode(tp.topic, text); err != nil {
		return nil, fmt.Errorf("reading what the group has announced of %s: %w", f.Source, err)
	}
	for i := range f.Epochs {
		if m, ok := f.Epochs[i].Member(f.Source); ok && f.Epochs[i].Lane[m].Print != f.Print {
			f.other = true
		}
	}
	return f, nil
}

// placed says from where a partition is read, and reports whether it is at all.
func (a *announcer) placed(f *find, logs exactly.Histories) bool {
	log, end := a.session.log, f.End
	if f.other {
		log.Warnf("Topic %s was made again: what is committed of it is of another one, and %s is read from where new partitions are", f.Topic, f.Source)
		return a.restarted(f)
	}
	if f.Low < 0 {
		return a.restarted(f)
	}
	if cut, below := f.Cut(logs); below {
		log.Warnf("The brokers have lost records of %s that are stored: its log was cut at offset %d, and %d was committed. Others have these offsets now, and it is read from offset %d", f.Source, cut, f.Low, max(cut, f.start))
		f.Epochs, f.Low, f.End = nil, max(cut, f.start), end
		return true
	}
	if f.Low > end {
		log.Warnf("%s ends at offset %d, and %d was committed: the brokers have lost records of it, and it is read from where new partitions are", f.Source, end, f.Low)
		if a.session.conf.start == kgo.NewOffset().AtStart() {
			a.session.metrics.downgraded.Incr(end-f.start, "digest")
		}
		return a.restarted(f)
	}
	if f.End < end {
		log.Warnf("The brokers have lost records of %s that were announced: its log was cut at offset %d, and others have these offsets now", f.Source, f.End)
	}
	return true
}

// restarted has a partition read as one of which nothing is committed.
func (a *announcer) restarted(f *find) bool {
	end := f.End
	f.Epochs, f.Leader, f.End = nil, 0, 0
	switch a.session.conf.start {
	case kgo.NewOffset().AtStart():
		f.Low = f.start
	case kgo.NewOffset().AtEnd():
		f.Low = end
	default:
		return false
	}
	return true
}

// ask asks the brokers where the histories of leaders end: a log that was cut ends
// before what was committed or announced of it, however far it has grown since.
func (a *announcer) ask(ctx context.Context, logs exactly.Histories, ours map[string]map[int32]kgo.Offset) error {
	admin := kadm.NewClient(a.session.client)
	left := slices.Collect(maps.Keys(logs))
	for len(left) > 0 {
		var req kadm.OffsetForLeaderEpochRequest
		var now, later []exactly.History
		for _, h := range left { // a request has one leader of a partition
			if _, twice := req[h.Topic][h.ID]; twice {
				later = append(later, h)
				continue
			}
			req.Add(h.Topic, h.ID, h.Leader.Epoch())
			now = append(now, h)
		}
		left = later
		answers, err := admin.OffsetForLeaderEpoch(ctx, req)
		if err != nil && !knowLeaders(ctx, a.session.client) {
			return nil // as if no commit had one
		}
		for _, h := range now {
			answer, ok := answers[h.Topic][h.ID]
			if ok && answer.Err == nil {
				logs[h] = answer.EndOffset
				continue
			}
			if _, own := ours[h.Topic][h.ID]; own { // a topic of others may be gone
				return fmt.Errorf("asking whether the log of %s was cut: %w", h.Source, cmp.Or(err, answer.Err, errNoAnswer))
			}
		}
	}
	return nil
}

// errNoAnswer is what a broker says that does not mention a partition.
var errNoAnswer = errors.New("the brokers do not say")
