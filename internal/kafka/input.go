package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/live"
)

// commitInterval lies between two commits, of which none is made when nothing
// was stored. What is stored and not committed is read again after a crash.
const commitInterval = 200 * time.Millisecond

// Input reads topics of Kafka as a member of a consumer group. It implements
// service.BatchInput.
type Input struct {
	conf    *Config
	stream  string    // of streams mode
	name    live.Name // for people
	log     *service.Logger
	metrics *metrics

	mu      sync.Mutex
	session *session // nil when not connected
	hide    func()   // ends that people are shown it; nil before they are
	// shown is the reader of the session, for those who must not wait for a Connect.
	shown atomic.Pointer[reader]
	whole atomic.Bool // batches are handed over as parcels
	most  int         // bytes of metadata with an offset, as far as brokers were found to take less
}

var _ service.BatchInput = (*Input)(nil)

// New makes an input. It connects to nothing.
func New(conf *Config, res *service.Resources) *Input {
	name := live.Name{Stream: res.StreamID(), Label: res.Label(), Path: strings.Join(append([]string{"root"}, res.Path()...), ".")}
	in := &Input{conf: conf, stream: res.StreamID(), name: name, log: res.Logger(), metrics: newMetrics(res.Metrics())}
	// In streams mode other streams come and go, and a trace is one of each record.
	_, untraced := res.OtelTracer().(noop.TracerProvider)
	in.whole.Store(inflight.Straight() && in.stream == "" && untraced)
	return in
}

// metadataLimit is how much metadata may be committed with an offset, in bytes.
func (in *Input) metadataLimit() int {
	if in.most == 0 {
		return math.MaxInt
	}
	return in.most
}

// tooLarge notes that brokers do not take that much metadata with an offset,
// whatever they say.
func (in *Input) tooLarge(limit int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.most = limit * 3 / 4
}

// Connect joins the group.
func (in *Input) Connect(ctx context.Context) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.session != nil {
		return nil
	}
	if in.hide == nil {
		in.hide = live.Add(in)
	}
	s, err := join(ctx, in)
	if err != nil {
		return err
	}
	in.session = s
	in.shown.Store(s.reader)
	return nil
}

// ReadBatch returns records of one partition. The acknowledgement moves the
// offset on that is committed; a refusal makes the same records come again.
func (in *Input) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	in.mu.Lock()
	s := in.session
	in.mu.Unlock()
	if s == nil {
		return nil, nil, service.ErrNotConnected
	}
	d, err := s.reader.next(ctx)
	if errors.Is(err, errClosed) {
		in.drop(ctx, s)
		return nil, nil, service.ErrNotConnected
	}
	if err != nil {
		return nil, nil, err
	}
	if in.whole.Load() && d.tries == 0 {
		return in.handWhole(s, d) //nolint:contextcheck // messages have contexts of their own
	}
	batch := d.messages(in.conf.multiHeader) //nolint:contextcheck // messages have contexts of their own
	return batch, func(_ context.Context, err error) error {
		s.reader.settle(d, err)
		return nil
	}, nil
}

// drop leaves a session that has ended, so that the next Connect begins anew.
func (in *Input) drop(ctx context.Context, s *session) {
	in.mu.Lock()
	if in.session == s {
		in.session = nil
		in.shown.Store(nil)
	}
	in.mu.Unlock()
	_ = s.close(ctx)
}

// Close commits what is stored and leaves the group.
func (in *Input) Close(ctx context.Context) error {
	in.mu.Lock()
	s := in.session
	in.session = nil
	in.shown.Store(nil)
	if in.hide != nil {
		in.hide()
		in.hide = nil
	}
	in.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.close(ctx)
}

// session is one membership of the group, from joining it to leaving it.
type session struct {
	log     *service.Logger
	metrics *metrics
	client  *kgo.Client
	reader  *reader
	commits *committer
	conf    *Config
	// tooLarge is told when brokers take less metadata than they say.
	tooLarge func(limit int)
	exact    *announcer    // nil where records are stored at least once
	ready    chan struct{} // closed when these are there
	patient  time.Duration // how long a revocation waits for what is under way

	brokersAssign bool // the group is one of KIP-848
	judging       sync.Mutex
	committed     time.Time // when a commit succeeded
	renewed       time.Time // when it asked for a new generation

	ctx    context.Context //nolint:containedctx // of the goroutines that join starts and close ends
	cancel context.CancelFunc
	wg     sync.WaitGroup
	over   atomic.Bool // it was given up
	ending sync.Once
	fault  reports

	appetite *appetite
	leave    func() // the readers that share the memory
}

