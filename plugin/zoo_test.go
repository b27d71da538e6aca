package plugin_test

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/logs"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// zooAll goes through every format in every way: minutes.
var zooAll = flag.Bool("zoo.all", false, "take every format to every store of the zoo, in every way")

// TestStoreZoo lands records in every store and through every gateway of
// [s3test.Zoo]. Whatever it is: every acknowledged record is in its object, no
// object is ever replaced, and where nothing can be stored, nothing is
// acknowledged and the message helps.
func TestStoreZoo(t *testing.T) {
	outcomes := map[string]chan *outcome{}
	places := make(chan struct{}, 8) // visits mostly wait
	if *zooAll {
		places = make(chan struct{}, 16) // nothing else runs beside them
	}
	for i, mode := range s3test.Zoo() {
		if !chosen(mode.Name) {
			continue
		}
		for _, v := range visitsOf(mode, i) {
			came := make(chan *outcome, 1)
			outcomes[mode.Name+v.name()] = came
			go func() {
				places <- struct{}{}
				defer func() { <-places }()
				came <- v.make(context.WithoutCancel(t.Context()))
			}()
		}
	}
	for i, mode := range s3test.Zoo() {
		t.Run(mode.Name, func(t *testing.T) {
			for _, v := range visitsOf(mode, i) {
				t.Run(v.name(), func(t *testing.T) {
					o := <-outcomes[mode.Name+v.name()]
					o.judge(t, v.verdict())
					if v.several && v.verdict().Copies > 0 {
						assert.Greater(t, len(o.server.Requests("UploadPart")), len(o.server.Objects("in/f-")), "of one part each")
					}
				})
			}
		})
	}
}

// chosen reports whether -run asks for the mode: the visits begin before their
// subtests do, because those wait for each other.
func chosen(mode string) bool {
	levels := strings.Split(flag.Lookup("test.run").Value.String(), "/")
	if len(levels) < 2 {
		return true
	}
	match, err := regexp.MatchString(levels[1], mode)
	return match || err != nil
}

// visit is one way of using a store.
type visit struct {
	mode      s3test.Mode
	format    string
	multipart bool
	several   bool // objects have more than one part
	writers   string
}

// Who writes. One writer is started a second time when it has ended, under the
// same name; two writers start at the same moment.
const (
	oneWriter     = "one writer and again"
	twoWriters    = "two writers"
	twoUnchecked  = "two writers without health check"
	recordsEach   = 40
	batchesEach   = 4
	recordsObject = 15
)

var zooFormats = []string{"csv", "csv+gzip", "json", "json+gzip", "parquet", "avro"}

// visitsOf chooses the visits of the i-th mode: in every way with one format, so
// that each mode meets all six; with -zoo.all in every way with all of them; with
// -short every second mode in one way, which is another for the next. Objects of several parts
// are large, so that two writers with one format have to do; modes that look at
// sizes have large objects anyway.
func visitsOf(mode s3test.Mode, i int) []visit {
	var all []visit
	for _, multipart := range []bool{false, true} {
		for _, writers := range []string{oneWriter, twoWriters, twoUnchecked} {
			formats := zooFormats
			if !*zooAll {
				formats = zooFormats[(i+len(all))%len(zooFormats):][:1]
			}
			for _, format := range formats {
				all = append(all, visit{mode: mode, format: format, multipart: multipart, writers: writers})
			}
		}
	}
	if testing.Short() && !*zooAll {
		if i%4 != 0 {
			return nil
		}
		return all[i/4%len(all):][:1]
	}
	if !mode.Large {
		all = append(all, visit{mode: mode, format: zooFormats[i%len(zooFormats)], multipart: true, several: true, writers: twoWriters})
	}
	return all
}

func (v visit) name() string {
	how := "single"
	if v.multipart {
		how = "multipart"
	}
	if v.several {
		how = "several parts"
	}
	return fmt.Sprintf("%s %s %s", v.format, how, v.writers)
}

func (v visit) verdict() s3test.Verdict {
	if v.multipart {
		return v.mode.Multipart
	}
	return v.mode.Single
}

