package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// fetch reads from Kafka as long as there is room.
func (s *session) fetch() {
	for {
		if s.reader.room(s.ctx) != nil {
			return
		}
		if total, partition, changed := s.appetite.ask(); changed {
			s.client.UpdateFetchMaxBytes(total, partition)
		}
		fetches := s.client.PollFetches(s.ctx)
		if fetches.IsClientClosed() || s.ctx.Err() != nil {
			s.client.AllowRebalance()
			return
		}
		fetches.EachTopic(s.take)
		s.client.AllowRebalance()
	}
}

// take takes the records of one topic over. A fetch may have failed after some
// records, which do not come again.
func (s *session) take(t kgo.FetchTopic) {
	t.EachPartition(func(p kgo.FetchPartition) {
		if s.exact != nil {
			if err := s.exact.cut(topicPartition{t.Topic, p.Partition}, p); err != nil {
				s.end(err)
				return
			}
		}
		s.reader.add(t.Topic, t.TopicID, p)
		if p.Err != nil {
			s.fault.report(fmt.Sprintf("fetching %s/%d", t.Topic, p.Partition), p.Err)
		}
	})
}
