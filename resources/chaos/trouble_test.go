package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

// TestAMemberThatWasSilentForTooLongIsForgottenUntilItJoins: the broker has forgotten
// it, and hears of the id again only when it joins.
func TestAMemberThatWasSilentForTooLongIsForgottenUntilItJoins(t *testing.T) {
	t.Parallel()
	s := &silences{session: 2 * time.Second, heard: map[string]time.Time{}, silent: map[string]bool{}}
	at := func(d time.Duration) time.Time { return time.Unix(0, 0).Add(d) }
	assert.False(t, s.beats("a", at(time.Hour)), "nobody knows since when")
	s.joins("b", at(0))
	assert.False(t, s.beats("b", at(2*time.Second)))
	assert.False(t, s.beats("b", at(4*time.Second)))
	assert.True(t, s.beats("b", at(4*time.Second+2001*time.Millisecond)))
	assert.True(t, s.beats("b", at(6100*time.Millisecond)), "although it speaks again")
	assert.False(t, s.beats("a", at(time.Hour+time.Second)), "of another one that says nothing")
	s.joins("b", at(7*time.Second))
	assert.False(t, s.beats("b", at(8*time.Second)))
	assert.True(t, s.beats("b", at(11*time.Second)))
	s.over = true
	assert.False(t, s.beats("b", at(14*time.Second)), "the trouble is over")
}

// TestACommitArrivesWhenOthersHaveFollowedIt of the same membership, or the group has
// gone on.
func TestACommitArrivesWhenOthersHaveFollowedIt(t *testing.T) {
	t.Parallel()
	kafka := kafkatest.StartT(t)
	arrived := make(chan *kmsg.OffsetCommitRequest, 10)
	kafka.Fake.ControlKey(kmsg.OffsetCommit.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		arrived <- r.(*kmsg.OffsetCommitRequest)
		return nil, nil, false
	})
	h := &heldBack{world: &world{kafka: kafka}}
	commit := func(member string, generation int32) *kmsg.OffsetCommitRequest {
		r := kmsg.NewPtrOffsetCommitRequest()
		r.Group, r.MemberID, r.Generation = "g", member, generation
		return r
	}
	require.True(t, h.holds(commit("a", 1)))
	for range overtakers - 1 {
		require.False(t, h.holds(commit("a", 1)))
		require.False(t, h.holds(commit("b", 1)))
	}
	h.arriving.Wait()
	require.Empty(t, arrived)
	require.False(t, h.holds(commit("a", 1)))
	h.arriving.Wait()
	require.Equal(t, "a", (<-arrived).MemberID)

	require.False(t, h.holds(commit("a", 1)), "so soon")
	h.last = time.Time{}
	require.True(t, h.holds(commit("b", 1)))
	require.False(t, h.holds(commit("a", 2)))
	h.arriving.Wait()
	require.Equal(t, "b", (<-arrived).MemberID)

	h.last, h.over = time.Time{}, true
	require.False(t, h.holds(commit("a", 2)))
}

func TestAMemberIsFoundByTheNameOfItsClient(t *testing.T) {
	w := &world{started: []*consumer{{name: "member-0001"}, {name: "member-00010"}}}
	assert.Same(t, w.started[1], w.member("member-00010-1f"))
	assert.Same(t, w.started[0], w.member("member-0001-1f"))
	assert.Nil(t, w.member("member-0002-1f"))
}

// TestCommitsAreRefusedForATime: each partition of them, and they can be made again.
func TestCommitsAreRefusedForATime(t *testing.T) {
	t.Parallel()
	kafka := kafkatest.StartT(t)
	require.NoError(t, kafka.CreateTopic(t.Context(), "events", 2))
	var f refusal
	kafka.Fake.ControlKey(kmsg.OffsetCommit.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		kafka.Fake.KeepControl()
		return f.answer(r.(*kmsg.OffsetCommitRequest))
	})
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka.Seeds...), kgo.RequestRetries(0))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	commit := func(p int32) error {
		at := kadm.Offsets{}
		at.AddOffset("events", 0, 1, -1)
		at.AddOffset("events", 1, 1, -1)
		all, err := kadm.NewClient(client).CommitOffsets(t.Context(), "g", at)
		require.NoError(t, err)
		one, ok := all.Lookup("events", p)
		require.True(t, ok)
		return one.Err
	}
	f.on.Store(true)
	require.ErrorIs(t, commit(0), kerr.CoordinatorNotAvailable)
	require.ErrorIs(t, commit(1), kerr.CoordinatorNotAvailable)
	committed, err := kafka.Committed(t.Context(), "g", "events")
	require.NoError(t, err)
	require.NotContains(t, committed, int32(1))
	f.on.Store(false)
	require.NoError(t, commit(1))
	committed, err = kafka.Committed(t.Context(), "g", "events")
	require.NoError(t, err)
	assert.Equal(t, int64(1), committed[1])
}

func TestWhatGoesByTurnsIsBackInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), away+back+time.Second)
		defer cancel()
		began := time.Now()
		var gone, here []time.Duration
		byTurns(ctx, func() { gone = append(gone, time.Since(began)) }, func() { here = append(here, time.Since(began)) })
		assert.Equal(t, []time.Duration{0, away + back}, gone)
		assert.Equal(t, []time.Duration{away, away + back + time.Second}, here)
	})
}
