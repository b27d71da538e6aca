package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/exactly"
)

// recover reads again what predecessors have announced and hands it out, so that
// the outputs form the same objects; then what is left to be read once more.
func (a *announcer) recover(ctx context.Context, rec *exactly.Recovery, reads []exactly.Range, k *taking) error {
	s := a.session
	began := time.Now()
	err := s.readAgain(ctx, reads, func(tp topicPartition, records []*kgo.Record, highWater int64) error {
		return s.reader.offer(ctx, tp, records, highWater, func() *exactly.Ticket { return rec.Read(sourceOf(tp)) })
	})
	if err != nil {
		return err
	}
	all, err := rec.Finish(ctx)
	if err != nil {
		return err
	}
	close(k.gained)
	rec.Tell()
	s.metrics.recovery.Timing(time.Since(began).Nanoseconds())
	var left []exactly.Range
	for _, r := range all {
		if r.Again {
			s.log.Warnf("What was announced of %s cannot be formed again: offsets %d to %d are stored once more", r.Source, r.Low, r.Reach)
			left = append(left, exactly.Range{Source: r.Source, From: r.Low, To: r.Reach})
		}
	}
	return s.readAgain(s.ctx, left, a.onceMore) //nolint:contextcheck // the takeover has ended, this goes on until the session does
}

// onceMore hands records out that may be stored already, and counts them.
func (a *announcer) onceMore(tp topicPartition, records []*kgo.Record, highWater int64) error {
	s, last := a.session, records[len(records)-1]
	err := s.reader.offer(s.ctx, tp, records, highWater, func() *exactly.Ticket { return a.ticket(tp, last.Offset+1, last.LeaderEpoch) })
	switch {
	case errors.Is(err, errRevoked):
		return nil // its successor reads them again, and counts them
	case err != nil:
		return err
	}
	s.metrics.downgraded.Incr(int64(len(records)), "digest")
	return nil
}

const (
	// mostAgain is how many records are handed out at once that are read again.
	mostAgain = 10_000
	// stalled is how long nothing may come of a range until it is asked for whether
	// there is anything left of it.
	stalled = 5 * time.Second
	// betweenErrors is how long nothing is asked for after an error.
	betweenErrors = 50 * time.Millisecond
)

// rereading is a range of which not all has come.
type rereading struct {
	exactly.Range

	next  int64 // offset
	quiet int   // how often it was asked for in vain
}

// readAgain reads ranges of any partitions, whoever owns them, up to the last
// record that is left of them.
func (s *session) readAgain(ctx context.Context, ranges []exactly.Range, take func(tp topicPartition, records []*kgo.Record, highWater int64) error) error {
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
	for heard := time.Now(); len(left) > 0; {
		short, cancel := context.WithDeadline(ctx, heard.Add(stalled))
		fetches := client.PollFetches(short)
		silent := short.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case fetches.NumRecords() > 0:
			heard = time.Now()
		case silent:
			vanished(ctx, client, left)
			heard = time.Now()
			continue
		default: // an error, which says nothing of other partitions and comes again at once
			pause(ctx, betweenErrors)
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
// their end, or their topic is gone or forbidden. Should that be wrong, the digest
// says so.
func vanished(ctx context.Context, client *kgo.Client, left map[topicPartition]*rereading) {
	ctx, cancel := context.WithTimeout(ctx, stalled)
	defer cancel()
	admin := kadm.NewClient(client)
	topics := map[string][]topicPartition{}
	for tp := range left {
		topics[tp.topic] = append(topics[tp.topic], tp)
	}
	for topic, parts := range topics { // one at a time: one that is forbidden fails the others
		starts, failed := admin.ListStartOffsets(ctx, topic)
		ends, also := admin.ListEndOffsets(ctx, topic)
		for _, tp := range parts {
			start, noStart := bound(starts, tp, failed)
			end, noEnd := bound(ends, tp, also)
			err := errors.Join(noStart, noEnd)
			if err != nil && !barred(err) {
				continue // it may only be slow
			}
			r := left[tp]
			if r.quiet++; err == nil && (start >= r.To || end <= r.next) || r.quiet > 2 {
				delete(left, tp)
			}
		}
	}
}

// bound is where a partition begins or ends, or why that is not known.
func bound(all kadm.ListedOffsets, tp topicPartition, err error) (int64, error) {
	const whole = -1 // has what is wrong with the topic
	if o, ok := all.Lookup(tp.topic, tp.id); ok {
		return o.Offset, o.Err
	}
	if o, ok := all.Lookup(tp.topic, whole); ok {
		return 0, o.Err
	}
	return 0, cmp.Or(err, error(kerr.UnknownTopicOrPartition))
}

// barred reports whether a partition cannot be read however long that is tried.
func barred(err error) bool {
	return errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID) ||
		errors.Is(err, kerr.TopicAuthorizationFailed)
}
