//go:build !nokafka

package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const groupPartitions = 6

// sizeOf is the size of the payload of a numbered record: every 200th has a
// megabyte.
func sizeOf(id int) int {
	if id%200 == 199 {
		return 1_000_000
	}
	return 300
}

// produceNumbered produces n records.
func produceNumbered(ctx context.Context, c *kafkatest.Cluster, first, n int) error {
	var records []*kgo.Record
	for id := first; id < first+n; id++ {
		records = append(records, kafkatest.Numbered("events", groupPartitions, id, 1, sizeOf(id))...)
	}
	return c.Produce(ctx, records...)
}

// storm produces records, a few at a time, until it is told to stop.
type storm struct {
	next int // the first number not used; read it after stop
	quit chan struct{}
	done chan error
}

func startStorm(ctx context.Context, c *kafkatest.Cluster, first int) *storm {
	s := &storm{next: first, quit: make(chan struct{}), done: make(chan error, 1)}
	go func() {
		for {
			const few = 10
			if err := produceNumbered(ctx, c, s.next, few); err != nil {
				s.done <- err
				return
			}
			s.next += few
			select {
			case <-s.quit:
				s.done <- nil
				return
			case <-time.After(30 * time.Millisecond):
			}
		}
	}()
	return s
}

func (s *storm) stop() error {
	close(s.quit)
	return <-s.done
}