// join starts a session.
func join(ctx context.Context, in *Input) (*session, error) {
	conf, log, m := in.conf, in.log, in.metrics
	brokersAssign, err := conf.brokersAssign(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{
		log: log, metrics: m, reader: newReader(conf, in.stream, m), patient: conf.patience(),
		conf: conf, tooLarge: in.tooLarge, brokersAssign: brokersAssign, committed: time.Now(),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.fault.log = log
	s.appetite = newAppetite(conf, s.reader.memory)
	// The client begins at once, and may call before it has been returned.
	s.ready = make(chan struct{})
	opts := append(conf.options(brokersAssign), kgo.WithLogger(logger{log}), kgo.WithHooks(s.appetite),
		kgo.OnPartitionsAssigned(s.assigned), kgo.OnPartitionsRevoked(s.revoked), kgo.OnPartitionsLost(s.lost))
	if conf.exactly {
		opts = append(opts, s.exactOptions()...)
	}
	s.client, err = kgo.NewClient(opts...)
	if err != nil {
		s.cancel()
		return nil, fmt.Errorf("setting up the Kafka client: %w", err)
	}
	s.commits = &committer{client: s.client, group: conf.group, name: conf.instance, reader: s.reader, metrics: m, coordinator: -1}
	if conf.exactly {
		s.exact, err = newAnnouncer(ctx, s, in.metadataLimit())
		s.reader.exact = s.exact
	}
	close(s.ready)
	if err != nil {
		s.cancel()
		s.client.CloseAllowingRebalance()
		return nil, err
	}
	if err := s.client.Ping(ctx); err != nil {
		s.cancel()
		s.client.CloseAllowingRebalance()
		return nil, fmt.Errorf("connecting to Kafka at %s: %w", conf.seeds(), advised(err))
	}
	s.leave = inflight.Read(in.stream)
	s.wg.Go(s.fetch)
	if s.exact == nil {
		s.wg.Go(s.commit)
	} else {
		s.wg.Go(s.observe)
	}
	s.wg.Go(func() { s.watchEnds(conf.isolation == kgo.ReadCommitted()) }) //nolint:contextcheck // until the session ends
	return s, nil
}

// commit commits from time to time.
func (s *session) commit() {
	tick := time.NewTicker(commitInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		s.metrics.observe(s.reader)
		s.judge(s.commits.commit(s.ctx, s.reader.partitions()))
	}
}

// observe refreshes the gauges where ledgers commit.
func (s *session) observe() {
	for pause(s.ctx, commitInterval) {
		s.metrics.observe(s.reader)
	}
}

// patientFor is how long commits may be refused for reasons that pass before
// that is reported.
const patientFor = time.Minute

// renewInterval is how often a new generation is asked for while there is none.
const renewInterval = 5 * time.Second

// judge does what the outcome of a commit asks for.
func (s *session) judge(err error) {
	s.judging.Lock() // ledgers commit on their own
	defer s.judging.Unlock()
	const doing = "committing offsets"
	now := time.Now()
	if err == nil {
		s.committed = now
		s.fault.clear(doing)
		return
	}
	if s.ctx.Err() != nil {
		return
	}
	if s.exact == nil && errors.Is(err, errUnanswered) && now.Sub(s.renewed) > renewInterval {
		s.renewed = now
		s.renew(err)
	}
	if !passing(err) || now.Sub(s.committed) > patientFor {
		s.fault.report(doing, err)
	}
}

// renew brings a new generation about. Brokers that assign partitions
// themselves begin one for a new member only.
func (s *session) renew(reason error) {
	if s.brokersAssign {
		s.end(reason)
		return
	}
	s.client.ForceRebalance()
}

// end gives the membership up: the records under way are withdrawn, and the
// input joins the group anew.
func (s *session) end(reason error) {
	if s.over.Swap(true) {
		return
	}
	s.log.Warnf("Leaving the consumer group and joining it anew, records under way are withdrawn and read again: %v", reason)
	if s.exact != nil {
		s.exact.end(reason)
	}
	s.reader.disown(s.reader.partitions())
	s.reader.close()
}

// commitAll commits what is stored.
func (s *session) commitAll(ctx context.Context) error {
	if s.exact != nil {
		return s.exact.last(ctx)
	}
	return s.commits.commit(ctx, s.reader.partitions())
}

// close commits, leaves the group, and waits for the goroutines.
func (s *session) close(ctx context.Context) error {
	var err error
	s.ending.Do(func() {
		err = s.commitAll(ctx)
		s.reader.close()
		s.cancel()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.client.CloseAllowingRebalance()
			s.wg.Wait()
		}()
		select {
		case <-done:
		case <-ctx.Done():
			err = errors.Join(err, fmt.Errorf("leaving the consumer group: %w", ctx.Err()))
		}
		s.reader.disown(s.reader.partitions())
		s.metrics.observe(s.reader)
		s.leave()
	})
	return err
}
