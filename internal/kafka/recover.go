package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/exactly"
)

// recover reads again what predecessors have announced and hands it out, so that
// the outputs form the same objects; then what is left to be read once more.
func (a *announcer) recover(rec *exactly.Recovery, reads []exactly.Range) error {
	s := a.session
	defer rec.Tell()
	began := time.Now()
	err := s.readAgain(reads, func(tp topicPartition, records []*kgo.Record, highWater int64) error {
		return s.reader.offer(s.ctx, tp, records, highWater, func() *exactly.Ticket { return rec.Read(sourceOf(tp)) })
	})
	if err != nil {
		return err
	}
	all, err := rec.Finish(s.ctx)
	if err != nil {
		return err
	}
	rec.Tell()
	s.metrics.recovery.Timing(time.Since(began).Nanoseconds())
	var left []exactly.Range
	for _, r := range all {
		if r.Again {
			s.log.Warnf("What was announced of %s cannot be formed again: offsets %d to %d are stored once more", r.Source, r.Low, r.Reach)
			left = append(left, exactly.Range{Source: r.Source, From: r.Low, To: r.Reach})
		}
	}
	return s.readAgain(left, func(tp topicPartition, records []*kgo.Record, highWater int64) error {
		s.metrics.downgraded.Incr(int64(len(records)), "digest")
		last := records[len(records)-1].Offset + 1
		return s.reader.offer(s.ctx, tp, records, highWater, func() *exactly.Ticket { return a.ticket(tp, last) })
	})
}

const (
	// mostAgain is how many records are handed out at once that are read again.
	mostAgain = 10_000
	// stalled is how long nothing may come of a range until it is asked for whether
	// there is anything left of it.
	stalled = 5 * time.Second
)

// rereading is a range of which not all has come.
type rereading struct {
	exactly.Range

	next  int64 // offset
	quiet int   // how often it was asked for in vain
}

// readAgain reads ranges of any partitions, whoever owns them, up to the last
// record that is left of them.
func (s *session) readAgain(ranges []exactly.Range, take func(tp topicPartition, records []*kgo.Record, highWater int64) error) error {
	if len(ranges) == 0 {
		return nil
	}
	left := map[topicPartition]*rereading{}
	from := map[string]map[int32]kgo.Offset{}
	for _, r := range ranges {
		left[placeOf(r.Source)] = &rereading{Range: r, next: r.From}
		if from[r.Topic] == nil {
			from[r.Topic] = map[int32]kgo.Offset{}
		}
		from[r.Topic][r.ID] = kgo.NewOffset().At(r.From)
	}
	client, err := kgo.NewClient(append(s.conf.connection(), kgo.ConsumePartitions(from), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(s.conf.isolation), kgo.Rack(s.conf.rack), kgo.FetchMaxWait(time.Second),
		kgo.FetchMaxBytes(clamp(firstFetch)), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.WithLogger(logger{s.log}))...)
	if err != nil {
		return fmt.Errorf("setting up the Kafka client that reads again: %w", err)
	}
	defer client.Close()
	for len(left) > 0 {
		ctx, cancel := context.WithTimeout(s.ctx, stalled)
		fetches := client.PollFetches(ctx)
		cancel()
		if s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		if fetches.NumRecords() == 0 {
			s.vanished(client, left)
			continue
		}
		var failed error
		fetches.EachPartition(func(f kgo.FetchTopicPartition) {
			tp := topicPartition{f.Topic, f.Partition}
			if r := left[tp]; r != nil && failed == nil {
				var over bool
				if over, failed = r.take(tp, f.FetchPartition, take); over {
					delete(left, tp)
					client.PauseFetchPartitions(map[string][]int32{tp.topic: {tp.id}})
				}
			}
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}

// take hands on what a fetch has of the range, and reports whether that was the
// last of it.
func (r *rereading) take(tp topicPartition, f kgo.FetchPartition, take func(topicPartition, []*kgo.Record, int64) error) (over bool, err error) {
	var records []*kgo.Record
	for _, record := range f.Records {
		if record.Offset >= r.To {
			over = true
			break
		}
		r.next, r.quiet = record.Offset+1, 0
		if !record.Attrs.IsControl() {
			records = append(records, record)
		}
	}
	for len(records) > 0 {
		n := min(len(records), mostAgain)
		if err := take(tp, records[:n:n], f.HighWatermark); err != nil {
			return false, err
		}
		records = records[n:]
	}
	return over || r.next >= r.To, nil
}

// vanished gives up ranges of which nothing is left: they were deleted, or the log
// ends before them, or after twice that long they have offsets without records at
// their end. Should that be wrong, the digest says so.
func (s *session) vanished(client *kgo.Client, left map[topicPartition]*rereading) {
	ctx, cancel := context.WithTimeout(s.ctx, stalled)
	defer cancel()
	admin := kadm.NewClient(client)
	var topics []string
	for tp := range left {
		topics = append(topics, tp.topic)
	}
	starts, err := admin.ListStartOffsets(ctx, topics...)
	if err != nil {
		return // they cannot be asked: it may only be slow
	}
	ends, err := admin.ListEndOffsets(ctx, topics...)
	if err != nil {
		return
	}
	for tp, r := range left {
		start, ok := starts.Lookup(tp.topic, tp.id)
		end, also := ends.Lookup(tp.topic, tp.id)
		if !ok || !also || start.Err != nil || end.Err != nil {
			continue
		}
		if r.quiet++; start.Offset >= r.To || end.Offset <= r.next || r.quiet > 2 {
			delete(left, tp)
		}
	}
}
