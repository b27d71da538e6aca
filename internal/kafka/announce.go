package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/exactly"
)

// This file is how an announcer commits what its ledgers announce.

// errTorn is a commit of which only a part was stored (R4).
var errTorn = errors.New("only a part of the commit was stored")

// commit commits what a ledger announces in one request. One that is certainly not
// stored is made again (R6); after any other outcome the ledger ends.
func (a *announcer) commit(ctx context.Context, g *exactly.Ledger) error {
	c := a.session.commits
	c.one.Lock()
	defer c.one.Unlock()
	return a.commitLocked(ctx, g)
}

func (a *announcer) commitLocked(ctx context.Context, g *exactly.Ledger) error {
	c := a.session.commits
	offsets, err := g.Commit()
	if errors.Is(err, exactly.ErrEnded) || err == nil && len(offsets) == 0 {
		return nil
	}
	if err != nil {
		g.End(err)
		return err
	}
	began := time.Now()
	err = c.announce(ctx, offsets, a.topicIDs())
	c.metrics.commit(time.Since(began), err)
	switch {
	case err == nil:
		g.Committed()
	case errors.Is(err, kerr.OffsetMetadataTooLarge):
		a.session.tooLarge(a.limit)
		g.End(err)
	case errors.Is(err, errNotSent):
		g.Refused()
	case errors.Is(err, errUnanswered), errors.Is(err, errTorn), errors.Is(err, kerr.UnknownMemberID), !passing(err):
		g.End(err)
	default:
		g.Refused()
	}
	return err
}

func (a *announcer) topicIDs() map[string][16]byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.ids)
}

// announce sends offsets with their metadata in one request, and returns nil when
// all of them are stored.
func (c *committer) announce(ctx context.Context, offsets []exactly.Offset, ids map[string][16]byte) error {
	req := kmsg.NewPtrOffsetCommitRequest()
	topics := map[string]int{}
	for _, o := range offsets {
		i, ok := topics[o.Topic]
		if !ok {
			i = len(req.Topics)
			topics[o.Topic] = i
			topic := kmsg.NewOffsetCommitRequestTopic()
			topic.Topic, topic.TopicID = o.Topic, ids[o.Topic]
			req.Topics = append(req.Topics, topic)
		}
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = o.ID, o.Offset, o.Leader.Epoch(), kmsg.StringPtr(o.Metadata)
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, p)
	}
	resp, err := c.request(ctx, req)
	if err != nil {
		return err
	}
	stored, refused := c.refusals(resp, ids)
	err = errors.Join(refused...)
	if err == nil && stored == len(offsets) {
		return nil
	}
	if err == nil || stored > 0 {
		return errors.Join(errTorn, err)
	}
	c.moved(err)
	return err
}

// refusals returns how many partitions the broker has committed, and what it says of
// the others.
func (c *committer) refusals(resp *kmsg.OffsetCommitResponse, ids map[string][16]byte) (stored int, refused []error) {
	// From version 10 on a topic is told by its id alone.
	names := make(map[[16]byte]string, len(ids))
	for name, id := range ids {
		names[id] = name
	}
	for _, t := range resp.Topics {
		name := t.Topic
		if name == "" {
			name = names[t.TopicID]
		}
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				refused = append(refused, fmt.Errorf("committing what is announced of %s/%d for group %s: %w", name, p.Partition, c.group, err))
			} else {
				stored++
			}
		}
	}
	return stored, refused
}

// last commits what has landed before the group is left.
func (a *announcer) last(ctx context.Context) error {
	a.mu.Lock()
	ledgers := slices.Clone(a.ledgers)
	a.mu.Unlock()
	var errs []error
	for _, g := range ledgers {
		g.Advance()
		for range 10 {
			err := a.commit(ctx, g)
			if err == nil {
				break
			}
			if g.Reason() != nil || !pause(ctx, 100*time.Millisecond) {
				errs = append(errs, err)
				break
			}
		}
	}
	return errors.Join(errs...)
}
