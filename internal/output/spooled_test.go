package output

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// What an earlier process has made durable is acknowledged and counted when it is
// delivered again, and not stored again.
func TestRecordsThatAreDeliveredAgainAreCounted(t *testing.T) {
	path := t.TempDir()
	bucket := s3test.StartT(t, s3test.Config{})                          // of both: what was sent may still be in the spool
	want := []string{"{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n", "{\"n\":3}\n"} // what each of them adds
	for life := range int64(2) {
		t.Run(fmt.Sprintf("process %d", life), func(t *testing.T) {
			r, in := lend(t)
			r.s3 = bucket
			b := service.MessageBatch{}
			for offset := range 3 + life {
				m := service.NewMessage(fmt.Appendf(nil, `{"n":%d}`, offset))
				m.MetaSetMut("kafka_topic", "t")
				m.MetaSetMut("kafka_partition", 0)
				m.MetaSetMut("kafka_offset", offset)
				b = append(b, m)
			}
			r.start(t, "loan: {}", onePartition+fmt.Sprintf("max_age: 100ms\non_bad_record: drop\nmemory_limit: 64MiB\nspool: {path: %q, max_size: 64MiB}\n", path))
			in.batches <- b
			acknowledged := func() bool { return len(in.heard()) == 1 } // after some syncs of a disk that others use, too
			require.Eventually(t, acknowledged, time.Minute, 20*time.Millisecond, "%s", r.logs)
			require.NoError(t, in.heard()[0])
			assert.Equal(t, 3*life, r.metrics.get("spool_redelivered_records_total"))
			r.eventually(t, "what is new is stored", func() bool {
				return slices.Equal(slices.Sorted(slices.Values(r.objects("f/"))), want[:life+1])
			})
		})
	}
}
