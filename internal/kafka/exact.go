package kafka

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/inflight"
)

// announcer commits what is announced for records that are stored exactly once,
// and takes over what others have announced. Its ledgers are those of one session;
// the rules R1 to R11 are in package exactly.
type announcer struct {
	session *session
	limit   int // bytes of metadata that a broker stores with an offset

	mu       sync.Mutex
	metadata map[topicPartition]string // as it was fetched last
	ids      map[string][16]byte       // of topics
	ledgers  []*exactly.Ledger
	of       map[topicPartition]*exactly.Ledger
	taking   map[topicPartition]*taking // that are being taken over
	from     map[topicPartition]int64   // where normal reading began
}

const (
	// mostMembers is how many partitions share the objects of a lane at most.
	mostMembers = 100
	// memberSize is about what a partition takes in the metadata of each other one
	// while epochs are pending, in bytes.
	memberSize = 40
	// leastLimit is what one partition takes.
	leastLimit = 8 * memberSize
)

// newAnnouncer finds out how much the brokers store with an offset. Where they do
// not say it is what they do by default.
func newAnnouncer(ctx context.Context, s *session, most int) (*announcer, error) {
	a := &announcer{
		session: s, limit: min(most, metadataLimit(ctx, s.client)),
		metadata: map[topicPartition]string{}, ids: map[string][16]byte{}, of: map[topicPartition]*exactly.Ledger{},
		taking: map[topicPartition]*taking{}, from: map[topicPartition]int64{},
	}
	if a.limit < leastLimit {
		return nil, fmt.Errorf("the brokers store %d bytes of metadata with an offset: delivery exactly_once needs offset.metadata.max.bytes of at least %d, and better 4096", a.limit, leastLimit)
	}
	return a, nil
}

func metadataLimit(ctx context.Context, client *kgo.Client) int {
	admin := kadm.NewClient(client)
	brokers, err := admin.ListBrokers(ctx)
	if err != nil || len(brokers) == 0 {
		return exactly.DefaultLimit
	}
	all, err := admin.DescribeBrokerConfigs(ctx, brokers.NodeIDs()...)
	if err != nil {
		return exactly.DefaultLimit
	}
	limit := exactly.DefaultLimit
	for _, broker := range all {
		for _, c := range broker.Configs {
			if n, err := strconv.Atoi(c.MaybeValue()); c.Key == "offset.metadata.max.bytes" && err == nil {
				limit = min(limit, n)
			}
		}
	}
	return limit
}

// stamp makes the id and the clock of an epoch.
func stamp() (id exactly.EpochID, clock time.Time) {
	_, _ = rand.Read(id[:]) // never fails
	return id, time.Now()
}

// exactOptions are those of a member that takes over what others have announced. Where
// a log does not have an offset it is read from its start: what is above the offset was
// never read, and cut notices what is below it. Had start_offset its way, records would
// be passed over.
func (s *session) exactOptions() []kgo.Opt {
	return []kgo.Opt{
		kgo.OnOffsetsFetched(s.fetched), kgo.AdjustFetchOffsetsFn(s.adjusted),
		kgo.ConsumeStartOffset(s.conf.start), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}
}

// adjusted begins the takeover of partitions that were assigned, and returns where
// normal reading goes on: beyond all that predecessors have announced.
func (s *session) adjusted(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	<-s.ready
	a := s.exact
	if s.over.Load() {
		return nil, errRevoked
	}
	all, logs, err := a.found(ctx, offsets)
	if err != nil {
		s.fault.report("taking over partitions", err)
		return nil, err
	}
	for len(all) > 0 {
		g, room := a.lane()
		n := min(room, len(all))
		a.takeOver(g, all[:n], logs, offsets) //nolint:contextcheck // goes on until the session ends
		all = all[n:]
	}
	return offsets, nil
}

func sourceOf(tp topicPartition) exactly.Source { return exactly.Source{Topic: tp.topic, ID: tp.id} }
func placeOf(s exactly.Source) topicPartition   { return topicPartition{s.Topic, s.ID} }

// lane returns a ledger with room for more partitions.
func (a *announcer) lane() (g *exactly.Ledger, room int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	most := min(mostMembers, max(a.limit/memberSize-leastLimit/memberSize, 1))
	owned := map[*exactly.Ledger]int{}
	for _, g := range a.of {
		owned[g]++
	}
	for _, g := range a.ledgers {
		if owned[g] < most {
			return g, most - owned[g]
		}
	}
	g = exactly.NewLedger(a.limit, stamp)
	a.ledgers = append(a.ledgers, g)
	a.session.wg.Go(func() { a.keep(g) })
	return g, most
}

// keep commits what a ledger announces, until it ends: then the session does.
func (a *announcer) keep(g *exactly.Ledger) {
	s := a.session
	tick := time.NewTicker(commitInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-g.Ended():
			s.end(g.Reason())
			return
		case <-g.Due():
			if !pause(s.ctx, gather) {
				return
			}
		case <-tick.C:
			g.Advance()
		}
		s.judge(a.commit(s.ctx, g))
	}
}

// gather is how long announcements are collected for one commit.
const gather = 5 * time.Millisecond

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// letGo lets partitions go once nothing that changes any more has records of them.
// Where that cannot be had in time the ledger ends.
func (a *announcer) letGo(ctx context.Context, parts []*partition) {
	ctx, cancel := context.WithTimeout(ctx, lastCommits)
	defer cancel()
	a.leave(parts) //nolint:contextcheck // what begins anew goes on until the session ends
	gone := map[*exactly.Ledger][]exactly.Source{}
	a.mu.Lock()
	for _, p := range parts {
		if g := a.of[p.topicPartition]; g != nil {
			gone[g] = append(gone[g], sourceOf(p.topicPartition))
			delete(a.of, p.topicPartition)
		}
	}
	a.mu.Unlock()
	for g, sources := range gone {
		a.part(ctx, g, sources)
	}
}

// part takes sources out of a ledger.
func (a *announcer) part(ctx context.Context, g *exactly.Ledger, gone []exactly.Source) {
	one := &a.session.commits.one
	g.Leaving(gone)
	for {
		g.Advance()
		one.Lock()
		if g.Separable(gone) || ctx.Err() != nil {
			again := g.Lose(gone...)
			one.Unlock()
			if len(again) > 0 {
				g.End(fmt.Errorf("%d partitions are in objects with others that have gone, which are not announced", len(again)))
			}
			return
		}
		_ = a.commitLocked(ctx, g) // once more below
		one.Unlock()
		inflight.Flush(a.session.reader.stream)
		pause(ctx, 50*time.Millisecond)
	}
}

// end ends all ledgers: nothing more is announced.
func (a *announcer) end(reason error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, g := range a.ledgers {
		g.End(reason)
	}
}

// ticket returns the ticket for a batch of a partition, whose last record has a
// leader epoch; nil when there is none.
func (a *announcer) ticket(tp topicPartition, end int64, epoch int32) *exactly.Ticket {
	a.mu.Lock()
	g := a.of[tp]
	a.mu.Unlock()
	if g == nil {
		return nil
	}
	return g.Read(sourceOf(tp), end, exactly.LeaderOf(epoch))
}
