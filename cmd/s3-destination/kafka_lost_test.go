//go:build !nokafka

package main

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// midFetch is a process that lost its place in the group while its input handed
// over what it had fetched and could not go on, because S3 was slow. Objects that
// begin with one of the first hundred records still hang; all others are stored.
type midFetch struct {
	kafka   *kafkatest.Cluster
	s3      *s3test.Server
	process *process
	hung    *s3test.Fault
}

const midFetchRecords = 4000

func loseSession(t *testing.T, kind string) *midFetch {
	t.Helper()
	m := &midFetch{kafka: kafkatest.StartT(t), s3: s3test.StartT(t, s3test.Config{})}
	require.NoError(t, m.kafka.CreateTopic(t.Context(), "events", 1))
	require.NoError(t, m.kafka.Produce(t.Context(), kafkatest.Numbered("events", 1, 0, midFetchRecords, 300)...))

	release := make(chan struct{})
	// Also those of fewer records, which end when nothing comes for long.
	m.hung = m.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: `^lake/events\+0\+00000000[0-9]{2}-`, Do: s3test.Hang()})
	m.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/", Do: func(x *s3test.Exchange) {
		select {
		case <-release:
			s3test.Delay(30 * time.Millisecond)(x)
		case <-x.R.Context().Done():
		}
	}})
	var lost atomic.Bool
	m.kafka.Fake.ControlKey(kmsg.Heartbeat.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		m.kafka.Fake.KeepControl()
		if m.hung.Hits() == 0 || lost.Swap(true) {
			return nil, nil, false
		}
		answer := r.ResponseKind().(*kmsg.HeartbeatResponse)
		answer.ErrorCode = kerr.UnknownMemberID.Code
		return answer, nil, true
	})
	m.process = start(t, kafkaInput(kind, m.kafka, "events")+kafkaOutput(m.s3, "json", `
    max_in_flight: 3
    max_records: 100
    health_check: {enabled: false}
    upload: {request_timeout: 10s}
`))
	require.Eventually(t, lost.Load, time.Minute, 10*time.Millisecond, "%s", &m.process.logs)
	time.Sleep(300 * time.Millisecond) // the input has noticed
	close(release)
	return m
}

// committed returns the offset that the group has committed.
func (m *midFetch) committed(t *testing.T) int64 {
	t.Helper()
	at, err := m.kafka.Committed(t.Context(), "s3", "events")
	require.NoError(t, err)
	return at[0]
}

// missing counts the records below an offset that no object has.
func (m *midFetch) missing(t *testing.T, below int64) int {
	t.Helper()
	stored := map[int64]bool{}
	for _, o := range m.s3.Objects("lake/") {
		for _, row := range rowsOf(t, o) {
			stored[whole(t, row["id"])] = true
		}
	}
	n := 0
	for id := range below {
		if !stored[id] {
			n++
		}
	}
	return n
}

// These inputs commit nothing past a record that is not stored, whatever becomes
// of the session, and so lose none when the process dies.
func TestKafkaInputCommitsOnlyWhatIsStored(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{sizing.OwnKafka, "kafka"} {
		t.Run(kind, func(t *testing.T) {
			if kind != sizing.OwnKafka {
				long.Skip(t)
			}
			t.Parallel()
			commitsOnlyWhatIsStored(t, kind)
		})
	}
}

func commitsOnlyWhatIsStored(t *testing.T, kind string) {
	t.Helper()
	m := loseSession(t, kind)
	for until := time.Now().Add(3 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		require.Zero(t, m.committed(t), "the first hundred records are not stored")
	}
	if kind == "kafka" {
		require.Less(t, m.missing(t, midFetchRecords), midFetchRecords, "others are stored")
	}
	m.hung.Remove()
	settle(t, m.kafka, "events", m.process)
	m.process.terminate(t)
	assert.Zero(t, m.missing(t, midFetchRecords))
	assert.NotContains(t, m.process.logs.String(), "Use the input ")
}

// The inputs redpanda and kafka_franz of Redpanda Connect 4.110 commit offsets
// of records that are not stored. This test fails when a newer version does not
// do so any more: then docs/kafka.md can recommend them.
func TestFranzInputsStillCommitWhatIsNotStored(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	for _, kind := range []string{"redpanda", "kafka_franz"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			m := loseSession(t, kind)
			require.Eventually(t, func() bool { return m.committed(t) > 100 }, patience, time.Millisecond,
				"%s is mended, as it seems\n%s", kind, &m.process.logs)
			at := m.committed(t)
			assert.GreaterOrEqual(t, m.missing(t, at), 100)
			t.Logf("%s: of %d committed records %d are not stored", kind, at, m.missing(t, at))
			require.NoError(t, m.process.cmd.Process.Kill())
			<-m.process.done
			assert.Contains(t, m.process.logs.String(), "Use the input s3_destination_kafka", "it was said at the start")
		})
	}
}