// yaml is the configuration of the output.
func (v visit) yaml(s *s3test.Server) string {
	threshold, timeout, budget := "100MiB", v.mode.Timeout, zooPatience.String()
	if v.multipart {
		threshold = "1B"
	}
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	if v.verdict().Copies == 0 {
		budget = "2s" // for what is retried in vain
	}
	settings := v.mode.Settings
	if !strings.Contains(settings, "encryption:") {
		settings += "encryption: {mode: none}\n" // whose echo would be a proof of its own
	}
	return outputYAML(s, fmt.Sprintf(`
folder: in
file_name: 'f-{{chunk_id}}'
file_format: %s
max_records: %d
idle_timeout: 50ms
max_age: 2s
upload: {multipart_threshold: %s, part_size: 5MiB, request_timeout: %s}
retry: {initial_interval: 1ms, max_interval: 50ms, max_elapsed_time: %s}
health_check: {enabled: %t}
%s`, v.format, recordsObject, threshold, timeout, budget, v.writers != twoUnchecked, settings))
}

// outcome is what came of a visit.
type outcome struct {
	server *s3test.Server
	err    error // of setting up

	mu     sync.Mutex
	sent   map[int]bool // by id: acknowledged
	nacks  []error
	logs   logs.Buffer
	hung   bool
	stored map[int]int // by id: in how many objects
	broken []string    // objects that cannot be read
}

// make goes there.
func (v visit) make(ctx context.Context) *outcome {
	o := &outcome{sent: map[int]bool{}, stored: map[int]int{}}
	if o.server, o.err = s3test.Start(s3test.Config{Mode: v.mode}); o.err != nil {
		return o
	}
	defer o.server.Close()
	ctx, cancel := context.WithTimeout(ctx, zooPatience)
	defer cancel()
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() { o.write(ctx, v, w) })
		if v.writers == oneWriter {
			wg.Wait()
		}
	}
	wg.Wait()
	o.hung = ctx.Err() != nil
	o.readBack()
	return o
}

// zooPatience is how long a visit may take; the slowest take a few seconds where
// nothing else runs.
const zooPatience = 3 * time.Minute

