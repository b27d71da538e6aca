package output

import (
	"fmt"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// numbered is a parcel of records that are their offsets.
type numbered struct {
	batch  service.MessageBatch
	opened *int // how often messages were made of it
}

// numbers makes messages of records that are their offsets.
func numbers(from, to int) numbered {
	all := numbered{opened: new(int)}
	for n := from; n < to; n++ {
		m := service.NewMessage(fmt.Appendf(nil, `{"n":%d}`, n))
		m.MetaSetMut("kafka_topic", "t")
		m.MetaSetMut("kafka_partition", 0)
		m.MetaSetMut("kafka_offset", n)
		all.batch = append(all.batch, m)
	}
	return all
}

func (n numbered) Take(*service.Message) bool { return true }
func (n numbered) Len() int                   { return len(n.batch) }
func (n numbered) Offset(int) int64           { return 0 }
func (n numbered) Record(i int) record.Record {
	raw, _ := n.batch[i].AsBytes()
	return record.Record{Raw: raw, Meta: metadata{n.batch[i]}}
}

func (n numbered) Messages() service.MessageBatch {
	*n.opened++
	return n.batch
}

// metadata is that of a record which is no message.
type metadata struct{ record.Metadata }

// packed is the batch that a parcel comes as.
func (n numbered) packed(t *testing.T) service.MessageBatch {
	t.Helper()
	return service.MessageBatch{service.NewMessageWithContext(inflight.WithParcel(t.Context(), n), []byte("a parcel"))}
}

// opened is an output that takes records, with these settings.
func opened(t *testing.T, s3 *s3test.Server, settings string) *Output {
	t.Helper()
	conf, err := config.ParseYAML(fmt.Sprintf(`
bucket: %s
region: us-east-1
endpoint: %s
force_path_style_urls: true
auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}
health_check: {enabled: false}
folder: f
file_name: '{{uuid}}'
file_format: json
idle_timeout: 20ms
%s`, s3.Bucket, s3.URL, s3.AccessKey, s3.SecretKey, settings))
	require.NoError(t, err)
	o, err := New(t.Context(), conf, service.MockResources())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, o.Close(t.Context())) })
	require.NoError(t, o.Connect(t.Context()))
	return o
}

func TestASpoolKeepsTheRecordsOfAParcel(t *testing.T) {
	s3 := s3test.StartT(t, s3test.Config{})
	o := opened(t, s3, fmt.Sprintf("max_age: 20ms\non_bad_record: drop\nmemory_limit: 64MiB\nspool: {path: %q, max_size: 64MiB}\n", t.TempDir()))
	require.NoError(t, o.WriteBatch(t.Context(), numbers(0, 3).packed(t)))
	require.Eventually(t, func() bool {
		objects := s3.Objects("f/")
		return len(objects) == 1 && string(objects[0].Body) == "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n"
	}, 3*time.Minute, 10*time.Millisecond)
}

// TestAParcelStoresWhatFailedBefore: of records that were given back it is known until
// they are stored that they are not. That makes no messages of the batches meanwhile.
func TestAParcelStoresWhatFailedBefore(t *testing.T) {
	s3 := s3test.StartT(t, s3test.Config{})
	o := opened(t, s3, "")
	bad := numbers(1, 2).batch
	bad[0].SetBytes([]byte("no JSON"))
	var failed *service.BatchError
	require.ErrorAs(t, o.WriteBatch(t.Context(), bad), &failed)
	require.Equal(t, 1, o.Unstored().Returned)
	for i, all := range []numbered{numbers(2, 4), numbers(0, 2)} {
		require.NoError(t, o.WriteBatch(t.Context(), all.packed(t)))
		require.Equal(t, 1-i, o.Unstored().Returned, "the second has it")
		require.Zero(t, *all.opened)
	}
	require.Len(t, s3.Objects("f/"), 2)
}
