package kafkatest

import "github.com/twmb/franz-go/pkg/kmsg"

// HistoriesEnd answers that the histories of all leaders that a request names end at
// an offset: their logs were cut there.
func HistoriesEnd(req *kmsg.OffsetForLeaderEpochRequest, at int64) *kmsg.OffsetForLeaderEpochResponse {
	resp := req.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
	for _, t := range req.Topics {
		topic := kmsg.NewOffsetForLeaderEpochResponseTopic()
		topic.Topic = t.Topic
		for _, p := range t.Partitions {
			answer := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
			answer.Partition, answer.LeaderEpoch, answer.EndOffset = p.Partition, p.LeaderEpoch, at
			topic.Partitions = append(topic.Partitions, answer)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}
