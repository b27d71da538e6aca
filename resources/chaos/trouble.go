package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// trouble brings about what one of the rules is against, until ctx ends: it happens to
// a group by itself too seldom to be waited for.
type trouble struct {
	name string
	run  func(ctx context.Context, w *world)
}

// forgetful and overtaken are the troubles of R5 and R6, hindered and tides those of R7.
var (
	forgetful = trouble{"members that were forgotten are asked to join", forget}
	overtaken = trouble{"commits that others overtake", overtake}
	hindered  = trouble{"brokers that store no commits for 5 s of 8 s", refuse}
	tides     = trouble{"S3 that takes no records for 5 s of 8 s", ebb}
)

// forget has a fake broker ask members to join whose session has ended, instead of
// telling them so: as if they had been asked just before they were frozen. JoinGroup
// is answered UNKNOWN_MEMBER_ID then, whereupon the client takes another id and keeps
// its partitions.
func forget(ctx context.Context, w *world) {
	s := &silences{session: exactSession, heard: map[string]time.Time{}, silent: map[string]bool{}}
	fake := w.kafka.Fake
	fake.ControlKey(kmsg.JoinGroup.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		s.joins(r.(*kmsg.JoinGroupRequest).MemberID, time.Now())
		return nil, nil, false // and stay
	})
	fake.ControlKey(kmsg.SyncGroup.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		s.joins(r.(*kmsg.SyncGroupRequest).MemberID, time.Now())
		return nil, nil, false
	})
	fake.ControlKey(kmsg.Heartbeat.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		if !s.beats(r.(*kmsg.HeartbeatRequest).MemberID, time.Now()) {
			return nil, nil, false
		}
		answer := r.ResponseKind().(*kmsg.HeartbeatResponse)
		answer.ErrorCode = kerr.RebalanceInProgress.Code
		return answer, nil, true
	})
	<-ctx.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// silences knows which members have said nothing for longer than their session.
type silences struct {
	session time.Duration

	mu     sync.Mutex
	heard  map[string]time.Time
	silent map[string]bool
	over   bool
}

// joins notes that a member joins: from then on the group knows it, or it takes
// another id.
func (s *silences) joins(member string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard[member] = now
	delete(s.silent, member)
}

// beats notes a heartbeat, and reports whether the member has been silent for too long
// since it joined.
func (s *silences) beats(member string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, known := s.heard[member]; known && now.Sub(before) > s.session {
		s.silent[member] = true
	}
	s.heard[member] = now
	return s.silent[member] && !s.over
}

// overtake has a fake broker cut the connection of a process instead of taking its
// commit, now and then. The commit arrives when others of the same membership have
// followed it, and the process is frozen then, so that it cannot make it good.
func overtake(ctx context.Context, w *world) {
	h := &heldBack{world: w, last: time.Now()}
	w.kafka.Fake.ControlKey(kmsg.OffsetCommit.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) { //nolint:contextcheck // what is held back arrives although the trouble is over
		w.kafka.Fake.KeepControl()
		if h.holds(r.(*kmsg.OffsetCommitRequest)) {
			return nil, errors.New("cut"), true
		}
		return nil, nil, false
	})
	<-ctx.Done()
	h.mu.Lock()
	h.over = true
	h.mu.Unlock()
	h.arriving.Wait()
}

// heldBack has a commit on its way.
type heldBack struct {
	world    *world
	arriving sync.WaitGroup

	mu       sync.Mutex
	commit   *kmsg.OffsetCommitRequest // nil: none
	last     time.Time                 // when one was held back, or let go
	followed int                       // commits of the same membership
	over     bool
}

// A commit is overtaken by enough others to announce and to store what it does not
// know of.
const overtakers, heldApart = 4, time.Second

// holds reports whether a commit is held back.
func (h *heldBack) holds(r *kmsg.OffsetCommitRequest) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	since := time.Since(h.last)
	switch held := h.commit; {
	case h.over:
	case held == nil && since > heldApart:
		commit := *r
		h.commit, h.last, h.followed = &commit, time.Now(), 0
		return true
	case held == nil:
	case held.MemberID == r.MemberID && held.Generation == r.Generation:
		if h.followed++; h.followed == overtakers {
			h.letGo(true)
		}
	case held.Generation < r.Generation:
		h.letGo(false)
	}
	return false
}

// letGo has the commit arrive. The caller holds the lock.
func (h *heldBack) letGo(freeze bool) {
	held := h.commit
	h.commit, h.last = nil, time.Now()
	h.arriving.Go(func() {
		if p := h.world.member(held.MemberID); p != nil && freeze {
			_ = p.cmd.Process.Signal(syscall.SIGSTOP)
			defer func() {
				time.Sleep(2 * exactSession)
				_ = p.cmd.Process.Signal(syscall.SIGCONT)
			}()
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = h.world.kafka.Send(ctx, held) // the group may have gone on
	})
}

// member returns the process that has an id in the group; brokers make it of the
// client's name.
func (w *world) member(id string) *consumer {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.started {
		if strings.HasPrefix(id, c.name+"-") {
			return c
		}
	}
	return nil
}

// What is away for so long is awaited in vain by a revocation; while it is back,
// processes can start.
const away, back = 5 * time.Second, 3 * time.Second

// byTurns has something go and come back, until ctx ends.
func byTurns(ctx context.Context, goes, comes func()) {
	for ctx.Err() == nil {
		goes()
		pause(ctx, away)
		comes()
		pause(ctx, back)
	}
}

// refuse has a fake broker store no commits, again and again, as one whose log of
// commits has too few replicas. Partitions go meanwhile of which a cut is not
// committed.
func refuse(ctx context.Context, w *world) {
	var r refusal
	w.kafka.Fake.ControlKey(kmsg.OffsetCommit.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		w.kafka.Fake.KeepControl()
		return r.answer(req.(*kmsg.OffsetCommitRequest))
	})
	byTurns(ctx, func() { r.on.Store(true) }, func() { r.on.Store(false) })
}

// refusal answers commits while it is on.
type refusal struct{ on atomic.Bool }

// answer says of each partition that its commit is not stored.
func (f *refusal) answer(r *kmsg.OffsetCommitRequest) (kmsg.Response, error, bool) {
	if !f.on.Load() {
		return nil, nil, false
	}
	refused := r.ResponseKind().(*kmsg.OffsetCommitResponse)
	for _, t := range r.Topics {
		topic := kmsg.NewOffsetCommitResponseTopic()
		topic.Topic, topic.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			part := kmsg.NewOffsetCommitResponseTopicPartition()
			part.Partition, part.ErrorCode = p.Partition, kerr.CoordinatorNotAvailable.Code
			topic.Partitions = append(topic.Partitions, part)
		}
		refused.Topics = append(refused.Topics, topic)
	}
	return refused, nil, true
}

// ebb has S3 take no records, again and again. Partitions go meanwhile of which
// objects wait to be encoded.
func ebb(ctx context.Context, w *world) {
	var gone *s3test.Fault
	byTurns(ctx, func() {
		gone = w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/date=", Do: s3test.Reset(0)})
	}, func() { gone.Remove() })
}