// write runs one writer until all its records are settled, or until it has said
// what is wrong when nothing can be stored.
func (o *outcome) write(ctx context.Context, v visit, writer int) {
	b := service.NewStreamBuilder()
	b.SetLogger(slog.New(slog.NewTextHandler(&o.logs, &slog.HandlerOptions{Level: slog.LevelWarn})))
	produce, err := b.AddBatchProducerFunc()
	if err == nil {
		err = b.AddOutputYAML(v.yaml(o.server))
	}
	var stream *service.Stream
	if err == nil {
		stream, err = b.Build()
	}
	if err != nil {
		o.nack(err)
		return
	}
	running := make(chan struct{})
	life, end := context.WithCancel(context.Background())
	go func() {
		defer close(running)
		_ = stream.Run(life)
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if v.verdict().Copies == 0 {
		go o.watch(ctx, cancel, v.verdict())
	}
	var wg sync.WaitGroup
	for i := range v.batches() {
		wg.Go(func() { o.send(ctx, produce, v.batch(writer*v.batches()+i)) })
	}
	wg.Wait()
	_ = stream.StopWithin(time.Second)
	end() // a stop within a second may leave it running on a busy machine
	<-running
}

// watch ends a visit once the message is complete.
func (o *outcome) watch(ctx context.Context, done context.CancelFunc, want s3test.Verdict) {
	defer done()
	for len(missing(o.said(), want)) > 0 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (o *outcome) nack(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.nacks = append(o.nacks, err)
}

// said is everything that a user is told.
func (o *outcome) said() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b strings.Builder
	b.WriteString(withoutFirstWord(o.logs.String()))
	for _, err := range o.nacks {
		b.WriteString(err.Error() + "\n")
	}
	return b.String()
}

func (o *outcome) send(ctx context.Context, produce service.MessageBatchHandlerFunc, batch service.MessageBatch) {
	err := produce(ctx, batch)
	if err != nil {
		o.nack(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range batch {
		o.sent[idOf(m)] = err == nil
	}
}

// batch is the n-th batch of a visit. Records of a mode that looks at sizes
// fill objects of some MiB, which no format makes small.
func (v visit) batch(n int) service.MessageBatch {
	pads := make([]string, recordsEach/batchesEach)
	if v.mode.Large {
		pads = noise()[:3]
	} else if v.several {
		pads = noise()
	}
	batch := make(service.MessageBatch, len(pads))
	for i, pad := range pads {
		id := n*len(pads) + i
		batch[i] = service.NewMessage(fmt.Appendf(nil, `{"id":%d,"name":"n-%d","pad":"%s"}`, id, id, pad))
		batch[i].MetaSetMut("id", id)
	}
	return batch
}

// batches is how many a writer sends; one of large records fills an object.
func (v visit) batches() int {
	if v.mode.Large || v.several {
		return 1
	}
	return batchesEach
}

func idOf(m *service.Message) int {
	id, _ := m.MetaGetMut("id")
	return id.(int)
}

// noise is ten texts of 0.8 MB that hardly compress: two parts of an object.
var noise = sync.OnceValue(func() []string {
	texts := make([]string, 10)
	for i := range texts {
		raw := make([]byte, 600<<10)
		_, _ = rand.NewChaCha8([32]byte{byte(i)}).Read(raw)
		texts[i] = base64.RawURLEncoding.EncodeToString(raw)
	}
	return texts
})

// missing lists what a message should say and does not.
func missing(said string, want s3test.Verdict) []string {
	var absent []string
	words := want.Words
	if want.Class != "" {
		words = append([]string{": " + want.Class + ": "}, words...)
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			absent = append(absent, word)
		}
	}
	return absent
}

// readBack reads every data object past the store's behaviour.
func (o *outcome) readBack() {
	for _, object := range o.server.Objects("in/f-") {
		ids, err := valuesOf(object.Key, object.Body, "id")
		if err != nil {
			o.broken = append(o.broken, fmt.Sprintf("%s: %v", object.Key, err))
		}
		for _, text := range ids {
			id, err := strconv.Atoi(text)
			if err != nil {
				o.broken = append(o.broken, fmt.Sprintf("%s: %v", object.Key, err))
			}
			o.stored[id]++
		}
	}
}

// judge compares what came of a visit with what has to.
func (o *outcome) judge(t *testing.T, want s3test.Verdict) {
	require.NoError(t, o.err)
	defer func() {
		if t.Failed() {
			t.Logf("requests: %s\nmessages:\n%s", o.traffic(), head(o.said(), 3000))
		}
	}()
	assert.Empty(t, o.replaced(), "objects were overwritten")
	assert.Empty(t, o.broken, "objects that nobody can read")
	acked, lost, more := o.count(max(want.Copies, 1))
	assert.Empty(t, lost, "records were acknowledged and are nowhere")
	assert.Empty(t, more, "records are in more objects than %d", max(want.Copies, 1))
	if want.Copies > 0 {
		assert.Equal(t, len(o.sent), acked, "records were not acknowledged")
		assert.False(t, o.hung, "took longer than %s", zooPatience)
		return
	}
	assert.Zero(t, acked, "records were acknowledged where nothing can be stored")
	assert.Empty(t, missing(o.said(), want), "the message does not say so")
	for _, word := range want.Never {
		assert.NotContains(t, o.said(), word)
	}
}

// replaced lists the objects of data that were overwritten; the health check has
// an object of its own to write over.
func (o *outcome) replaced() []string {
	return slices.DeleteFunc(o.server.Replaced(), func(key string) bool { return strings.HasPrefix(key, "in/_") })
}

// count tells how many records were acknowledged, which of them are lost, and
// which are in more than most objects.
func (o *outcome) count(most int) (acked int, lost, more []int) {
	for id, ok := range o.sent {
		if !ok {
			continue
		}
		acked++
		if n := o.stored[id]; n == 0 {
			lost = append(lost, id)
		} else if n > most {
			more = append(more, id)
		}
	}
	slices.Sort(lost)
	slices.Sort(more)
	return acked, lost, more
}

func head(s string, n int) string { return s[:min(len(s), n)] }

// traffic counts the requests by operation.
func (o *outcome) traffic() string {
	counts := map[string]int{}
	for _, r := range o.server.Requests("") {
		counts[r.Op]++
	}
	return fmt.Sprint(counts)
}
