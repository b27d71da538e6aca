package kafka_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/logs"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/nettest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	_ "github.com/s3-destination/s3-destination/plugin"
	_ "github.com/s3-destination/s3-destination/plugin/kafka"
)

// rig is a broker and a store, with links to both that can be cut for each process
// of a test. A process is a stream here: one that is cut off from everything is as
// good as killed, and one whose links come back is a zombie.
type rig struct {
	kafka *kafkatest.Cluster
	s3    *s3test.Server
	wire  *nettest.Proxy
	n     int
	parts int // partitions of the topic
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := newBroker(t, s3test.Mode{})
	r.parts = 3
	require.NoError(t, r.kafka.CreateTopic(t.Context(), "events", r.parts))
	return r
}

// newBroker is a rig without a topic, and with a store that behaves as some do.
func newBroker(t *testing.T, store s3test.Mode) *rig {
	t.Helper()
	r := &rig{s3: s3test.StartT(t, s3test.Config{Mode: store})}
	c, err := kafkatest.Config{Via: func(address string) (string, error) {
		var err error
		r.wire, err = nettest.Start(nettest.Config{Target: address, Name: kafkatest.ClientID})
		if err != nil {
			return "", err
		}
		return r.wire.Addr, nil
	}}.Start()
	require.NoError(t, err)
	t.Cleanup(func() { c.Close(); r.wire.Close() })
	r.kafka = c
	return r
}

// produce makes records with the ids from first on.
func (r *rig) produce(t *testing.T, first, n int) {
	t.Helper()
	var records []*kgo.Record
	for id := first; id < first+n; id++ {
		records = append(records, &kgo.Record{Topic: "events", Partition: int32(id % r.parts), Value: fmt.Appendf(nil, `{"id":%d,"x":%d}`, id, id%5)})
	}
	require.NoError(t, r.kafka.Produce(t.Context(), records...))
}

// process is a stream that reads the topic.
type process struct {
	name string
	link *nettest.Proxy // to S3
	logs *logs.Buffer
	end  func()
}

// options are what tests vary.
type options struct {
	input, processors, output string
	more                      []string // processors
	format, upload            string   // json, with a short time for requests
	plain                     bool     // batches are not handed over as parcels
}

const usual = `
    max_age: 300ms
    idle_timeout: 200ms
`

func (r *rig) start(t *testing.T, o options) *process {
	t.Helper()
	r.n++
	p := &process{name: fmt.Sprintf("process-%d", r.n), logs: &logs.Buffer{}}
	var err error
	p.link, err = nettest.Start(nettest.Config{Target: strings.TrimPrefix(r.s3.URL, "http://")})
	require.NoError(t, err)
	t.Cleanup(p.link.Close)
	o.output, o.format = cmp.Or(o.output, usual), cmp.Or(o.format, "json")
	o.upload = cmp.Or(o.upload, "request_timeout: 2s")
	b := service.NewStreamBuilder()
	b.SetLogger(slog.New(slog.NewTextHandler(p.logs, &slog.HandlerOptions{Level: slog.LevelInfo})))
	require.NoError(t, b.AddInputYAML(fmt.Sprintf(`
s3_destination_kafka:
  seed_brokers: ['%s']
  client_id: %s
  topics: [events]
  consumer_group: g
  delivery: exactly_once
  protocol: classic
  session_timeout: 1s
  heartbeat_interval: 100ms
  rebalance_timeout: 2s
  fetch_max_wait: 100ms
%s`, strings.Join(r.kafka.Seeds, "','"), p.name, o.input)))
	if o.processors != "" {
		require.NoError(t, b.AddProcessorYAML(o.processors))
	}
	for _, p := range o.more {
		require.NoError(t, b.AddProcessorYAML(p))
	}
	require.NoError(t, b.AddOutputYAML(fmt.Sprintf(`
s3_destination:
    bucket: %s
    region: us-east-1
    endpoint: http://%s
    force_path_style_urls: true
    auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}
    folder: 'lake/x={{x}}'
    file_name: 'e-{{chunk_id}}'
    file_format: %s
    variables: {x: '${! json("x") }'}
    on_bad_record: dead_letter
    upload: {%s}
    retry: {initial_interval: 20ms, max_interval: 200ms}
    health_check: {enabled: false}
%s`, r.s3.Bucket, p.link.Addr, r.s3.AccessKey, r.s3.SecretKey, o.format, o.upload, strings.Trim(o.output, "\n"))))
	stream, err := b.Build()
	require.NoError(t, err)
	making.Lock()
	defer making.Unlock()
	inflight.SetStraight(o.processors == "" && len(o.more) == 0 && !o.plain)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = stream.Run(ctx)
	}()
	p.end = sync.OnceFunc(func() {
		stopped, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer stop()
		_ = stream.Stop(stopped)
		cancel()
		<-done
	})
	t.Cleanup(p.end)
	require.Eventually(t, func() bool {
		said := p.logs.String()
		return strings.Contains(said, "is now active") || strings.Contains(said, "Failed to connect")
	}, 3*time.Minute, time.Millisecond, "it is made")
	return p
}

