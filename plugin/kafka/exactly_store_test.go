package kafka_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestObjectsInPartsUnderAnIntent: a process dies when some uploads in parts are
// complete, and it does not know of all of them; then it comes back.
func TestObjectsInPartsUnderAnIntent(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	var records []*kgo.Record
	for id := range 60 {
		value := fmt.Sprintf(`{"id":%d,"x":%d,"pad":"%s"}`, id, id%5, strings.Repeat("p", 200_000))
		records = append(records, &kgo.Record{Topic: "events", Partition: int32(id % r.parts), Value: []byte(value)})
	}
	require.NoError(t, r.kafka.Produce(t.Context(), records...))
	o := options{
		upload: "request_timeout: 2s, multipart_threshold: 1MiB, part_size: 5MiB",
		output: "\n    max_age: 2s\n    idle_timeout: 1s\n    max_file_size: 64MB\n",
	}
	lost := r.s3.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Key: "^lake/x=[0-2]", Times: 3, Do: s3test.LoseResponse()})
	hung := r.s3.Faults.Add(s3test.Rule{Op: "CompleteMultipartUpload", Key: "^lake/x=[34]", Do: s3test.Hang()})
	first := r.start(t, o)
	require.Eventually(t, func() bool { return hung.Hits() >= 2 && lost.Hits() >= 1 }, 30*time.Second, 10*time.Millisecond, "%s", first.logs)
	r.cut(first)
	hung.Remove()
	r.succeed(t, o, first, 90, func() { r.produce(t, 60, 30) })
	r.requireNothingAnnounced(t)
}

// TestStoresThatKnowNoConditions: they take an object again under its key, with the
// same records.
func TestStoresThatKnowNoConditions(t *testing.T) {
	long.Skip(t)
	for _, name := range []string{"seaweedfs-3.96", "oss"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newBroker(t, s3test.ModeNamed(name))
			r.parts = 3
			require.NoError(t, r.kafka.CreateTopic(t.Context(), "events", r.parts))
			r.produce(t, 0, 300)
			r.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/x=[0-2]", Times: 3, Do: s3test.LoseResponse()})
			first := r.abandon(t, options{})
			r.succeed(t, options{}, first, 360, func() { r.produce(t, 300, 60) })
		})
	}
}

// TestLearnedColumnsAfterATakeover: a successor knows other columns, or those that
// its predecessor has left in the bucket, and stores the same records.
func TestLearnedColumnsAfterATakeover(t *testing.T) {
	long.Skip(t)
	for name, schema := range map[string]string{
		"of a process":  "mode: infer",
		"in the bucket": "mode: infer, remember: bucket",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.widen(t, 0, 300)
			o := options{format: "csv", output: usual + "\n    schema: {" + schema + "}"}
			first := r.abandon(t, o)
			r.widen(t, 300, 300)
			second := r.succeed(t, o, first, 700, func() { r.widen(t, 600, 100) })
			assert.NotContains(t, second.logs.String(), "cannot be formed again")
		})
	}
}

// widen makes records, of which every 40th has a column that none had before.
func (r *rig) widen(t *testing.T, first, n int) {
	t.Helper()
	var records []*kgo.Record
	for id := first; id < first+n; id++ {
		value := fmt.Sprintf(`{"id":%d,"x":%d,"c%d":%d}`, id, id%5, id/40, id)
		if id%7 == 0 { // and one of which the type changes
			value = fmt.Sprintf(`{"id":%d,"x":%d,"c%d":"text"}`, id, id%5, id/40)
		}
		records = append(records, &kgo.Record{Topic: "events", Partition: int32(id % r.parts), Value: []byte(value)})
	}
	require.NoError(t, r.kafka.Produce(t.Context(), records...))
}
