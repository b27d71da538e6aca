package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/nettest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/versitygw"
)

// noBroker is the broker of scenarios without Kafka.
const noBroker = "none"

// world is everything that a scenario works with.
type world struct {
	options

	kafka  *kafkatest.Cluster // nil: there is none
	wire   *nettest.Proxy     // before the broker; a link is named like its process
	s3     *s3test.Server
	shelf  shelf
	ledger *ledger
	dice   *dice
	dir    string

	mu       sync.Mutex
	order    map[string]int // processes in the order in which they were started
	started  []*consumer
	breaches []*breach
	notes    []string
	stalls   int                      // how often goroutines were written down
	working  map[string]chan struct{} // closed at the first upload of a process
	closers  []func()                 // run in reverse
	protocol protocol
}

// newWorld starts the broker and the S3 server, and builds the binary unless
// there is one.
func newWorld(ctx context.Context, o options) (*world, error) {
	o.lake, o.input = or(o.lake, "memory"), or(o.input, sizing.OwnKafka)
	w := &world{options: o, ledger: &ledger{}, dice: newDice(o.seed), order: map[string]int{}, working: map[string]chan struct{}{}}
	var err error
	if w.dir, err = os.MkdirTemp("", "chaos-"); err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	if w.binary == "" {
		w.binary = filepath.Join(w.dir, "s3-destination")
		err = buildBinary(ctx, w.binary)
	} else {
		w.binary, err = filepath.Abs(w.binary)
	}
	if err == nil {
		err = w.openBroker(ctx)
	}
	if err == nil {
		err = w.openLake(ctx)
	}
	if err != nil {
		w.close(false)
		return nil, err
	}
	w.protocol.listen(w)
	w.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/date=", Match: w.notice, Do: s3test.Delay(0)})
	return w, nil
}

func (w *world) openBroker(ctx context.Context) (err error) {
	cfg := kafkatest.Config{Session: w.silence}
	if w.cables {
		cfg.Via = w.detour
	}
	version, real := w.apache()
	switch {
	case real:
		cfg.Version = version
		w.kafka, err = cfg.StartApache(ctx)
	case w.broker == "kfake":
		w.kafka, err = cfg.Start()
	case w.broker == noBroker:
		return nil
	default:
		err = fmt.Errorf("unknown broker %q", w.broker)
	}
	if err != nil {
		return err
	}
	w.closers = append(w.closers, w.kafka.Close)
	return w.kafka.CreateTopic(ctx, topic, or(w.partitions, partitions))
}

// apache reports whether the broker is a real one, which can be killed, and its
// version; empty is the usual one.
func (o options) apache() (version string, ok bool) {
	if o.broker == "kafka" {
		return "", true
	}
	return strings.CutPrefix(o.broker, "kafka-")
}

// detour puts a proxy before the broker.
func (w *world) detour(address string) (string, error) {
	var err error
	w.wire, err = nettest.Start(nettest.Config{Target: address, Name: kafkatest.ClientID})
	if err != nil {
		return "", err
	}
	w.closers = append(w.closers, w.wire.Close)
	return w.wire.Addr, nil
}

func (w *world) openLake(ctx context.Context) error {
	cfg := s3test.Config{}
	switch w.lake {
	case "memory":
		if w.store != "" {
			cfg.Mode = s3test.ModeNamed(w.store) //nolint:contextcheck // lives until close
		}
	case "versitygw":
		g, err := versitygw.Launch(ctx, filepath.Join(w.dir, "s3"))
		if err != nil {
			return err
		}
		w.closers = append(w.closers, g.Close)
		cfg = s3test.Config{Buckets: []string{g.Bucket}, AccessKey: g.AccessKey, SecretKey: g.SecretKey, Upstream: g.URL}
		w.shelf = newRemote(g)
	default:
		return fmt.Errorf("unknown S3 server %q", w.lake)
	}
	s, err := s3test.Start(cfg) //nolint:contextcheck // lives until close
	if err != nil {
		return fmt.Errorf("starting S3: %w", err)
	}
	w.closers = append(w.closers, s.Close)
	w.s3 = s
	if w.shelf == nil {
		w.shelf = inProcess{s}
	}
	return nil
}

// endpoint returns where a new process reaches S3, and its own link where it
// has one.
func (w *world) endpoint() (string, *nettest.Proxy, error) {
	if !w.cables {
		return w.s3.URL, nil, nil
	}
	link, err := nettest.Start(nettest.Config{Target: strings.TrimPrefix(w.s3.URL, "http://")})
	if err != nil {
		return "", nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closers = append(w.closers, link.Close)
	return "http://" + link.Addr, link, nil
}

// runHeader tells which process an upload comes from.
const runHeader = "X-Amz-Meta-Run"

// notice is the first rule of the S3 server. It meets no request, and sees all.
func (w *world) notice(r s3test.Request) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if began, ok := w.working[r.Header.Get(runHeader)]; ok {
		close(began)
		delete(w.working, r.Header.Get(runHeader))
	}
	return false
}

