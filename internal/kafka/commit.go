package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commitTimeout bounds one commit. Its answer is of no use when it comes later.
const commitTimeout = 10 * time.Second

// tenure is a membership of the group: while the member stays the same,
// partitions that we keep were nobody else's in between.
type tenure struct {
	member     string
	generation int32
}

// committer commits offsets for the membership in which the partitions were
// owned. The client's own commits take whatever membership it has at the
// moment: after it has joined anew without telling (JoinGroup answered
// UNKNOWN_MEMBER_ID) that is one before which somebody else may have had them.
//
// No commit is sent twice, and none while another one may still arrive: after
// one that was not answered a new generation is waited for, in which brokers
// refuse what belongs to the old one.
type committer struct {
	client  *kgo.Client
	group   string
	name    string // instance id; empty for none
	reader  *reader
	metrics *metrics

	one         sync.Mutex // one commit at a time, so that none overtakes another
	coordinator int32      // broker of the group; -1 when it must be asked for
	unanswered  tenure     // of the latest commit that was not answered

	mu     sync.Mutex
	tenure tenure
}

// joined takes note of the membership of a new assignment, and reports whether
// partitions that are kept were ours all the time.
func (c *committer) joined(t tenure) (continuous bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	continuous = c.tenure.member == "" || c.tenure.member == t.member
	c.tenure = t
	return continuous
}

// current is the membership to commit for. The generation may have moved on
// since the latest assignment; that of another member is not ours.
func (c *committer) current() tenure {
	member, generation := c.client.GroupMetadata()
	c.mu.Lock()
	defer c.mu.Unlock()
	if member == c.tenure.member {
		c.tenure.generation = generation
	}
	return c.tenure
}

// due is one partition's offset to commit.
type due struct {
	part    *partition
	topicID [16]byte
	offset  int64
	epoch   int32
}

// pending returns what is stored and not committed of the given partitions.
func (c *committer) pending(parts []*partition) []due {
	c.reader.mu.Lock()
	defer c.reader.mu.Unlock()
	var all []due
	for _, p := range parts {
		if offset, epoch, ok := p.offsets.due(); ok && p.lease.Err() == nil {
			all = append(all, due{p, p.topicID, offset, epoch})
		}
	}
	return all
}

// commit commits what is stored of the partitions, in one request. What the
// broker refuses is an error; it stays to be committed by the next one.
func (c *committer) commit(ctx context.Context, parts []*partition) error {
	c.one.Lock()
	defer c.one.Unlock()
	all := c.pending(parts)
	if len(all) == 0 {
		return nil
	}
	began := time.Now()
	err := c.send(ctx, all)
	c.metrics.commit(time.Since(began), err)
	return err
}

// errNotSent is a commit that is certainly not on its way.
var errNotSent = errors.New("the commit was not sent")

// errUnanswered is a commit that may have arrived or may still arrive.
var errUnanswered = errors.New("no answer to the commit")

func (c *committer) send(ctx context.Context, all []due) error {
	resp, err := c.request(ctx, requestOf(all))
	if err != nil {
		return err
	}
	c.reader.mu.Lock()
	defer c.reader.mu.Unlock()
	refused := errors.Join(c.judge(resp, all)...)
	c.moved(refused)
	return refused
}

// request sends a commit once, for the present membership.
func (c *committer) request(ctx context.Context, req *kmsg.OffsetCommitRequest) (*kmsg.OffsetCommitResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	if err := c.find(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotSent, err)
	}
	t := c.current()
	if t == c.unanswered {
		return nil, fmt.Errorf("committing offsets of group %s: waiting for a new generation: %w", c.group, errUnanswered)
	}
	req.Group, req.MemberID, req.Generation = c.group, t.member, t.generation
	if c.name != "" {
		req.InstanceID = &c.name
	}
	resp, err := c.client.Broker(int(c.coordinator)).Request(ctx, req) // never tries again
	if err != nil {
		c.coordinator = -1
		if neverSent(err) {
			return nil, fmt.Errorf("committing offsets of group %s: %w: %w", c.group, errNotSent, err)
		}
		c.unanswered = t
		return nil, fmt.Errorf("committing offsets of group %s: %w: %w", c.group, errUnanswered, err)
	}
	return resp.(*kmsg.OffsetCommitResponse), nil
}

// moved has the coordinator asked for anew when a refusal says that it is another
// broker.
func (c *committer) moved(refused error) {
	if errors.Is(refused, kerr.NotCoordinator) || errors.Is(refused, kerr.CoordinatorNotAvailable) {
		c.coordinator = -1
	}
}

// neverSent reports whether a request failed before it was on its way.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// find asks for the group's coordinator, unless it is known.
func (c *committer) find(ctx context.Context) error {
	if c.coordinator >= 0 {
		return nil
	}
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.CoordinatorKey, req.CoordinatorKeys = c.group, []string{c.group}
	resp, err := req.RequestWith(ctx, c.client)
	if err != nil {
		return fmt.Errorf("asking for the coordinator of group %s: %w", c.group, err)
	}
	node, code := resp.NodeID, resp.ErrorCode
	if len(resp.Coordinators) > 0 { // from version 4 on
		node, code = resp.Coordinators[0].NodeID, resp.Coordinators[0].ErrorCode
	}
	if err := kerr.ErrorForCode(code); err != nil {
		return fmt.Errorf("asking for the coordinator of group %s: %w", c.group, err)
	}
	c.coordinator = node
	return nil
}

// judge takes note of what the broker has committed, and returns what it has
// refused. The caller holds the reader's lock.
func (c *committer) judge(resp *kmsg.OffsetCommitResponse, all []due) (refused []error) {
	// From version 10 on a topic is told by its id alone.
	names := make(map[[16]byte]string, len(all))
	asked := make(map[topicPartition]due, len(all))
	for _, d := range all {
		names[d.topicID] = d.part.topic
		asked[d.part.topicPartition] = d
	}
	for _, t := range resp.Topics {
		name := t.Topic
		if name == "" {
			name = names[t.TopicID]
		}
		for _, p := range t.Partitions {
			d, ok := asked[topicPartition{name, p.Partition}]
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				refused = append(refused, fmt.Errorf("committing the offset of %s/%d of group %s: %w", name, p.Partition, c.group, err))
			} else if ok {
				d.part.offsets.committed = d.offset
			}
		}
	}
	return refused
}

func requestOf(all []due) *kmsg.OffsetCommitRequest {
	req := kmsg.NewPtrOffsetCommitRequest()
	topics := map[string]int{}
	for _, d := range all {
		i, ok := topics[d.part.topic]
		if !ok {
			i = len(req.Topics)
			topics[d.part.topic] = i
			topic := kmsg.NewOffsetCommitRequestTopic()
			topic.Topic, topic.TopicID = d.part.topic, d.topicID
			req.Topics = append(req.Topics, topic)
		}
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset, p.LeaderEpoch = d.part.id, d.offset, d.epoch
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, p)
	}
	return req
}

// passing reports whether a refusal passes by itself: the generation moves on,
// and the next commit carries the new one or the partitions are lost; or the
// group moves to another broker.
func passing(err error) bool {
	for _, code := range []error{
		kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.StaleMemberEpoch, kerr.UnknownMemberID,
		kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, errUnanswered,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
