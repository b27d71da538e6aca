package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

func TestFetchesAreAsLargeAsWhatTheyBecome(t *testing.T) {
	a := newAppetite(&Config{fetchPartition: 1 << 20}, func() int64 { return 256 << 20 })
	_, _, changed := a.ask()
	require.False(t, changed, "nothing is known yet")
	read := func(node int32, records, compressed, uncompressed int) {
		a.OnFetchBatchRead(kgo.BrokerMetadata{NodeID: node}, "t", 0, kgo.FetchBatchMetrics{
			NumRecords: records, CompressedBytes: compressed, UncompressedBytes: uncompressed,
		})
	}
	read(1, 10, 1<<20, 1<<20)
	total, partition, changed := a.ask()
	require.True(t, changed)
	require.InDelta(t, 32<<20, total, 1<<20, "an eighth")
	require.Equal(t, int32(1<<20), partition)
	_, _, changed = a.ask()
	require.False(t, changed)
	read(2, 1000, 1<<20, 19<<20) // ten times as much in memory
	total, _, _ = a.ask()
	require.InDelta(t, 16<<20/10, total, 1<<18, "from each of two brokers")
	a = newAppetite(&Config{fetchPartition: 1 << 20}, func() int64 { return 256 << 20 })
	read(1, 1<<20/inflight.RecordOverhead, 1<<20, 1<<20)
	total, _, _ = a.ask()
	require.InDelta(t, 16<<20, total, 1<<20, "records that take as much beside their bytes")
}