// making is held until a stream is made: whether batches are handed over as parcels is
// known of a process, of which there is one for all streams here.
var making sync.Mutex

// abandon starts a process that announces objects which do not get there, and cuts
// it off from everything.
func (r *rig) abandon(t *testing.T, o options) *process {
	t.Helper()
	hung := r.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/x=[34]", Do: s3test.Hang()})
	p := r.start(t, o)
	require.Eventually(t, func() bool { return hung.Hits() >= 2 }, 20*time.Second, 10*time.Millisecond, "%s", p.logs)
	r.cut(p)
	hung.Remove()
	return p
}

// cut cuts a process off from everything.
func (r *rig) cut(p *process) {
	r.wire.Set(p.name, nettest.Lost)
	p.link.SetAll(nettest.Lost)
}

// mend lets it go on.
func (r *rig) mend(p *process) {
	r.wire.Set(p.name, nettest.Open)
	p.link.SetAll(nettest.Open)
}

// settle waits until all is committed.
func (r *rig) settle(t *testing.T, by ...*process) {
	t.Helper()
	require.Eventually(t, func() bool {
		lag, err := r.kafka.Lag(t.Context(), "g", "events")
		return err == nil && lag == 0
	}, 40*time.Second, 50*time.Millisecond, "%s", logsOf(by))
}

func logsOf(all []*process) string {
	var b strings.Builder
	for _, p := range all {
		fmt.Fprintf(&b, "%s:\n%s\n", p.name, p.logs)
	}
	return b.String()
}

// stored counts in how many objects each record is, and how many dead letters
// there are of it.
func (r *rig) stored(t *testing.T) (objects, letters map[int]int) {
	t.Helper()
	objects, letters = map[int]int{}, map[int]int{}
	for _, o := range r.s3.Objects("lake/") {
		if strings.Contains(o.Key, "/_schema/") {
			continue // columns
		}
		if strings.HasSuffix(o.Key, ".csv") {
			for _, id := range idsOf(t, o.Body) {
				objects[id]++
			}
			continue
		}
		for line := range bytes.Lines(o.Body) {
			var row struct {
				ID      int    `json:"id"`
				Payload string `json:"payload"`
				Record  string `json:"record"`
			}
			require.NoError(t, json.Unmarshal(line, &row), "%s: %s", o.Key, line)
			if strings.Contains(o.Key, "/_dead_letters/") {
				letters[idIn(t, line)]++
				continue
			}
			objects[row.ID]++
		}
	}
	return objects, letters
}

