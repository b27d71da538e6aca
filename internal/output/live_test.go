package output

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/live"
)

// shown is the state of the output that writes below a folder, if it is shown.
func shown(folder string) (live.Output, bool) {
	all := live.Now(time.Now()).Outputs
	i := slices.IndexFunc(all, func(o live.Output) bool {
		return slices.ContainsFunc(o.Places, func(place string) bool { return place == folder })
	})
	if i < 0 {
		return live.Output{}, false
	}
	return all[i], true
}

func TestStateOfAnOutputIsShownWhileItRuns(t *testing.T) {
	var folder string
	t.Run("running", func(t *testing.T) {
		r, in := lend(t)
		folder = "s3://" + r.s3.Bucket + "/shown/"
		r.start(t, "loan: {}", "folder: shown/{{p}}\nfile_name: f-{{chunk_id}}\nvariables: {p: '${! this.p }'}\nfile_format: json\n"+
			"max_age: 1h\nidle_timeout: 0s\nmax_records: 4\nmax_file_size: 1KiB\non_bad_record: drop\nmemory_limit: 64MiB\n")
		lease, end := context.WithCancel(t.Context())
		defer end() // nothing waits any more, and the stream stops at once
		var batch service.MessageBatch
		for _, text := range []string{`{"p":"<i>"}`, `{"p":"b"}`, `{"p":"c"}`, `{"p":"c"}`, `{"p":"c"}`, `{"p":"c"`} {
			batch = append(batch, message(lease, text))
		}
		in.batches <- batch
		var o live.Output
		r.eventually(t, "the full object lands", func() bool {
			o, _ = shown(folder)
			return o.Objects == 1 && len(o.Partitions) == 2 // what has landed is gone
		})
		assert.Equal(t, "root.output", o.Path)
		assert.Equal(t, "healthy", o.Health.State)
		assert.EqualValues(t, 6, o.Arrived)
		assert.Positive(t, o.ArrivedPerSecond)
		assert.EqualValues(t, 3, o.Records)
		assert.Positive(t, o.BytesPerSecond)
		assert.Equal(t, []live.Rolled{{Reason: "records", Objects: 1}}, o.Rolled)
		assert.EqualValues(t, 1, o.Dropped)
		assert.Len(t, o.Bad, 1)
		assert.Equal(t, 1, o.Batches, "it waits for the records of two partitions")
		assert.Positive(t, o.Oldest)
		assert.InDelta(t, 3600, o.MaxAge, 0)
		assert.Positive(t, o.Held)
		assert.EqualValues(t, 64<<20, o.Limit)
		assert.EqualValues(t, 1<<10, o.Cap)
		assert.Equal(t, 2, o.Chunks.Open)
		assert.Equal(t, 2, o.Chunks.Fill[0])
		var names []string
		for _, p := range o.Partitions {
			names = append(names, p.Name)
			assert.Positive(t, p.Fill)
			assert.Equal(t, "open", p.State)
		}
		assert.ElementsMatch(t, []string{"shown/<i>/f-{{chunk_id}}.json", "shown/b/f-{{chunk_id}}.json"}, names)
	})
	_, still := shown(folder)
	assert.False(t, still, "it has ended")
}

func TestStateOfAnOutputThatCannotReachItsDestination(t *testing.T) {
	r, _ := lend(t)
	r.s3.Faults.Deny("PutObject")
	defer r.s3.Faults.Clear() // and the stream stops at once
	folder := "s3://" + r.s3.Bucket + "/denied/"
	r.start(t, "loan: {}", "folder: denied/x\nfile_name: f-{{chunk_id}}\nfile_format: json\n")
	var o live.Output
	r.eventually(t, "it is known", func() bool {
		o, _ = shown(folder + "x/")
		return o.Health.State == "unhealthy"
	})
	assert.Equal(t, "denied", o.Health.Class)
	assert.NotEmpty(t, o.Health.Error)
	assert.NotContains(t, fmt.Sprintf("%+v", o), r.s3.SecretKey)
}

func TestStateOfASpool(t *testing.T) {
	r, in := lend(t)
	folder := "s3://" + r.s3.Bucket + "/spooled/x/"
	r.start(t, "loan: {}", fmt.Sprintf("folder: spooled/x\nfile_name: f-{{chunk_id}}\nfile_format: json\nmax_age: 1h\n"+
		"on_bad_record: drop\nmemory_limit: 64MiB\nspool: {path: %q, max_size: 64MiB}\n", t.TempDir()))
	in.batches <- service.MessageBatch{service.NewMessage([]byte(`{"n":1}`)), service.NewMessage([]byte(`{"n":2}`))}
	require.Eventually(t, func() bool { return len(in.heard()) == 1 }, time.Minute, 20*time.Millisecond)
	o, ok := shown(folder)
	require.True(t, ok)
	require.NotNil(t, o.Spool)
	assert.Positive(t, o.Spool.Journal)
	assert.EqualValues(t, 64<<20, o.Spool.Limit)
	assert.Zero(t, o.Batches, "the call has returned")
	assert.Positive(t, o.Oldest, "and the record is not stored")
	assert.Equal(t, 1, o.Chunks.Open)
	require.Len(t, o.Partitions, 1)
	assert.Equal(t, "spooled/x/f-{{chunk_id}}.json", o.Partitions[0].Name)
	assert.EqualValues(t, 2, o.Partitions[0].Records)
	assert.Equal(t, "spooled", o.Partitions[0].State)
}
