package kafka

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

const (
	// firstFetch is the size of a fetch while it is not known how compressed the
	// records are.
	firstFetch = 1 << 20
	// leastFetch and mostFetch bound it from then on.
	leastFetch, mostFetch = 64 << 10, 50 << 20
	// reserve is the part of the memory, one in so many, that is for fetches
	// which nobody has asked the client for yet.
	reserve = 8
	// recentBytes is how many bytes of fetches the ratio is about.
	recentBytes = 32 << 20
)

// appetite finds out how much memory a fetched byte takes, compressed as it
// came and without the cost of a record, so that fetches can be asked for that
// fit into what is reserved for them. It is a hook of the client, and safe for
// concurrent use.
type appetite struct {
	memory    func() int64 // for all that is under way, in bytes
	most      int64        // bytes of a fetch; zero: derived
	partition int64        // bytes of one partition in a fetch

	mu      sync.Mutex
	came    float64 // bytes, as they came
	takes   float64 // bytes of memory that these take
	brokers map[int32]bool
	asked   int64 // of the latest fetch
}

var _ kgo.HookFetchBatchRead = (*appetite)(nil)

func newAppetite(c *Config, memory func() int64) *appetite {
	return &appetite{memory: memory, most: c.fetchMax, partition: c.fetchPartition, brokers: map[int32]bool{}, asked: firstFetch}
}

// OnFetchBatchRead implements the hook of the client.
func (a *appetite) OnFetchBatchRead(meta kgo.BrokerMetadata, _ string, _ int32, m kgo.FetchBatchMetrics) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.brokers[meta.NodeID] = true
	a.came += float64(m.CompressedBytes)
	a.takes += float64(m.UncompressedBytes) + float64(m.NumRecords)*inflight.RecordOverhead
	if a.came > recentBytes {
		a.came, a.takes = a.came/2, a.takes/2
	}
}

// ask returns the bytes to fetch from one broker and of one partition, and
// whether that is news.
func (a *appetite) ask() (total, partition int32, changed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.came == 0 {
		return 0, 0, false
	}
	n := int64(float64(a.memory()/reserve/int64(len(a.brokers))) * a.came / max(a.takes, 1))
	n = min(max(n, leastFetch), mostFetch)
	if a.most > 0 {
		n = min(n, a.most)
	}
	if n < a.asked+a.asked/5 && n > a.asked-a.asked/5 {
		return 0, 0, false
	}
	a.asked = n
	return clamp(n), clamp(min(n, a.partition)), true
}