// idsOf returns the column id of CSV.
func idsOf(t *testing.T, body []byte) (ids []int) {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	require.NoError(t, err)
	column := slices.Index(rows[0], "id")
	require.GreaterOrEqual(t, column, 0)
	for _, row := range rows[1:] {
		id, err := strconv.Atoi(row[column])
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return ids
}

// idIn finds the id in a dead letter, whose record it holds as text.
func idIn(t *testing.T, line []byte) (id int) {
	t.Helper()
	_, rest, ok := strings.Cut(string(line), `id\":`)
	require.True(t, ok, "%s", line)
	_, err := fmt.Sscan(strings.TrimLeft(rest, " "), &id)
	require.NoError(t, err)
	return id
}

// succeed has a second process take over from one that was cut off, which comes back
// then while more happens, and requires that each of so many records is stored once.
func (r *rig) succeed(t *testing.T, o options, first *process, records int, more func()) (second *process) {
	t.Helper()
	second = r.start(t, o)
	r.settle(t, first, second)
	r.mend(first)
	more()
	r.settle(t, first, second)
	first.end()
	second.end()
	r.requireOnce(t, records, first, second)
	return second
}

// requireOnce holds what is stored against what was produced.
func (r *rig) requireOnce(t *testing.T, n int, by ...*process) {
	t.Helper()
	objects, letters := r.stored(t)
	missing, doubled := 0, 0
	for id := range n {
		switch objects[id] + letters[id] {
		case 0:
			missing++
		case 1:
		default:
			doubled++
		}
	}
	require.Zero(t, missing, "%d missing, %d doubled\n%s", missing, doubled, logsOf(by))
	require.Zero(t, doubled, "%d doubled\n%s", doubled, logsOf(by))
}

// requireNothingAnnounced: what has landed is not in the group's metadata any more.
func (r *rig) requireNothingAnnounced(t *testing.T) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(r.kafka.Seeds...))
	require.NoError(t, err)
	defer client.Close()
	all, err := kadm.NewClient(client).FetchOffsets(t.Context(), "g")
	require.NoError(t, err)
	all.Each(func(o kadm.OffsetResponse) { assert.Empty(t, o.Metadata) })
}

func TestEachRecordIsStoredOnce(t *testing.T) {
	for name, o := range map[string]options{
		"by age": {},
		"by size, in pieces": {output: `
    max_age: 2s
    max_file_size: 300B
`},
		"by number": {output: `
    max_age: 2s
    max_records: 7
`},
		"in few partitions at once": {output: usual + `
    max_open_partitions: 2
`},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "by number" {
				long.Skip(t)
			}
			t.Parallel()
			r := newRig(t)
			r.produce(t, 0, 600)
			p := r.start(t, o)
			r.settle(t, p)
			r.produce(t, 600, 300)
			r.settle(t, p)
			p.end()
			r.requireOnce(t, 900, p)
			r.requireNothingAnnounced(t)
		})
	}
}

// TestProcessorsThatFilterAndDivideAreAllowed: of 20 records in a row one becomes
// none, and the others two each.
func TestProcessorsThatFilterAndDivideAreAllowed(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	r.produce(t, 0, 600)
	divide := options{
		processors: `mapping: 'root = if this.id % 20 == 7 { deleted() } else { [this, this.assign({"id": this.id + 1000})] }'`,
		more:       []string{"unarchive: {format: json_array}"},
	}
	first := r.abandon(t, divide)
	second := r.start(t, divide)
	r.settle(t, first, second)
	objects, _ := r.stored(t)
	for id := range 600 {
		want := 1
		if id%20 == 7 {
			want = 0
		}
		require.Equal(t, want, objects[id], "%d", id)
		require.Equal(t, want, objects[id+1000], "%d", id)
	}
}