// buildBinary builds the command from the module around this one.
func buildBinary(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/s3-destination/s3-destination/cmd/s3-destination")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the binary: %w\n%s", err, out)
	}
	return nil
}

// close ends what still runs, and the servers. The logs stay when something was
// wrong.
func (w *world) close(keep bool) {
	for _, c := range w.started {
		c.kill()
	}
	for _, c := range slices.Backward(w.closers) {
		c()
	}
	w.closers = nil
	if keep || w.stalls > 0 {
		w.protocol.keep(w.dir)
		_, _ = fmt.Fprintf(w.out, "configurations and logs of every process: %s\n", w.dir)
		return
	}
	_ = os.RemoveAll(w.dir)
}

// start runs one more process.
func (w *world) start(ctx context.Context, name string, set settings) (*consumer, error) {
	w.mu.Lock()
	w.order[name] = len(w.order)
	w.working[name] = make(chan struct{})
	w.mu.Unlock()
	c, err := w.launch(ctx, name, set)
	if err == nil {
		w.mu.Lock()
		w.started = append(w.started, c)
		w.mu.Unlock()
	}
	return c, err
}

// snapshot notes what was committed and what was there, as a breach.
func (w *world) snapshot(ctx context.Context, what string, runs ...string) (*breach, error) {
	committed, err := w.kafka.Committed(ctx, group, topic)
	if err != nil {
		return nil, err
	}
	b := &breach{what: what, committed: committed, runs: runs}
	if b.ends, err = w.kafka.Ends(ctx, topic); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.breaches = append(w.breaches, b)
	return b, nil
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
}

var (
	errLate  = errors.New("took too long")
	errEnded = errors.New("it was to go on")
)

// caughtUp waits until everything that was produced is committed, by processes
// that must not end meanwhile.
func (w *world) caughtUp(ctx context.Context, limit time.Duration, by ...*consumer) error {
	deadline := time.Now().Add(limit)
	for {
		lag, err := w.kafka.Lag(ctx, group, topic)
		if err != nil || lag == 0 {
			return err
		}
		if i := slices.IndexFunc(by, (*consumer).ended); i >= 0 {
			return fmt.Errorf("%s ended by itself: %w\n%s", by[i].name, errors.Join(errEnded, by[i].err), by[i].logged())
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("committing all that was produced %w: %d records are left after %s", errLate, lag, limit)
		}
		pause(ctx, 100*time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// settled waits until the group has n members and is stable.
func (w *world) settled(ctx context.Context, n int) error {
	const limit = 30 * time.Second
	deadline := time.Now().Add(limit)
	for {
		members, stable, err := w.kafka.Members(ctx, group)
		if err == nil && members == n && (stable || n == 0) {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("a stable group of %d %w: it has %d members", n, errLate, members), err)
		}
		pause(ctx, 50*time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// finish lets everything that was produced arrive, stops the processes that
// still run (or one more, where none does), and judges.
func (w *world) finish(ctx context.Context, f *feed, sky fmt.Stringer, began time.Time, running ...*consumer) (kept bool, err error) {
	defer func() { w.close(!kept || err != nil) }()
	if f != nil {
		if err := f.end(); err != nil {
			return false, err
		}
	}
	gone := func() {}
	if len(running) == 0 {
		since := w.secured()
		ends, err := w.kafka.Ends(ctx, topic) // nothing is produced any more
		if err != nil {
			return false, err
		}
		last, err := w.start(ctx, "last", settings{session: time.Second})
		if err != nil {
			return false, err
		}
		running = append(running, last)
		gone = func() { w.reclaimed(last, since, ends) }
	}
	if err := w.caughtUp(ctx, 90*time.Second, running...); err != nil {
		w.dump(ctx, running...)
		return false, err
	}
	if _, err := terminateAll(running); err != nil {
		return false, err
	}
	gone()
	return w.conclude(ctx, sky, began)
}

// conclude judges when nothing runs any more.
func (w *world) conclude(ctx context.Context, sky fmt.Stringer, began time.Time) (bool, error) {
	v, err := w.judge(ctx, w.forbid)
	if err != nil {
		return false, err
	}
	return w.report(v, time.Since(began), sky), nil
}

// terminateAll asks all processes to end at the same moment, and waits for all.
func terminateAll(all []*consumer) (longest time.Duration, err error) {
	var wg sync.WaitGroup
	took, errs := make([]time.Duration, len(all)), make([]error, len(all))
	for i, c := range all {
		wg.Go(func() { took[i], errs[i] = c.terminate() })
	}
	wg.Wait()
	return slices.Max(took), errors.Join(errs...)
}