// awaitMembers waits until the group is stable with n members.
func awaitMembers(t *testing.T, c *kafkatest.Cluster, n int, p *process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		members, stable, err := c.Members(ctx, "s3")
		if err == nil && members == n && stable {
			return
		}
		select {
		case <-ctx.Done():
			require.FailNow(t, "the group does not settle", "%d of %d members, %v\n%s", members, n, err, p.logs.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// numberedCopies counts the copies of each record by the process that stored
// them, and compares each with what was produced.
func numberedCopies(t *testing.T, s *s3test.Server) (copies map[int]int, writers map[string]int) {
	t.Helper()
	copies, writers = map[int]int{}, map[string]int{}
	for _, o := range s.Objects("lake/") {
		require.NotContains(t, o.Key, "_dead_letters")
		for line := range bytes.Lines(o.Body) {
			head, _, ok := bytes.Cut(line, []byte(`,"at"`))
			require.True(t, ok)
			id, err := strconv.Atoi(strings.TrimPrefix(string(head), `{"id":`))
			require.NoError(t, err)
			value := kafkatest.NumberedValue(id, sizeOf(id))
			require.True(t, bytes.HasPrefix(line, value[:len(value)-1]), "record %d was changed", id)
			copies[id]++
			writers[o.Metadata["run"]]++
		}
	}
	return copies, writers
}

// landThroughRebalances lets three processes of one group write to one prefix,
// under names that they must dispute, while they come and go. It returns how many
// copies too many there are.
func landThroughRebalances(t *testing.T, c *kafkatest.Cluster, input, protocol string) (surplus int) {
	t.Helper()
	s := s3test.StartT(t, s3test.Config{})
	require.NoError(t, c.CreateTopic(t.Context(), "events", groupPartitions))
	join := func(name string) *process {
		output := kafkaOutput(s, "json", fmt.Sprintf("    metadata: {run: %s}\n", name))
		return start(t, input+strings.ReplaceAll(output, "{{source_range}}", "f-{{chunk_id}}"))
	}
	const calm, again = 300, 600
	const work = time.Second // longer than records wait

	a := join("a")
	require.NoError(t, produceNumbered(t.Context(), c, 0, calm))
	settle(t, c, "events", a)

	stormy := startStorm(t.Context(), c, calm)
	b := join("b")
	awaitMembers(t, c, 2, b)
	time.Sleep(work)
	d := join("d")
	awaitMembers(t, c, 3, d)
	time.Sleep(work)
	b.terminate(t)
	awaitMembers(t, c, 2, a)
	e := join("e")
	awaitMembers(t, c, 3, e)
	time.Sleep(work)
	require.NoError(t, stormy.stop())
	settle(t, c, "events", a)
	awaitMembers(t, c, 3, a)
	found, err := c.Protocol(t.Context(), "s3")
	require.NoError(t, err)
	require.Equal(t, protocol, found)

	require.NoError(t, produceNumbered(t.Context(), c, stormy.next, again))
	settle(t, c, "events", a)
	for _, p := range []*process{a, d, e} {
		p.terminate(t)
	}
	ends, err := c.Ends(t.Context(), "events")
	require.NoError(t, err)
	committed, err := c.Committed(t.Context(), "s3", "events")
	require.NoError(t, err)
	assert.Equal(t, ends, committed, "a clean stop leaves nothing to read again")

	copies, writers := numberedCopies(t, s)
	for id := range stormy.next + again {
		require.Positive(t, copies[id], "record %d is missing", id)
		if id < calm || id >= stormy.next {
			assert.Equal(t, 1, copies[id], "record %d arrived while no partition moved", id)
		}
		surplus += copies[id] - 1
	}
	assert.Len(t, writers, 4, "all have written")
	t.Logf("%d of %d records twice, %v", surplus, stormy.next-calm, writers)
	return surplus
}

// With our own input partitions move without a copy, whoever assigns them.
func TestKafkaCleanRebalancesLoseAndDoubleNothing(t *testing.T) {
	long.Skip(t)
	for protocol, found := range map[string]string{"classic": "cooperative-sticky", "consumer": "uniform"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			c := kafkatest.StartT(t)
			assert.Zero(t, landThroughRebalances(t, c, withProtocol(kafkaInput(sizing.OwnKafka, c, "events"), protocol), found))
		})
	}
}

// withProtocol sets how partitions are assigned.
func withProtocol(input, protocol string) string {
	return strings.Replace(input, "consumer_group: s3,", "consumer_group: s3, protocol: "+protocol+",", 1)
}

// What a process held that was killed is stored by the others. Copies there may
// be of what it had stored and not committed.
func TestKafkaKilledMemberLosesNothing(t *testing.T) {
	t.Parallel()
	c, s := kafkatest.StartT(t), s3test.StartT(t, s3test.Config{})
	require.NoError(t, c.CreateTopic(t.Context(), "events", groupPartitions))
	join := func(run string) *process {
		input := strings.Replace(kafkaInput(sizing.OwnKafka, c, "events"), "consumer_group: s3,", "consumer_group: s3, session_timeout: 2s,", 1)
		return start(t, input+kafkaOutput(s, "json", fmt.Sprintf("    metadata: {run: %s}\n", run)))
	}
	a, b := join("a"), join("b")
	awaitMembers(t, c, 2, a)
	stormy := startStorm(t.Context(), c, 0)
	require.Eventually(t, func() bool { return b.reading("waiting_batches") >= 3 }, patience, 10*time.Millisecond, "%s", &b.logs)
	require.NoError(t, b.cmd.Process.Kill())
	<-b.done
	awaitMembers(t, c, 1, a)
	require.NoError(t, stormy.stop())
	settle(t, c, "events", a)
	a.terminate(t)
	copies, _ := numberedCopies(t, s)
	for id := range stormy.next {
		require.Positive(t, copies[id], "record %d is missing", id)
	}
}

func TestKafkaGroupOfThreeRebalancesCooperatively(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	c := kafkatest.StartT(t)
	landThroughRebalances(t, c, kafkaInput("redpanda", c, "events"), "cooperative-sticky")
}

func TestKafkaGroupOfThreeRebalancesEagerly(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	c := kafkatest.StartT(t)
	landThroughRebalances(t, c, kafkaInput("kafka", c, "events"), "range")
}

// restartOneOfTwo stops one of two processes and starts it again while records
// wait in the other. It returns how many copies too many there are.
func restartOneOfTwo(t *testing.T, c *kafkatest.Cluster, kind string, named bool) (surplus int) {
	t.Helper()
	s := s3test.StartT(t, s3test.Config{})
	require.NoError(t, c.CreateTopic(t.Context(), "events", groupPartitions))
	join := func(run, name string) *process {
		settings := "consumer_group: s3,"
		if kind == "kafka" {
			settings += " group: {session_timeout: 30s, heartbeat_interval: 300ms}, target_version: 2.3.0,"
		}
		if named {
			settings += " instance_id: " + name + ","
		}
		input := strings.Replace(kafkaInput(kind, c, "events"), "consumer_group: s3,", settings, 1)
		output := kafkaOutput(s, "json", fmt.Sprintf("    idle_timeout: 1m\n    metadata: {run: %s}\n", run))
		return start(t, input+strings.Replace(output, "max_age: 500ms", "max_age: 10s", 1))
	}
	a, b := join("a", "first"), join("b", "second")
	awaitMembers(t, c, 2, a)
	const each = 120
	require.NoError(t, produceNumbered(t.Context(), c, 0, each))
	require.Eventually(t, func() bool {
		return a.reading("waiting_batches") >= 3 && b.reading("waiting_batches") >= 1
	}, patience, 50*time.Millisecond, "%s%s", &a.logs, &b.logs)
	b.terminate(t)
	again := join("again", "second")
	awaitMembers(t, c, 2, again)
	require.NoError(t, produceNumbered(t.Context(), c, each, each))
	settle(t, c, "events", a)
	a.terminate(t)
	again.terminate(t)
	copies, writers := numberedCopies(t, s)
	assert.Len(t, writers, 3, "all have written")
	for id := range 2 * each {
		require.Positive(t, copies[id], "record %d is missing", id)
		surplus += copies[id] - 1
	}
	return surplus
}

func TestKafkaRestartWithANameMovesNothing(t *testing.T) {
	long.Skip(t)
	for _, kind := range []string{sizing.OwnKafka, "kafka"} {
		for _, named := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, named %v", kind, named), func(t *testing.T) {
				t.Parallel()
				surplus := restartOneOfTwo(t, kafkatest.StartT(t), kind, named)
				if named || kind == sizing.OwnKafka {
					assert.Zero(t, surplus)
				} else {
					assert.Positive(t, surplus, "a rebalance takes what waits from all")
				}
			})
		}
	}
}

func TestKafkaAnotherInputGoesOnWhereTheGroupWas(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	c, s := kafkatest.StartT(t), s3test.StartT(t, s3test.Config{})
	require.NoError(t, c.CreateTopic(t.Context(), "events", groupPartitions))
	const each = 120
	kinds := slices.Concat(kafkaInputs[1:], kafkaInputs[:1])
	for i, kind := range kinds {
		require.NoError(t, produceNumbered(t.Context(), c, i*each, each))
		output := kafkaOutput(s, "json", fmt.Sprintf("    metadata: {run: %s}\n", kind))
		p := start(t, kafkaInput(kind, c, "events")+output)
		settle(t, c, "events", p)
		p.terminate(t)
	}
	copies, writers := numberedCopies(t, s)
	for id := range len(kinds) * each {
		require.Equal(t, 1, copies[id], "record %d", id)
	}
	assert.Len(t, writers, len(kinds), "all have written")
}