// TestDroppedRecordsDoNotMoveOthers: behind a processor that drops records, Benthos
// gives the others the contexts of their neighbours. The successor reads them in
// other batches.
func TestDroppedRecordsDoNotMoveOthers(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	o := options{
		processors: `mapping: 'root = if this.id % 4 == 1 { deleted() }'`,
		output:     "\n    max_age: 500ms\n    idle_timeout: 400ms\n",
	}
	hung := r.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/x=[34]", Do: s3test.Hang()})
	first := r.start(t, o)
	n := 0
	for ; n < 600 || hung.Hits() < 2; n += 30 {
		r.produce(t, n, 30)
		time.Sleep(20 * time.Millisecond)
	}
	r.cut(first)
	hung.Remove()
	second := r.start(t, o)
	r.settle(t, first, second)
	second.end()
	objects, _ := r.stored(t)
	for id := range n {
		want := 1
		if id%4 == 1 {
			want = 0
		}
		require.Equal(t, want, objects[id], "%d\n%s", id, second.logs)
	}
	assert.NotContains(t, second.logs.String(), "cannot be formed again")
}

// TestWhatIsDroppedOnTheWayIsCommitted: nothing of it reaches an output.
func TestWhatIsDroppedOnTheWayIsCommitted(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	r.produce(t, 0, 300)
	p := r.start(t, options{processors: "mapping: 'root = deleted()'"})
	r.settle(t, p)
	objects, _ := r.stored(t)
	require.Empty(t, objects)
}

// TestABadRecordIsOneDeadLetter: the encoder refuses some records, others have no
// folder. A process dies with some of it announced.
func TestABadRecordIsOneDeadLetter(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	r := newRig(t)
	r.produce(t, 0, 300)
	var records []*kgo.Record
	for id := 300; id < 330; id++ {
		value := fmt.Appendf(nil, `{"id":%d,"x":1} trailing`, id)
		if id%2 == 0 {
			value = fmt.Appendf(nil, `{"id":%d}`, id)
		}
		records = append(records, &kgo.Record{Topic: "events", Partition: int32(id % 3), Value: value})
	}
	require.NoError(t, r.kafka.Produce(t.Context(), records...))
	o := options{output: usual + `
    on_missing_variable: reject
`}
	hung := r.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "_dead_letters", Do: s3test.Hang()})
	first := r.start(t, o)
	require.Eventually(t, func() bool { return hung.Hits() >= 1 }, 20*time.Second, 10*time.Millisecond, "%s", first.logs)
	r.cut(first)
	hung.Remove()
	second := r.start(t, o)
	r.settle(t, first, second)
	r.mend(first)
	time.Sleep(time.Second)
	first.end()
	second.end()
	objects, letters := r.stored(t)
	require.Len(t, letters, 30)
	require.Len(t, objects, 300)
	r.requireOnce(t, 330, first, second)
}

// TestASuccessorStoresWhatWasAnnounced: a process dies with announced objects,
// some of which are on their way and arrive later; then it comes back.
func TestASuccessorStoresWhatWasAnnounced(t *testing.T) {
	long.Skip(t)
	r := newRig(t)
	r.produce(t, 0, 600)
	r.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/x=[0-2]", Times: 3, Do: s3test.LoseResponse()})
	first := r.abandon(t, options{})
	r.produce(t, 600, 100)
	r.succeed(t, options{}, first, 800, func() {
		r.produce(t, 700, 100)
		time.Sleep(2 * time.Second) // the zombie does what it can
	})
	r.requireNothingAnnounced(t)
}

// TestMembersComeAndGo: partitions move while everybody works.
func TestMembersComeAndGo(t *testing.T) {
	long.Skip(t)
	r := newRig(t)
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			r.produce(t, n, 50)
			n += 50
			time.Sleep(20 * time.Millisecond)
		}
	})
	first := r.start(t, options{})
	time.Sleep(500 * time.Millisecond)
	second := r.start(t, options{plain: true})
	time.Sleep(1500 * time.Millisecond)
	third := r.start(t, options{})
	time.Sleep(1500 * time.Millisecond)
	first.end()
	time.Sleep(500 * time.Millisecond)
	stop()
	wg.Wait()
	r.settle(t, first, second, third)
	second.end()
	third.end()
	r.requireOnce(t, n, first, second, third)
	r.requireNothingAnnounced(t)
	assert.NotContains(t, logsOf([]*process{first, second, third}), "joining it anew", "clean rebalances need no new membership")
}
