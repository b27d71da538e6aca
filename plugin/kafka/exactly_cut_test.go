package kafka_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// This file is about logs that were cut short, as by an unclean election of a leader,
// and have grown since: their ends do not show it, but the leaders of records do.

// kept is how many records of each partition are left of a log that is cut.
const kept = 60

// recut makes the topic of a rig anew as a log that was cut: with its first records,
// and others after them that another leader has written. Their ids are 1500 higher
// than those of the lost ones, so that they go to the same folders.
func (r *rig) recut(t *testing.T, all kadm.Offsets, more int) {
	t.Helper()
	require.NoError(t, r.kafka.Fake.DeleteTopic("events"))
	require.NoError(t, r.kafka.CreateTopic(t.Context(), "events", r.parts))
	topics, err := r.admin(t).ListTopics(t.Context(), "events")
	require.NoError(t, err)
	same := kadm.Offsets{}
	all.Each(func(o kadm.Offset) {
		epochs, err := exactly.Decode("events", o.Metadata)
		require.NoError(t, err)
		for i := range epochs {
			for m := range epochs[i].Lane {
				epochs[i].Lane[m].Print = exactly.PrintOf(topics["events"].ID)
			}
		}
		o.Metadata, err = exactly.Encode("events", epochs, exactly.DefaultLimit)
		require.NoError(t, err)
		same.Add(o)
	})
	require.NoError(t, r.admin(t).CommitAllOffsets(t.Context(), "g", same))
	require.NoError(t, r.kafka.Renew())
	r.produce(t, 0, kept*r.parts)
	r.elect(t)
	require.NoError(t, r.kafka.Renew())
	r.produce(t, 1500+kept*r.parts, more*r.parts)
}

// elect has another leader of each partition, which is the same broker.
func (r *rig) elect(t *testing.T) {
	t.Helper()
	for p := range r.parts {
		node := r.kafka.Fake.LeaderFor("events", int32(p))
		require.NoError(t, r.kafka.Fake.MoveTopicPartition("events", int32(p), node))
	}
}

// requireSingle: records are in one object each, whatever others are in.
func (r *rig) requireSingle(t *testing.T, ids []int, by ...*process) {
	t.Helper()
	objects, letters := r.stored(t)
	for _, id := range ids {
		require.Equal(t, 1, objects[id]+letters[id], "%d\n%s", id, logsOf(by))
	}
}

// TestALogThatWasCutAndHasGrown past all that was announced: none of the new records
// is taken for one that was announced.
func TestALogThatWasCutAndHasGrown(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	r.produce(t, 0, 300)
	first := r.abandon(t, options{})
	r.recut(t, r.commits(t), 100)
	second := r.start(t, options{})
	r.settle(t, first, second)
	second.end()
	r.requireEach(t, numbers(0, 180), second)
	r.requireSingle(t, numbers(1680, 1980), second)
	assert.Contains(t, second.logs.String(), "its log was cut at offset 60, and others have these offsets now")
	assert.Contains(t, second.logs.String(), "offsets 0 to 60 are stored once more")
	r.requireNothingAnnounced(t)
}

// TestALogThatWasCutBelowTheCommittedOffset: reading goes on where it was cut,
// wherever new partitions begin, and whatever the log has come to since.
func TestALogThatWasCutBelowTheCommittedOffset(t *testing.T) {
	long.Skip(t)
	for name, c := range map[string]struct {
		start string
		more  int
	}{
		"and is shorter, from the latest":         {"latest", 20},
		"and is longer, from the latest":          {"latest", 100},
		"and is shorter, from the earliest":       {"earliest", 20},
		"and is longer, from the earliest":        {"earliest", 100},
		"and is shorter, from what was committed": {"committed", 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.produce(t, 0, 300)
			first := r.start(t, options{})
			r.settle(t, first)
			first.end()
			all := r.commits(t)
			all.Each(func(o kadm.Offset) { require.Zero(t, o.LeaderEpoch, "of its last record") })
			r.recut(t, all, c.more)
			second := r.start(t, options{input: "  start_offset: " + c.start + "\n"})
			r.settle(t, first, second)
			second.end()
			r.requireSingle(t, numbers(0, 300), second)
			r.requireSingle(t, numbers(1680, 1680+3*c.more), second)
			assert.Contains(t, second.logs.String(), "its log was cut at offset 60, and 100 was committed")
		})
	}
}

// TestALogThatIsCutWhileItIsRead: what comes next has offsets that others had.
func TestALogThatIsCutWhileItIsRead(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	r.produce(t, 0, 300)
	p := r.start(t, options{})
	r.settle(t, p)
	var cut atomic.Bool
	cut.Store(true)
	r.kafka.Fake.ControlKey(kmsg.OffsetForLeaderEpoch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.kafka.Fake.KeepControl()
		if !cut.Load() {
			return nil, nil, false
		}
		return kafkatest.HistoriesEnd(req.(*kmsg.OffsetForLeaderEpochRequest), kept), nil, true
	})
	r.elect(t)
	require.Eventually(t, func() bool {
		committed, err := r.kafka.Committed(t.Context(), "g", "events")
		return err == nil && strings.Count(p.logs.String(), "its log was cut at offset 60, and 100 was committed") >= r.parts && len(committed) == r.parts
	}, 30*time.Second, 50*time.Millisecond, "%s", p.logs)
	cut.Store(false)
	r.produce(t, 300, 30)
	r.settle(t, p)
	p.end()
	r.requireEach(t, numbers(0, 330), p)
	r.requireSingle(t, numbers(0, 180), p)
	assert.Contains(t, p.logs.String(), "the brokers have lost records of events/")
}
